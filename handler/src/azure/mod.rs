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
mod currency;
mod day;
mod dimensions;
mod error;
mod grouping;
mod money;
mod name;
mod period;
mod query;
mod scope;
mod subscription;
mod subscriptions;
mod table;
mod throttle;

pub use answer::{CostLine, Costs};
pub use currency::{Currency, MalformedCurrency};
pub use day::{Day, MalformedDay};
pub use dimensions::DimensionValues;
pub use error::{CostError, CostFailure};
pub use grouping::{Dimension, Filter, FilterValues, Grouping, MalformedValues, UnknownGrouping};
use identity::{ArmRequest, ArmResponse, CallerArm, Clock};
pub use money::{Money, Percent, Totals};
pub use name::Name;
pub use period::{Period, PeriodError, Preset, UnknownPreset};
pub use query::{CostQuery, Granularity, Metric};
pub use scope::{CostScope, MalformedGroup, ManagementGroup, ResourceGroup};
pub use subscription::{MalformedSubscriptionId, SubscriptionId};
pub use subscriptions::{CostSupport, Subscription, Subscriptions};

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

    /// Asks which subscriptions the caller sees.
    pub async fn subscriptions(&self) -> Result<Subscriptions, CostFailure> {
        let now = self.clock.now();
        let (pages, capped) = self.get_pages(subscriptions::request(), |page| subscriptions::read(page, now)).await?;
        Ok(Subscriptions { all: pages.into_iter().flatten().collect(), capped })
    }

    /// Asks which values a dimension has in the usage of a scope.
    pub async fn dimension_values(
        &self,
        scope: &CostScope,
        dimension: Dimension,
    ) -> Result<DimensionValues, CostFailure> {
        let response = self.send(&dimensions::request(scope, dimension)).await?;
        Ok(dimensions::read(&response, dimension, self.clock.now())?)
    }

    /// Reads every page of a list up to [`PAGE_LIMIT`]. `read` makes of an answer its page and the link to the next one.
    /// Says also whether there are more.
    async fn get_pages<T>(
        &self,
        first: ArmRequest,
        read: impl Fn(&ArmResponse) -> Result<(T, Option<String>), CostError>,
    ) -> Result<(Vec<T>, bool), CostFailure> {
        let mut request = first.clone();
        let mut pages = Vec::new();
        loop {
            let (page, next) = read(&self.send(&request).await?)?;
            pages.push(page);
            match next.filter(|link| !link.is_empty()) {
                None => return Ok((pages, false)),
                Some(_) if pages.len() >= PAGE_LIMIT => return Ok((pages, true)),
                Some(link) => request = self.arm.next_page(&first, &link)?,
            }
        }
    }

    /// The one way out: whatever is asked goes through here.
    async fn send(&self, request: &ArmRequest) -> Result<ArmResponse, CostFailure> {
        Ok(self.arm.send(request).await?)
    }
}
