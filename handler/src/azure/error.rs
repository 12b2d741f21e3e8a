//! The ways there is no answer about costs.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use identity::{ArmFailure, ExchangeFailure, UnixTime, exchange::ClaimsChallenge};
use serde::Deserialize;

use super::{Name, throttle};

/// Why a query has no answer: either this caller gets no token, or Azure gave none of the answers hoped for.
///
/// The two go different ways: the first is an answer of HTTP with a challenge, the second a result of the tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CostFailure {
    /// Entra gave no token for this caller.
    #[error(transparent)]
    Exchange(#[from] ExchangeFailure),
    /// Azure demands another sign-in of this caller.
    #[error("Azure demands another sign-in")]
    ClaimsChallenge(ClaimsChallenge),
    /// Everything else.
    #[error(transparent)]
    Cost(#[from] CostError),
}

/// What Azure said instead of costs. `Display` is for the log; what the caller reads is written by the tools.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// 403 `AuthorizationFailed` or 401 `RBACAccessDenied`: the caller has no role on the scope. An administrator of
    /// the scope must assign one.
    #[error("the caller has no role on the scope")]
    AccessDenied,
    /// 403 of another kind: a lock, a policy, a disabled subscription. An administrator of the scope must act.
    #[error("forbidden: {0}")]
    Forbidden(Name),
    /// 401 `InvalidAuthenticationTokenTenant`: the subscription belongs to another tenant. The caller must ask for one
    /// of this tenant.
    #[error("the scope belongs to another tenant")]
    OtherTenant,
    /// 401 of another kind: the exchanged token is expired or revoked. The caller must sign in again.
    #[error("the token was rejected: {0}")]
    TokenRejected(Name),
    /// 400: the agreement does not know the dimension; Azure says which it knows. The caller must ask for one of those.
    #[error("invalid dimension")]
    InvalidDimension(Name),
    /// 404: no such scope, or none that the caller may know of.
    #[error("not found")]
    NotFound,
    /// 204, or no line at all: Azure was willing to answer and has nothing.
    #[error("no data")]
    NoData,
    /// 400 or another refusal of the request: the agreement does not support it, or this server built it wrongly.
    #[error("bad request ({status})")]
    BadRequest {
        /// The status.
        status: StatusCode,
        /// What Azure says is wrong, cleaned and without ids.
        message: Name,
    },
    /// 400 `AccountCostDisabled`: the enrollment hides costs from all who use it. Its administrator must show them.
    #[error("the enrollment hides costs")]
    AccountCostDisabled,
    /// 429. Nobody must act.
    #[error("throttled for {} seconds", retry_after.as_secs())]
    Throttled {
        /// When to ask again.
        retry_after: Duration,
    },
    /// This person has used up what this server lets one person ask of Azure. Nobody must act.
    #[error("the caller's budget is spent for {} seconds", retry_after.as_secs())]
    BudgetSpent {
        /// When there is enough of it again.
        retry_after: Duration,
    },
    /// 5xx. Nobody must act.
    #[error("unavailable ({status})")]
    Unavailable {
        /// The status.
        status: StatusCode,
        /// When to ask again, if Azure said so.
        retry_after: Option<Duration>,
    },
    /// No whole answer in time.
    #[error("no answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// No connection, or it broke. If it stays so, the operator must look at the network.
    #[error("unreachable")]
    Unreachable,
    /// The answer is larger than is read. The caller must ask for less.
    #[error("too large")]
    TooLarge,
    /// The link to the next page leads to another host or path. The operator must find out who is answering.
    #[error("the link to the next page leads elsewhere")]
    ForeignLink,
    /// The answer is not what the API describes. The operator must look at it.
    #[error("not readable: {0}")]
    BadAnswer(&'static str),
}

impl From<ArmFailure> for CostFailure {
    fn from(failure: ArmFailure) -> Self {
        match failure {
            ArmFailure::Exchange(failure) => Self::Exchange(failure),
            ArmFailure::ClaimsChallenge(challenge) => Self::ClaimsChallenge(challenge),
            ArmFailure::Timeout(limit) => CostError::Timeout(limit).into(),
            ArmFailure::TooLarge => CostError::TooLarge.into(),
            ArmFailure::ForeignLink => CostError::ForeignLink.into(),
            // a kind not known here has no answer either
            _ => CostError::Unreachable.into(),
        }
    }
}

/// Azure's error body: <https://learn.microsoft.com/rest/api/cost-management/query/usage#errorresponse>.
#[derive(Default, Deserialize)]
struct Body {
    error: Details,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl CostError {
    /// Reads an answer that is neither 200 nor 204.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8], now: UnixTime) -> Self {
        // a body of another shape, for example of a gateway, leaves the status to speak
        let Details { code, message } = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
        match (status.as_u16(), code.as_str()) {
            (401, "RBACAccessDenied") | (403, "AuthorizationFailed" | "RBACAccessDenied") => Self::AccessDenied,
            (401, "InvalidAuthenticationTokenTenant") => Self::OtherTenant,
            (401, code) => Self::TokenRejected(Name::new(code)),
            (403, code) => Self::Forbidden(Name::new(code)),
            (404, _) => Self::NotFound,
            (429, _) => Self::Throttled { retry_after: throttle::retry_after(headers, now) },
            (400, "AccountCostDisabled") => Self::AccountCostDisabled,
            (400, _) if INVALID_DIMENSION.iter().any(|sign| message.contains(sign)) => {
                Self::InvalidDimension(Name::message(valid_values(&message)))
            }
            (408 | 500..=599, _) => Self::Unavailable { status, retry_after: throttle::said(headers, now) },
            (400..=499, _) => Self::BadRequest { status, message: Name::message(&message) },
            _ => Self::BadAnswer("a status that the API does not describe"),
        }
    }
}

/// How Azure begins the refusal of a dimension, before it lists the valid ones.
const INVALID_DIMENSION: [&str; 2] = ["Invalid dataset grouping", "Invalid dataset filter"];

/// The list at the end of the message, or all of it.
fn valid_values(message: &str) -> &str {
    message.rsplit_once("valid values:").map_or(message, |(_, values)| values)
}

#[cfg(test)]
mod tests {
    //! Proves which answer of Azure means what. The bodies are of the shapes seen in public reports; a tenant may have
    //! more codes, which fall back to their status.

    use serde_json::json;

    use super::*;

    #[track_caller]
    fn of(status: u16, code: &str) -> CostError {
        let body = json!({ "error": { "code": code, "message": "The client with object id '5f6d64b7-4c7f-4d0e-8b43-0c1c6a3c7f11' asked." } });
        CostError::of(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.to_string().as_bytes(),
            UnixTime(0),
        )
    }

    #[test]
    fn a_missing_role_is_recognised_under_both_statuses() {
        assert_eq!(of(403, "AuthorizationFailed"), CostError::AccessDenied);
        assert_eq!(of(401, "RBACAccessDenied"), CostError::AccessDenied);
    }

    #[test]
    fn a_rejected_token_is_no_missing_role() {
        assert_eq!(of(401, "InvalidAuthenticationTokenTenant"), CostError::OtherTenant);
        for code in ["InvalidAuthenticationToken", "ExpiredAuthenticationToken", "AuthenticationFailed", ""] {
            assert_eq!(of(401, code), CostError::TokenRejected(Name::new(code)));
        }
    }

    #[test]
    fn another_403_is_no_missing_role_either() {
        assert_eq!(
            of(403, "ReadOnlyDisabledSubscription"),
            CostError::Forbidden(Name::new("ReadOnlyDisabledSubscription"))
        );
    }

    #[test]
    fn the_rest_is_told_apart_by_status() {
        assert_eq!(of(404, "SubscriptionNotFound"), CostError::NotFound);
        assert_eq!(of(400, "AccountCostDisabled"), CostError::AccountCostDisabled);
        assert_eq!(of(429, "429"), CostError::Throttled { retry_after: Duration::from_mins(1) });
        assert_eq!(of(302, ""), CostError::BadAnswer("a status that the API does not describe"));
        for status in [408, 500, 502, 503, 504] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of(status.as_u16(), ""), CostError::Unavailable { status, retry_after: None });
        }
        for status in [400, 409, 424] {
            let message = Name::new("The client with object id '(id)' asked.");
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of(status.as_u16(), "BadRequest"), CostError::BadRequest { status, message });
        }
    }

    #[test]
    fn a_wrong_dimension_comes_with_the_valid_ones() {
        let message = "Invalid query definition: Invalid dataset grouping: 'Foo'; valid values: 'Meter','ServiceName'";
        let body = json!({ "error": { "code": "BadRequest", "message": message } }).to_string();
        let error = CostError::of(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), UnixTime(0));
        assert_eq!(error, CostError::InvalidDimension(Name::new("'Meter','ServiceName'")));
    }

    #[test]
    fn a_body_of_another_shape_leaves_the_status_to_speak() {
        for body in
            ["", "<html>", "null", "[]", r#"{"error":"x"}"#, r#"{"error":{"code":7}}"#, r#"{"error":{"code":"Authoriz"#]
        {
            let read = |status| CostError::of(status, &HeaderMap::new(), body.as_bytes(), UnixTime(0));
            assert_eq!(read(StatusCode::FORBIDDEN), CostError::Forbidden(Name::new("")), "{body}");
            assert_eq!(read(StatusCode::UNAUTHORIZED), CostError::TokenRejected(Name::new("")), "{body}");
            assert_eq!(read(StatusCode::NOT_FOUND), CostError::NotFound, "{body}");
        }
    }

    #[test]
    fn what_is_about_the_caller_s_sign_in_is_passed_on() {
        let failure = ExchangeFailure::AssertionRefused { details: identity::exchange::EntraDetails::default() };
        assert_eq!(CostFailure::from(ArmFailure::Exchange(failure.clone())), CostFailure::Exchange(failure));
        for (failure, error) in [
            (ArmFailure::Timeout(Duration::from_secs(30)), CostError::Timeout(Duration::from_secs(30))),
            (ArmFailure::Unreachable, CostError::Unreachable),
            (ArmFailure::TooLarge, CostError::TooLarge),
            (ArmFailure::ForeignLink, CostError::ForeignLink),
        ] {
            assert_eq!(CostFailure::from(failure), CostFailure::Cost(error));
        }
    }
}
