//! One On-Behalf-Of request to Entra's token endpoint, and at most one repeat.

#[cfg(any(fuzzing, test))]
pub(super) mod fuzzing;

use std::{error::Error as _, fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use uuid::Uuid;

use super::{
    EntraDetails, ExchangeFailure, ExchangeSettings,
    answer::{self, Issued},
    credential::ClientAssertion,
    retry_after, taxonomy,
};
use crate::{
    BearerToken, Clock, Random,
    body::{BodyError, read_limited},
};

/// One try, from the connection to the last byte.
const TRY: Duration = Duration::from_secs(10);

/// Before the repeat: from [`PAUSE`] to [`PAUSE`] and [`JITTER`], so that instances do not come back in step.
const PAUSE: Duration = Duration::from_millis(300);
const JITTER: Duration = Duration::from_millis(700);

/// An answer of Entra has a few kilobytes.
const LONGEST_ANSWER: usize = 256 * 1024;

pub(super) struct TokenEndpoint {
    url: String,
    client: String,
    scope: String,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// What is asked for.
pub(super) struct Demand<'a> {
    /// For whom: the caller's own token.
    pub(super) assertion: &'a BearerToken,
    /// The `claims` parameter.
    pub(super) claims: String,
    /// Entra logs the request under this id.
    pub(super) correlation_id: Uuid,
}

/// What became of it.
pub(super) struct Reply {
    pub(super) result: Result<Issued, ExchangeFailure>,
    pub(super) standing: Standing,
}

/// How Entra fares towards this instance, whoever the request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It answers, be it a refusal.
    Serving,
    /// It does not answer, or stumbles.
    Unwell,
    /// It can take no more for so long.
    Throttling(Duration),
}

/// What became of one try.
enum Attempt {
    /// No whole answer.
    Lost,
    Answered(Answer),
}

struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Bytes,
}

impl TokenEndpoint {
    pub(super) fn new(
        settings: ExchangeSettings,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            url: settings.authority.token_endpoint(),
            client: settings.client.to_string(),
            scope: settings.scope,
            http,
            clock,
            random,
        }
    }

    pub(super) fn scope(&self) -> &str {
        &self.scope
    }

    /// Asks, and asks once more where nothing answered or Entra stumbled without saying when to come back.
    pub(super) async fn exchange(&self, demand: &Demand<'_>, by: &ClientAssertion) -> Reply {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", demand.assertion.secret()),
            ("requested_token_use", "on_behalf_of"),
            ("claims", demand.claims.as_str()),
        ];
        self.ask(&fields, by, demand.correlation_id).await
    }

    /// Asks with the `fields` of a grant, besides those that every request of this server has.
    pub(super) async fn ask(
        &self,
        fields: &[(&str, &str)],
        client_assertion: &ClientAssertion,
        correlation_id: Uuid,
    ) -> Reply {
        let common = [
            ("client_id", self.client.as_str()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", client_assertion.secret()),
            ("scope", self.scope.as_str()),
        ];
        let form = [common.as_slice(), fields].concat();
        let mut attempt = self.attempt(&form, correlation_id).await;
        if attempt.may_be_repeated() {
            tokio::time::sleep(PAUSE + JITTER.mul_f64(self.random.fraction().clamp(0.0, 1.0))).await;
            attempt = self.attempt(&form, correlation_id).await;
        }
        attempt.read()
    }

    async fn attempt(&self, form: &[(&str, &str)], correlation_id: Uuid) -> Attempt {
        match tokio::time::timeout(TRY, self.send(form, correlation_id)).await {
            Ok(Ok(answer)) => Attempt::Answered(answer),
            Ok(Err(error)) => {
                lost(&cause(error), correlation_id);
                Attempt::Lost
            }
            Err(_) => {
                lost("no whole answer within ten seconds", correlation_id);
                Attempt::Lost
            }
        }
    }

    async fn send(&self, form: &[(&str, &str)], correlation_id: Uuid) -> Result<Answer, reqwest::Error> {
        let response =
            self.http.post(&self.url).header("client-request-id", correlation_id.to_string()).form(form).send().await?;
        let status = response.status();
        let retry_after = retry_after::read(response.headers(), self.clock.now());
        let body = match read_limited(response, LONGEST_ANSWER).await {
            Ok(body) => body,
            // whoever sends so much is not Entra; an empty answer reads the same
            Err(BodyError::TooLarge { .. }) => Bytes::new(),
            Err(BodyError::Broken(error)) => return Err(error),
        };
        Ok(Answer { status, retry_after, body })
    }
}

impl Attempt {
    fn may_be_repeated(&self) -> bool {
        match self {
            Self::Lost => true,
            Self::Answered(answer) => answer.status.is_server_error() && answer.retry_after.is_none(),
        }
    }

    fn read(self) -> Reply {
        match self {
            Self::Lost => {
                let failure = ExchangeFailure::Transient {
                    retry_after: taxonomy::DEFAULT_WAIT,
                    details: EntraDetails::default(),
                };
                Reply { result: Err(failure), standing: Standing::Unwell }
            }
            Self::Answered(answer) => answer.read(),
        }
    }
}

impl Answer {
    fn read(self) -> Reply {
        if self.status.is_success() {
            let result = answer::issued(&self.body).ok_or_else(|| taxonomy::unreadable(self.status, self.retry_after));
            return Reply { result, standing: Standing::Serving };
        }
        let failure = match answer::refused(&self.body) {
            Some(error) => taxonomy::classify(self.status, error, self.retry_after),
            None => taxonomy::unreadable(self.status, self.retry_after),
        };
        let standing = if taxonomy::names_user(failure.details()) { Standing::Serving } else { self.standing() };
        Reply { result: Err(failure), standing }
    }

    /// A 503 that does not say when to come back is a stumble at first; what is read here was answered to the repeat too.
    fn standing(&self) -> Standing {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Standing::Throttling(self.retry_after.unwrap_or(taxonomy::DEFAULT_WAIT))
            }
            status if status.is_server_error() => Standing::Unwell,
            _ => Standing::Serving,
        }
    }
}

fn lost(cause: &str, correlation_id: Uuid) {
    tracing::warn!(event = "entra_unreachable", cause, %correlation_id, "no answer of the token endpoint");
}

/// What a connection failed of, with the causes below it; without the address, whose query may hold arguments.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
