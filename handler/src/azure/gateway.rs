//! The way to Azure, and what is kept on it: whose token, whose pace, how many pages.

use std::sync::Arc;

use http::StatusCode;
use identity::{
    ArmConnection, ArmRequest, ArmResponse, CallerArm, CallerKey, Clock, ExchangeFailure, SingleFlight, UnixTime,
    UserGrant, exchange::ExchangeStatus,
};
use uuid::Uuid;

use super::{
    CostError, CostFailure, CostScope, PAGE_LIMIT,
    pace::{self, Pace, Units},
};

/// The way to Azure that all callers share: connections and a pace, but no identity.
pub struct Gateway {
    arm: Arc<ArmConnection>,
    pace: Pace,
    flights: SingleFlight<(CallerKey, ArmRequest), Result<ArmResponse, CostFailure>>,
    clock: Arc<dyn Clock>,
}

/// Azure, as one caller sees it.
pub struct Azure<'a> {
    pub(super) arm: CallerArm<'a>,
    gateway: &'a Gateway,
}

/// One request, and what it costs.
pub(super) struct Question<'a> {
    pub(super) request: ArmRequest,
    /// What it is about; nothing for what Cost Management is not asked.
    pub(super) scope: Option<&'a CostScope>,
    pub(super) units: Units,
}

impl Gateway {
    /// `hourly` is what one person may ask in an hour.
    #[must_use]
    pub fn new(arm: Arc<ArmConnection>, hourly: Units, clock: Arc<dyn Clock>) -> Self {
        Self { arm, pace: Pace::new(hourly, clock.clone()), flights: SingleFlight::new(), clock }
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
    /// The time by the clock.
    pub(super) fn now(&self) -> UnixTime {
        self.gateway.now()
    }

    /// The one way out: at the pace Azure asks for, and within the person's budget. Who asks the same at the same time
    /// with the same token gets the same answer.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<ArmResponse, CostFailure> {
        let Question { request, scope: Some(scope), units } = question else {
            return Ok(self.arm.send(&question.request).await?);
        };
        let key = (self.arm.key(), request.clone());
        // nothing is kept: an answer is shared with those who wait for it and with nobody later
        let (answer, _) = self.gateway.flights.find(key, || None, || self.ask_alone(request, scope, *units)).await;
        answer
    }

    async fn ask_alone(
        &self,
        request: &ArmRequest,
        scope: &CostScope,
        units: Units,
    ) -> Result<ArmResponse, CostFailure> {
        let pace = &self.gateway.pace;
        let mut has_waited = self.cooled_down(scope).await?;
        pace.spend(self.arm.caller().object(), units)?;
        loop {
            let response = self.arm.send(request).await?;
            if response.status != StatusCode::TOO_MANY_REQUESTS {
                return Ok(response);
            }
            pace.cool(scope, &response.headers);
            if has_waited {
                return Ok(response);
            }
            self.cooled_down(scope).await?;
            has_waited = true;
        }
    }

    /// Waits until Azure may be asked about `scope`, if that is soon, and says whether it waited.
    async fn cooled_down(&self, scope: &CostScope) -> Result<bool, CostError> {
        match self.gateway.pace.cooling(scope) {
            None => Ok(false),
            Some(wait) if wait > pace::SHORT => Err(CostError::Throttled { retry_after: wait }),
            Some(wait) => {
                tokio::time::sleep(wait).await;
                Ok(true)
            }
        }
    }

    /// The pages of an answer up to [`PAGE_LIMIT`], and whether Azure has more. `read` names the next page, if any.
    pub(super) async fn pages<T>(
        &self,
        question: Question<'_>,
        read: impl Fn(&ArmResponse) -> Result<(T, Option<String>), CostError>,
    ) -> Result<(Vec<T>, bool), CostFailure> {
        let first = question.request.clone();
        let (mut pages, mut question) = (Vec::new(), question);
        loop {
            let (page, link) = read(&self.ask(&question).await?)?;
            pages.push(page);
            match link.filter(|link| !link.is_empty()) {
                Some(link) if pages.len() < PAGE_LIMIT => question.request = self.arm.next_page(&first, &link)?,
                more => return Ok((pages, more.is_some())),
            }
        }
    }
}
