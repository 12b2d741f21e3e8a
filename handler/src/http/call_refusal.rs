//! Refusals of a call, as JSON-RPC errors with the request's id: status, challenge, who must act, and how.
//!
//! A refusal has a challenge only when a new token can cure it: for the rest a client would sign in again and again.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use identity::{
    PermissionRefusal,
    exchange::{ClaimsChallenge, EntraDetails, ExchangeFailure},
};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    challenge,
    face::Face,
    refusal::{EdgeRefusal, aadsts, json, seconds},
};
use crate::{
    mcp::{self, Era, Explanation, Reply, RequestId, RpcError, ServerInfo, Who},
    tools::Refusal,
};

/// The caller must satisfy a policy.
const INTERACTION_REQUIRED: i32 = -31401;
/// Somebody must consent.
const CONSENT_REQUIRED: i32 = -31402;
/// The caller lacks a permission of this server.
const FORBIDDEN: i32 = -31403;
/// A policy or the account's state blocks the caller.
const ACCESS_BLOCKED: i32 = -31405;
/// Not now, or not until the operator acts.
const UNAVAILABLE: i32 = -31503;

/// `AADSTS90094` and `AADSTS90095`: users may not consent for themselves. They choose words here, nothing else.
const ADMINISTRATOR_CONSENT: [u32; 2] = [90094, 90095];

/// A refusal, ready to be sent under a request's id.
struct Refused {
    status: StatusCode,
    challenge: Option<HeaderValue>,
    retry_after: Option<Duration>,
    error: RpcError,
}

/// What every refusal of one call needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) face: &'a Face,
    pub(super) server: &'a ServerInfo,
    pub(super) correlation_id: Uuid,
}

impl Context<'_> {
    /// The answer to a call that ended before its tool could answer.
    ///
    /// An ended sign-in answers like any bad token, so that every client knows what to do.
    pub(super) fn respond(self, id: &RequestId, era: Era, refusal: Refusal) -> Result<Response, EdgeRefusal> {
        if let Refusal::Exchange(ExchangeFailure::AssertionRefused { details }) = refusal {
            return Err(EdgeRefusal::SignInEnded(details));
        }
        let Refused { status, challenge, retry_after, error } = self.refused(&refusal);
        let mut response = json(status, mcp::write(id, era, Reply::Error(&error), self.server));
        let headers = response.headers_mut();
        headers.extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        headers.extend(retry_after.map(|wait| (header::RETRY_AFTER, seconds(wait).into())));
        Ok(response)
    }

    fn refused(self, refusal: &Refusal) -> Refused {
        match refusal {
            Refusal::UnknownTool(_) => {
                let how = "call a tool of tools/list".to_owned();
                let explanation = Some(self.explanation(&refusal.reason(), Who::User, how, Map::new()));
                let error = RpcError { code: mcp::INVALID_PARAMS, message: refusal.to_string(), explanation };
                Refused { status: StatusCode::OK, challenge: None, retry_after: None, error }
            }
            Refusal::Permission { tool, refusal } => self.permission(tool, refusal),
            Refusal::ClaimsChallenge(claims) => self.interaction(Some(claims), &EntraDetails::default()),
            Refusal::Exchange(ExchangeFailure::InteractionRequired { claims, details }) => {
                self.interaction(claims.as_ref(), details)
            }
            Refusal::Exchange(ExchangeFailure::ConsentRequired { details }) => self.consent(details),
            Refusal::Exchange(ExchangeFailure::AccessBlocked { details }) => self.blocked(details),
            Refusal::Exchange(ExchangeFailure::Transient { retry_after, details }) => self.busy(*retry_after, details),
            // an operator's fault, and whatever is added later: nothing of it is the caller's to read
            Refusal::Exchange(_) => self.misconfigured(),
        }
    }

    fn permission(self, tool: &str, refusal: &PermissionRefusal) -> Refused {
        let (challenge, who, how) = match refusal {
            PermissionRefusal::MissingScope(scope) => {
                let need = format!("tool {tool} needs the scope {}", self.face.full_scope(*scope));
                let how = format!("{need}: sign in again asking for it; an administrator may have to consent first");
                (Some(challenge::insufficient_scope(self.face, *scope, &need)), Who::User, how)
            }
            PermissionRefusal::MissingRole(role) => {
                let role = role.name();
                let how = format!(
                    "tool {tool} needs the app role {role}: ask an administrator to assign it to this service; whoami has \
                     the command"
                );
                (None, Who::Admin, how)
            }
            PermissionRefusal::UserTokenRequired => {
                let how =
                    format!("tool {tool} reads Azure as a person: call it with a user's token, not a service's own");
                (None, Who::User, how)
            }
            _ => (None, Who::Operator, format!("tool {tool} is for services that hold its app role")),
        };
        let message = refusal.to_string();
        let explanation = self.explanation(&message, who, how, Map::new());
        Refused { challenge, ..forbidden(FORBIDDEN, message, explanation) }
    }

    fn interaction(self, claims: Option<&ClaimsChallenge>, details: &EntraDetails) -> Refused {
        let mut more = entra(details);
        let message = format!(
            "interaction_required: your organisation demands more of your sign-in before Azure may be read{}, for example \
             a second factor or a managed device; sign in again and satisfy it",
            parenthesis(details)
        );
        let how = match claims {
            Some(claims) => {
                more.insert("claims".into(), serde_json::from_str(claims.json()).unwrap_or(Value::Null));
                "sign in again with the claims of this answer; if the client can't send claims, sign out and in again"
            }
            None => "sign out and in again, and satisfy what is asked; if nothing is asked, ask an administrator",
        };
        let explanation = self.explanation("interaction_required", Who::User, how.into(), more);
        Refused {
            challenge: claims.map(|claims| challenge::insufficient_claims(self.face, claims)),
            ..forbidden(INTERACTION_REQUIRED, message, explanation)
        }
    }

    fn consent(self, details: &EntraDetails) -> Refused {
        let (consent, admin_consent) = (self.face.consent_url(), self.face.admin_consent_url());
        let (message, who, how) = if details.codes.iter().any(|code| ADMINISTRATOR_CONSENT.contains(code)) {
            let message = format!(
                "consent_required: only an administrator may agree that this server reads Azure for you; ask one to open \
                 {admin_consent}, then try again"
            );
            (message, Who::Admin, "ask an administrator to open admin_consent_url and agree; then try again")
        } else {
            let message = format!(
                "consent_required: nobody has agreed yet that this server may read Azure for you; open {consent} and \
                 agree, then try again"
            );
            let how = "open consent_url and agree, or ask an administrator to open admin_consent_url; then try again";
            (message, Who::User, how)
        };
        let mut more = entra(details);
        more.insert("consent_url".into(), consent.into());
        more.insert("admin_consent_url".into(), admin_consent.into());
        forbidden(CONSENT_REQUIRED, message, self.explanation("consent_required", who, how.into(), more))
    }

    fn blocked(self, details: &EntraDetails) -> Refused {
        let (cause, request) = block(details.code());
        let message = format!(
            "access_blocked: {cause}{}; ask an administrator to {request}: signing in again does not help",
            parenthesis(details)
        );
        let how = format!(
            "ask an administrator of the tenant to {request}; the sign-in log has the attempt under entra_correlation_id"
        );
        forbidden(ACCESS_BLOCKED, message, self.explanation("access_blocked", Who::Admin, how, entra(details)))
    }

    fn busy(self, retry_after: Duration, details: &EntraDetails) -> Refused {
        let wait = seconds(retry_after);
        let mut more = entra(details);
        more.insert("retryAfterSeconds".into(), wait.into());
        let message = format!(
            "temporarily_unavailable: Microsoft Entra ID is busy or can't be reached; try again in {wait} seconds"
        );
        let how = format!("wait {wait} seconds and try again");
        let explanation = self.explanation("temporarily_unavailable", Who::Nobody, how, more);
        Refused { retry_after: Some(retry_after), ..unavailable(message, explanation) }
    }

    fn misconfigured(self) -> Refused {
        let id = self.correlation_id;
        let message = format!(
            "server_misconfigured: this server can't act for you until its operator repairs it; give them correlation id {id}"
        );
        let how = format!("tell the server's operator: its log names cause and fix under {id}");
        unavailable(message, self.explanation("server_misconfigured", Who::Operator, how, Map::new()))
    }

    fn explanation(self, reason: &str, who: Who, how: String, more: Map<String, Value>) -> Explanation {
        Explanation { reason: reason.into(), who, how, correlation_id: self.correlation_id.to_string(), more }
    }
}

/// 403, never 401: clients that don't understand the demand would sign in again in a loop.
fn forbidden(code: i32, message: String, explanation: Explanation) -> Refused {
    let error = RpcError { code, message, explanation: Some(explanation) };
    Refused { status: StatusCode::FORBIDDEN, challenge: None, retry_after: None, error }
}

fn unavailable(message: String, explanation: Explanation) -> Refused {
    Refused { status: StatusCode::SERVICE_UNAVAILABLE, ..forbidden(UNAVAILABLE, message, explanation) }
}

/// What blocks the caller, and what to ask an administrator for. The AADSTS number chooses words here, nothing else.
///
/// Source: "Microsoft Entra authentication and authorization error codes".
fn block(code: Option<u32>) -> (&'static str, &'static str) {
    match code.unwrap_or_default() {
        50053 => ("this account is locked after too many attempts", "unlock it, or wait until it unlocks itself"),
        50057 => ("this account is disabled", "enable it"),
        50105 => ("this account is not assigned to the server's enterprise application", "assign it"),
        50020 | 50034 | 51004 => ("this account is not in the server's tenant", "invite it"),
        _ => ("a policy of the organisation or the state of this account blocks access to Azure", "find out which"),
    }
}

/// What Entra said, for the person who looks the attempt up.
fn entra(details: &EntraDetails) -> Map<String, Value> {
    let members = [
        ("error", Some(details.error.clone()).filter(|error| !error.is_empty())),
        ("suberror", details.suberror.clone()),
        ("code", aadsts(details)),
        // of the call that made the exchange: another one's, where a failure is remembered
        ("entra_correlation_id", details.correlation_id.clone()),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

fn parenthesis(details: &EntraDetails) -> String {
    aadsts(details).map(|code| format!(" ({code})")).unwrap_or_default()
}
