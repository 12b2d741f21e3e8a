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

mod answer;
mod error;
mod money;
mod name;
mod period;
mod query;
mod subscription;
mod throttle;

pub use answer::{CostLine, Costs};
pub use error::{CostError, CostFailure};
use identity::{CallerArm, Clock};
pub use money::{Currency, MalformedCurrency, Money, OutOfRange, Totals};
pub use name::Name;
pub use period::{Day, Period, PeriodError};
pub use query::{CostQuery, Dimension};
pub use subscription::{MalformedSubscriptionId, SubscriptionId};

/// The version of the Cost Management API that requests ask for and answers are read as.
pub const API_VERSION: &str = "2025-03-01";

/// How many pages of one answer are read. A page has up to 5000 lines, so what is left out is said, not hidden.
pub const PAGE_LIMIT: usize = 10;

/// Asks Cost Management as the caller and reads every page up to [`PAGE_LIMIT`].
///
/// There is no retry: the limits are a few calls a minute, and a second call within this one would use up the next.
pub async fn costs(arm: &CallerArm<'_>, query: &CostQuery, clock: &dyn Clock) -> Result<Costs, CostFailure> {
    let first = query.request();
    let mut request = first.clone();
    let mut pages = answer::Pages::default();
    loop {
        let response = arm.send(&request).await?;
        let page = answer::read(&response, query.group_by, clock.now())?;
        match pages.add(page) {
            Some(link) => request = arm.next_page(&first, &link)?,
            None => return Ok(pages.finish()?),
        }
    }
}
