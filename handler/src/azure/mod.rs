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

use std::sync::Arc;

mod answer;
mod currency;
mod day;
mod error;
mod grouping;
mod money;
mod name;
mod pace;
mod period;
mod query;
mod scope;
mod subscription;
mod table;
mod throttle;

pub use answer::{CostLine, CostPage, Costs, PageAddress};
pub use currency::{Currency, MalformedCurrency};
pub use day::{Day, MalformedDay};
pub use error::{CostError, CostFailure};
pub use grouping::{Dimension, Filter, FilterValues, Grouping, MalformedValues, UnknownGrouping};
use http::StatusCode;
use identity::{
    ArmConnection, ArmRequest, ArmResponse, CallerArm, Clock, ExchangeFailure, UnixTime, UserGrant,
    exchange::ExchangeStatus,
};
pub use money::{Money, Percent, Totals};
pub use name::Name;
use pace::Pace;
pub use pace::Units;
pub use period::{Period, PeriodError, Preset, UnknownPreset};
pub use query::{CostQuery, Granularity, Metric};
pub use scope::{CostScope, MalformedGroup, ManagementGroup, ResourceGroup};
pub use subscription::{MalformedSubscriptionId, SubscriptionId};
use uuid::Uuid;

/// The version of the Cost Management API that requests ask for and answers are read as.
pub const API_VERSION: &str = "2025-03-01";

/// How many pages of one answer are read. A page has up to 5000 lines, so what is left out is said, not hidden.
pub const PAGE_LIMIT: usize = 10;

/// The way to Azure that all callers share: connections and a pace, but no identity.
pub struct Gateway {
    arm: Arc<ArmConnection>,
    pace: Pace,
    clock: Arc<dyn Clock>,
}

/// Azure, as one caller sees it.
pub struct Azure<'a> {
    arm: CallerArm<'a>,
    gateway: &'a Gateway,
}

/// One request, what it is about, and what it costs.
struct Question<'a> {
    request: ArmRequest,
    scope: &'a CostScope,
    units: Units,
}

impl Gateway {
    /// `hourly` is what one person may ask in an hour.
    #[must_use]
    pub fn new(arm: Arc<ArmConnection>, hourly: Units, clock: Arc<dyn Clock>) -> Self {
        Self { arm, pace: Pace::new(hourly, clock.clone()), clock }
    }

    /// The time by the clock.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// What the exchange knows of itself; nothing of a caller.
    #[must_use]
    pub fn exchange_status(&self) -> ExchangeStatus {
        self.arm.exchange_status()
    }

    /// Exchanges the grant: Azure as that caller.
    ///
    /// `correlation_id` is the call's: Entra and Azure log what they are asked under it.
    pub async fn as_caller<'a>(
        &'a self,
        grant: UserGrant<'a>,
        correlation_id: Uuid,
    ) -> Result<Azure<'a>, ExchangeFailure> {
        Ok(Azure { arm: self.arm.as_caller(grant, correlation_id).await?, gateway: self })
    }
}

impl Azure<'_> {
    /// Asks for costs and reads every page up to [`PAGE_LIMIT`].
    pub async fn costs(&self, query: &CostQuery) -> Result<Costs, CostFailure> {
        let mut pages = answer::Pages::default();
        let mut address = None;
        loop {
            let page = self.costs_page(query, address.as_ref()).await?;
            address = pages.add(page);
            if address.is_none() {
                return Ok(pages.finish()?);
            }
        }
    }

    /// Asks for one page of costs: the first, or the one at an `address` that an earlier page told of.
    pub async fn costs_page(&self, query: &CostQuery, address: Option<&PageAddress>) -> Result<CostPage, CostFailure> {
        let first = query.request();
        let request = match address {
            Some(PageAddress(address)) => first.page(address).ok_or(CostError::ForeignLink)?,
            None => first.clone(),
        };
        let question = Question { request, scope: &query.scope, units: query.period.units() };
        let response = self.ask(&question).await?;
        let page = answer::read(&response, query, self.gateway.now())?;
        let next = page.link.map(|link| self.arm.next_page(&first, &link)).transpose()?;
        let next = next.map(|request| PageAddress(request.query().to_owned()));
        Ok(CostPage { lines: page.lines, next })
    }

    /// The one way out: at the pace Azure asks for, and within the person's budget.
    async fn ask(&self, question: &Question<'_>) -> Result<ArmResponse, CostFailure> {
        let Question { request, scope, units } = question;
        let pace = &self.gateway.pace;
        let mut has_waited = false;
        pace.spend(self.arm.caller().object(), *units)?;
        loop {
            if let Some(wait) = pace.cooling(scope) {
                if has_waited || wait > pace::SHORT {
                    return Err(CostError::Throttled { retry_after: wait }.into());
                }
                has_waited = true;
                tokio::time::sleep(wait).await;
            }
            let response = self.arm.send(request).await?;
            if response.status != StatusCode::TOO_MANY_REQUESTS {
                return Ok(response);
            }
            pace.cool(scope, &response.headers);
            if has_waited {
                return Ok(response);
            }
        }
    }
}
