//! Requests to Azure Resource Manager, as the caller, to that host only.
//!
//! A request holds a path and a query, never an address, so no token can be sent elsewhere; the address is fixed when the
//! connection is made. Azure may demand claims of a token (continuous access evaluation): the caller is exchanged once
//! more with those claims and the request repeated once, which is safe because Azure challenges before it acts. Every
//! other answer, whatever its status, is the tool's to read.

mod challenge;
mod request;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::AUTHORIZATION};
pub use request::ArmRequest;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Caller, CallerKey, UserGrant,
    body::{BodyError, read_limited},
    exchange::{self, ArmToken, ClaimsChallenge, Exchange, ExchangeFailure, ExchangeStatus},
};

/// One request, from the connection to the last byte.
const DEADLINE: Duration = Duration::from_secs(30);

/// The largest answer that is read: a page of 5,000 rows of cost data has about two megabytes.
pub const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Azure logs a request under this id.
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// The shared way to Azure Resource Manager: connections and the exchange, but no identity.
pub struct ArmConnection {
    exchange: Exchange,
    http: reqwest::Client,
    base: Url,
}

/// Azure Resource Manager as one caller: the only thing in the program that can call it.
pub struct CallerArm<'a> {
    connection: &'a ArmConnection,
    grant: UserGrant<'a>,
    /// Of the call.
    correlation_id: Uuid,
    /// Replaced when Azure challenges it.
    token: Mutex<ArmToken>,
}

/// What Azure answered, whatever the status.
#[derive(Clone, Debug)]
pub struct ArmResponse {
    /// The status; a 401 that demands claims never gets here.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole and within the limit.
    pub body: Bytes,
}

/// Why there is no answer of Azure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArmFailure {
    /// No token for this caller; Azure was not asked (again).
    #[error(transparent)]
    Exchange(#[from] ExchangeFailure),
    /// Azure demands claims of the caller's token, and a new exchange did not satisfy it.
    #[error("Azure demands another sign-in")]
    ClaimsChallenge(ClaimsChallenge),
    /// No whole answer within the deadline.
    #[error("Azure did not answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// No connection, or it broke.
    #[error("Azure could not be reached")]
    Unreachable,
    /// The answer is larger than this server reads.
    #[error("Azure's answer is too large")]
    TooLarge,
    /// A link to the next page leads to another host or path; it was not followed.
    #[error("Azure's link to the next page leads elsewhere")]
    ForeignLink,
}

impl ArmConnection {
    /// Requests go to the origin of `base` only. `http` must not follow redirects.
    #[must_use]
    pub fn new(exchange: Exchange, http: reqwest::Client, base: Url) -> Arc<Self> {
        Arc::new(Self { exchange, http, base })
    }

    /// How the exchange is doing. Leads nowhere.
    #[must_use]
    pub fn exchange_status(&self) -> ExchangeStatus {
        self.exchange.status()
    }

    /// Exchanges the grant: Resource Manager as that caller.
    ///
    /// `correlation_id` is the call's: Entra and Azure log what they are asked under it.
    pub async fn as_caller<'a>(
        &'a self,
        grant: UserGrant<'a>,
        correlation_id: Uuid,
    ) -> Result<CallerArm<'a>, ExchangeFailure> {
        let token = self.exchange.token(&grant, correlation_id).await?;
        Ok(CallerArm { connection: self, grant, correlation_id, token: Mutex::new(token) })
    }
}

impl CallerArm<'_> {
    /// Whose eyes these are.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        self.grant.caller()
    }

    /// Under which answers may be shared: with nobody but this caller, and with no other token of theirs.
    #[must_use]
    pub fn key(&self) -> CallerKey {
        self.connection.exchange.key(self.grant.caller())
    }

    /// Sends the request as the caller. On a claims challenge: one exchange with the claims and one repeat.
    ///
    /// A redirect is an answer like any other.
    pub async fn send(&self, request: &ArmRequest) -> Result<ArmResponse, ArmFailure> {
        let token = self.token();
        let response = self.send_with(request, &token).await?;
        let Some(claims) = challenge::in_answer(&response) else { return Ok(response) };
        let token =
            self.connection.exchange.token_for_challenge(&self.grant, &token, &claims, self.correlation_id).await?;
        self.replace_token(token.clone());
        let response = self.send_with(request, &token).await?;
        match challenge::in_answer(&response) {
            Some(claims) => Err(ArmFailure::ClaimsChallenge(claims)),
            None => Ok(response),
        }
    }

    /// `request` for the next page: `link` is accepted only for the same host and path, and only its query is taken.
    ///
    /// # Errors
    /// [`ArmFailure::ForeignLink`] for everything else.
    pub fn next_page(&self, request: &ArmRequest, link: &str) -> Result<ArmRequest, ArmFailure> {
        request.next_page(&self.connection.base, link).ok_or(ArmFailure::ForeignLink)
    }

    async fn send_with(&self, request: &ArmRequest, token: &ArmToken) -> Result<ArmResponse, ArmFailure> {
        let mut headers = request.headers().clone();
        headers.insert(AUTHORIZATION, bearer(token)?);
        headers.extend(HeaderValue::from_str(&self.correlation_id.to_string()).map(|id| (CLIENT_REQUEST_ID, id)));
        let ArmConnection { http, base, .. } = self.connection;
        let request =
            http.request(request.method().clone(), request.url(base)).headers(headers).body(request.body().clone());
        match tokio::time::timeout(DEADLINE, whole_answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ArmFailure::Timeout(DEADLINE)),
        }
    }

    fn token(&self) -> ArmToken {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace_token(&self, token: ArmToken) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

/// `Bearer <token>`, marked so that no library logs it.
fn bearer(token: &ArmToken) -> Result<HeaderValue, ArmFailure> {
    let text = Zeroizing::new(format!("Bearer {}", token.secret()));
    // the exchange accepts no token that a header can't carry
    let mut value = HeaderValue::from_str(&text).map_err(|_| ArmFailure::Unreachable)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn whole_answer(request: reqwest::RequestBuilder) -> Result<ArmResponse, ArmFailure> {
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    match read_limited(response, LARGEST_ANSWER).await {
        Ok(body) => Ok(ArmResponse { status, headers, body }),
        Err(BodyError::TooLarge { .. }) => Err(ArmFailure::TooLarge),
        Err(BodyError::Broken(error)) => Err(unreachable(error)),
    }
}

fn unreachable(error: reqwest::Error) -> ArmFailure {
    tracing::warn!(event = "arm_unreachable", cause = exchange::cause(error), "no answer of Azure Resource Manager");
    ArmFailure::Unreachable
}

/// For the fuzzer's door.
#[cfg(any(fuzzing, test))]
pub(crate) fn demanded_claims(answer: &ArmResponse) -> Option<ClaimsChallenge> {
    challenge::in_answer(answer)
}
