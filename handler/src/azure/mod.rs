//! Cost Management as the caller sees it: what is asked, what is answered, and the ways Azure says no.
//!
//! 1. Azure decides what a caller may see. Nothing here knows who calls; it is handed a [`CallerArm`] and asks.
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
mod error;
mod forecast;
mod grouping;
mod money;
mod name;
mod period;
mod query;
mod resources;
mod scope;
mod subscription;
mod table;
mod throttle;

pub use alerts::Alert;
pub use answer::{CostLine, Costs};
pub use budgets::{Budget, BudgetCondition, BudgetStatus};
pub use currency::{Currency, MalformedCurrency};
pub use day::{Day, MalformedDay};
pub use error::{CostError, CostFailure};
pub use forecast::{CostStatus, Forecast, ForecastLine, ForecastQuery, Horizon, HorizonError, NoForecast};
pub use grouping::{Dimension, Filter, FilterValues, Grouping, MalformedValues, UnknownGrouping};
use identity::{ArmRequest, ArmResponse, CallerArm, Clock};
pub use money::{Money, Percent, Totals};
pub use name::Name;
pub use period::{Period, PeriodError, Preset, UnknownPreset};
pub use query::{CostQuery, Granularity, Metric};
pub use scope::{CostScope, MalformedGroup, ManagementGroup, ResourceGroup};
pub use subscription::{MalformedSubscriptionId, SubscriptionId};

/// The version of the Cost Management API that requests ask for and answers are read as.
pub const API_VERSION: &str = "2025-03-01";

/// How many pages of one answer are read. A page has up to 5000 lines, so what is left out is said, not hidden.
pub const PAGE_LIMIT: usize = 10;

/// Azure, as one caller sees it.
pub struct Azure<'a> {
    arm: CallerArm<'a>,
    clock: &'a dyn Clock,
}

impl<'a> Azure<'a> {
    /// Sees with the eyes of `arm`.
    #[must_use]
    pub fn new(arm: CallerArm<'a>, clock: &'a dyn Clock) -> Self {
        Self { arm, clock }
    }

    /// Asks for costs and reads every page up to [`PAGE_LIMIT`].
    pub async fn costs(&self, query: &CostQuery) -> Result<Costs, CostFailure> {
        let first = query.request();
        let mut request = first.clone();
        let mut pages = answer::Pages::default();
        loop {
            let response = self.send(&request).await?;
            let page = answer::read(&response, query, self.clock.now())?;
            match pages.add(page) {
                Some(link) => request = self.arm.next_page(&first, &link)?,
                None => return Ok(pages.finish()?),
            }
        }
    }

    /// Where costs are going. Where Azure has no forecast, that is the answer.
    pub async fn forecast(&self, query: &ForecastQuery) -> Result<Forecast, CostFailure> {
        let read = |response: &ArmResponse| forecast::read(response, self.clock.now());
        match self.get_pages(query.request(), read).await {
            // what is left out would be missing in every sum
            Ok((_, true)) => Err(CostError::TooLarge.into()),
            Ok((pages, false)) => Ok(Forecast::of(pages.concat(), query.horizon)),
            Err(CostFailure::Cost(error)) => Ok(Forecast::refused(error)?),
            Err(failure) => Err(failure),
        }
    }

    /// The budgets of a scope, and whether Azure has more than are read.
    pub async fn budgets(&self, scope: &CostScope) -> Result<(Vec<Budget>, bool), CostFailure> {
        let read = |response: &ArmResponse| budgets::read(response, self.clock.now());
        let (pages, capped) = self.get_pages(budgets::request(scope), read).await?;
        Ok((pages.concat(), capped))
    }

    /// The alerts of a scope, and whether Azure has more than are read.
    pub async fn alerts(&self, scope: &CostScope) -> Result<(Vec<Alert>, bool), CostFailure> {
        let read = |response: &ArmResponse| alerts::read(response, self.clock.now());
        let (pages, capped) = self.get_pages(alerts::request(scope), read).await?;
        Ok((pages.concat(), capped))
    }

    /// The pages of an answer up to [`PAGE_LIMIT`], and whether Azure has more. `read` names the next page, if any.
    async fn get_pages<T>(
        &self,
        first: ArmRequest,
        read: impl Fn(&ArmResponse) -> Result<(T, Option<String>), CostError>,
    ) -> Result<(Vec<T>, bool), CostFailure> {
        let (mut pages, mut request) = (Vec::new(), first.clone());
        loop {
            let (page, link) = read(&self.send(&request).await?)?;
            pages.push(page);
            match link {
                Some(link) if pages.len() < PAGE_LIMIT => request = self.arm.next_page(&first, &link)?,
                more => return Ok((pages, more.is_some())),
            }
        }
    }

    /// The one way out: whatever is asked goes through here.
    async fn send(&self, request: &ArmRequest) -> Result<ArmResponse, CostFailure> {
        Ok(self.arm.send(request).await?)
    }
}
