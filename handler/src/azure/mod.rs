//! Cost Management as the caller sees it: what is asked, what is answered, and the ways Azure says no.
//!
//! 1. Azure decides what a caller may see. Nothing here judges who calls; it is handed a
//!    [`CallerArm`](identity::CallerArm) and asks.
//! 2. A request is built from typed parts (a GUID, two dates, a dimension), never from text of the caller.
//! 3. An answer is not trusted to have any shape: columns are found by name, amounts are read as exact decimals, and
//!    whatever does not fit is a typed [`CostError`], never a guess and never a panic.
//! 4. Names inside an answer were chosen by others. They become a [`Name`] on the way in, and a `Name` can only be
//!    shown cleaned and escaped.
//!
//! The API is described at <https://learn.microsoft.com/rest/api/cost-management/query/usage>.

mod alerts;
mod answer;
mod budgets;
mod currency;
mod day;
mod dimensions;
mod error;
mod forecast;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod gateway;
mod grouping;
mod money;
mod name;
mod pace;
mod period;
mod query;
mod resources;
mod scope;
mod subscription;
mod subscriptions;
mod table;
mod throttle;

pub use alerts::Alert;
pub use answer::{CostLine, CostPage, Costs, PageAddress};
pub use budgets::{Budget, BudgetCondition, BudgetStatus};
pub use currency::{Currency, MalformedCurrency};
pub use day::{Day, MalformedDay};
pub use dimensions::DimensionValues;
pub use error::{CostError, CostFailure};
pub use forecast::{CostStatus, Forecast, ForecastLine, ForecastQuery, Horizon, HorizonError, NoForecast};
pub use gateway::{Azure, Gateway};
pub use grouping::{Dimension, Filter, FilterValues, Grouping, MalformedValues, UnknownGrouping};
pub use money::{Money, Percent, Totals};
pub use name::Name;
pub use pace::Units;
pub use period::{Period, PeriodError, Preset, UnknownPreset};
pub use query::{CostQuery, Granularity, Metric};
pub use scope::{CostScope, MalformedGroup, ManagementGroup, ResourceGroup};
pub use subscription::{MalformedSubscriptionId, SubscriptionId};
pub use subscriptions::{CostSupport, Subscription, Subscriptions};

/// The version of the Cost Management API that requests ask for and answers are read as.
pub const API_VERSION: &str = "2025-03-01";

/// How many pages of one answer are read. A page has up to 5000 lines, so what is left out is said, not hidden.
pub const PAGE_LIMIT: usize = 10;
