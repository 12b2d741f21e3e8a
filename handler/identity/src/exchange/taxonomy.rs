//! From Entra's refusal to who must act: the one table.
//!
//! `error`, `suberror` and the status decide, as Microsoft asks ("codes change"). AADSTS numbers decide in three
//! places only: a bare `invalid_grant`, which says nothing else; 50196, Entra's own guard against a loop; and whether
//! another certificate may help, where Microsoft's own middle tier goes by the number too. What is in no row
//! fails closed as the operator's to look at, with Entra's code shown.
//!
//! Sources: "Microsoft identity platform and OAuth 2.0 On-Behalf-Of flow", "Microsoft Entra authentication and
//! authorization error codes", and the sub-errors that the Microsoft Authentication Libraries act on.

use std::time::Duration;

use http::StatusCode;

use super::{
    ClaimsChallenge, EntraDetails, ExchangeFailure,
    advice::{self, Advice},
};

/// How long to wait when Entra does not say.
pub(super) const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// How long a failure about one user's assertion is remembered: Entra answers 50196 and blocks an application that
/// repeats a request which can't succeed.
pub(super) const REMEMBERED: Duration = Duration::from_mins(1);

/// `AADSTS50196` (`LoopDetected`): the same request was repeated too often.
const LOOP_DETECTED: u32 = 50196;

/// Entra's refusal, read and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EntraError {
    pub(super) details: EntraDetails,
    pub(super) claims: Option<ClaimsChallenge>,
}

/// Who must act on a refusal. `wait` is the answer's `Retry-After`.
pub(super) fn classify(status: StatusCode, error: EntraError, wait: Option<Duration>) -> ExchangeFailure {
    let EntraError { details, claims } = error;
    if details.codes.contains(&LOOP_DETECTED) {
        return ExchangeFailure::Transient { retry_after: REMEMBERED, details };
    }
    if is_overload(status) || matches!(details.error.as_str(), "temporarily_unavailable" | "server_error") {
        return ExchangeFailure::Transient { retry_after: wait.unwrap_or(DEFAULT_WAIT), details };
    }
    let suberror = details.suberror.as_deref().unwrap_or_default();
    match (details.error.as_str(), suberror) {
        // before anything else: Entra sends claims with it although no sign-in can satisfy them
        ("invalid_grant" | "interaction_required" | "login_required", "message_only")
        | ("invalid_grant" | "interaction_required", "client_mismatch" | "protection_policy_required")
        | ("access_denied", _) => ExchangeFailure::AccessBlocked { details },
        ("consent_required", _) | ("invalid_grant" | "interaction_required", "consent_required") => {
            ExchangeFailure::ConsentRequired { details }
        }
        // a plain sign-in cures these
        ("invalid_grant" | "interaction_required", "user_password_expired" | "bad_token") | ("login_required", _) => {
            sign_in_again(claims, details)
        }
        ("invalid_grant", "basic_action" | "additional_action" | "ui_not_allowed" | "interrupted_user")
        | ("interaction_required", _) => ExchangeFailure::InteractionRequired { claims, details },
        // bare, or with a sub-error that is not known yet
        ("invalid_grant", _) => bare_invalid_grant(claims, details),
        _ => operator(details),
    }
}

/// The answer is not Entra's: a proxy's page, another server, or a broken one.
pub(super) fn unreadable(status: StatusCode, wait: Option<Duration>) -> ExchangeFailure {
    let details = EntraDetails::default();
    if is_overload(status) {
        return ExchangeFailure::Transient { retry_after: wait.unwrap_or(DEFAULT_WAIT), details };
    }
    let advice = format!(
        "the token endpoint's answer (status {}) is not one of Microsoft Entra ID; check AZURE_AUTHORITY_HOST, and \
         HTTPS_PROXY if requests leave through a proxy",
        status.as_u16()
    );
    ExchangeFailure::Operator { details, advice }
}

/// The answer concerns one user's grant, so it says nothing about anybody else's.
pub(super) fn names_user(details: &EntraDetails) -> bool {
    details.codes.contains(&LOOP_DETECTED)
        || matches!(details.error.as_str(), "invalid_grant" | "interaction_required" | "login_required")
}

/// Another version of the certificate may be accepted: the list by which Microsoft.Identity.Web loads its own again.
pub(super) fn refuses_certificate(failure: &ExchangeFailure) -> bool {
    const CODES: [u32; 6] = [700_027, 700_024, 7_000_214, 1_000_502, 7_000_274, 7_000_277];
    matches!(failure, ExchangeFailure::Operator { details, .. } if details.code().is_some_and(|code| CODES.contains(&code)))
}

/// How long the failure is remembered, for the assertion it was about.
pub(super) fn remembered_for(failure: &ExchangeFailure) -> Duration {
    match failure {
        ExchangeFailure::InteractionRequired { .. }
        | ExchangeFailure::AssertionRefused { .. }
        | ExchangeFailure::ConsentRequired { .. }
        | ExchangeFailure::AccessBlocked { .. } => REMEMBERED,
        ExchangeFailure::Transient { details, .. } if names_user(details) => REMEMBERED,
        ExchangeFailure::Operator { .. } | ExchangeFailure::Transient { .. } => Duration::ZERO,
    }
}

fn is_overload(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

fn sign_in_again(claims: Option<ClaimsChallenge>, details: EntraDetails) -> ExchangeFailure {
    match claims {
        Some(_) => ExchangeFailure::InteractionRequired { claims, details },
        None => ExchangeFailure::AssertionRefused { details },
    }
}

/// `invalid_grant` that says nothing more: the only answer that is split by its first AADSTS number.
fn bare_invalid_grant(claims: Option<ClaimsChallenge>, details: EntraDetails) -> ExchangeFailure {
    match details.code().unwrap_or_default() {
        // account locked, disabled, unassigned; guest or account of another tenant; blocked by a policy. A 401 would
        // send the client to sign in again, and again
        50053 | 50057 | 50105 | 50020 | 50034 | 51004 | 50131 | 53003 | 530_032 => {
            ExchangeFailure::AccessBlocked { details }
        }
        // the assertion's signature, audience or form; a service's own token
        50013 | 500_131 | 50027 | 7_000_114 => operator(details),
        // consent of the user, or of an administrator
        65001 | 65004 | 90094 | 90095 => ExchangeFailure::ConsentRequired { details },
        // Entra's own trouble
        50033 | 50087 | 90006 | 90012 | 90024 | 90033 | 90055 => {
            ExchangeFailure::Transient { retry_after: DEFAULT_WAIT, details }
        }
        _ => sign_in_again(claims, details),
    }
}

fn operator(details: EntraDetails) -> ExchangeFailure {
    let Advice { cause, fix } = advice::of(&details.codes);
    let codes: Vec<_> = details.codes.iter().map(|code| format!("AADSTS{code}")).collect();
    let advice = match codes.as_slice() {
        [] => format!("{}: {cause}; {fix}", details.error),
        codes => format!("{} ({}): {cause}; {fix}", codes.join(", "), details.error),
    };
    ExchangeFailure::Operator { details, advice }
}

#[cfg(test)]
mod tests {
    //! Proves the table. That Entra still answers like this, only a live tenant can show.

    use super::*;

    /// Status, `error`, `suberror`, AADSTS numbers, whether there are claims; and the class.
    type Row = (u16, &'static str, &'static str, &'static [u32], bool, &'static str);

    const CLAIMS: &str = r#"{"access_token":{"capolids":{"essential":true,"values":["p"]}}}"#;

    fn refusal(error: &str, suberror: &str, codes: &[u32], claims: bool) -> EntraError {
        EntraError {
            details: EntraDetails {
                error: error.to_owned(),
                suberror: (!suberror.is_empty()).then(|| suberror.to_owned()),
                codes: codes.to_vec(),
                ..EntraDetails::default()
            },
            claims: claims.then(|| ClaimsChallenge::parse(CLAIMS).unwrap()),
        }
    }

    #[test]
    fn every_refusal_has_somebody_who_must_act() {
        let table: &[Row] = &[
            // the user: what the claims say
            (400, "interaction_required", "", &[50079], true, "interaction_required"),
            (400, "interaction_required", "basic_action", &[50076], true, "interaction_required"),
            (400, "interaction_required", "additional_action", &[53000], true, "interaction_required"),
            (400, "invalid_grant", "basic_action", &[50076], true, "interaction_required"),
            (400, "invalid_grant", "user_password_expired", &[50055], true, "interaction_required"),
            (400, "invalid_grant", "", &[50076], true, "interaction_required"),
            (400, "login_required", "", &[50058], true, "interaction_required"),
            // the same without claims: a plain sign-in would be refused again
            (400, "interaction_required", "", &[50076], false, "interaction_required"),
            (400, "interaction_required", "basic_action", &[50076], false, "interaction_required"),
            (400, "interaction_required", "", &[16000], false, "interaction_required"),
            (400, "invalid_grant", "basic_action", &[50079], false, "interaction_required"),
            (400, "invalid_grant", "additional_action", &[53000], false, "interaction_required"),
            // the user: a fresh sign-in
            (400, "invalid_grant", "bad_token", &[50173], false, "assertion_refused"),
            (400, "interaction_required", "bad_token", &[50173], false, "assertion_refused"),
            (400, "invalid_grant", "user_password_expired", &[50055], false, "assertion_refused"),
            (400, "login_required", "", &[50058], false, "assertion_refused"),
            (400, "invalid_grant", "", &[500_133], false, "assertion_refused"),
            (400, "invalid_grant", "", &[50132], false, "assertion_refused"),
            (400, "invalid_grant", "", &[70043], false, "assertion_refused"),
            (400, "invalid_grant", "", &[999_999], false, "assertion_refused"),
            (400, "invalid_grant", "", &[], false, "assertion_refused"),
            (400, "invalid_grant", "not_invented_yet", &[500_133], false, "assertion_refused"),
            // consent
            (400, "invalid_grant", "consent_required", &[65001], false, "consent_required"),
            (400, "interaction_required", "consent_required", &[65001], true, "consent_required"),
            (400, "consent_required", "", &[65001], false, "consent_required"),
            (400, "invalid_grant", "", &[65001], false, "consent_required"),
            (400, "invalid_grant", "", &[90094], false, "consent_required"),
            // an administrator
            (400, "invalid_grant", "message_only", &[53003], true, "access_blocked"),
            (400, "interaction_required", "message_only", &[53003], true, "access_blocked"),
            (400, "invalid_grant", "protection_policy_required", &[53005], true, "access_blocked"),
            (400, "access_denied", "", &[], false, "access_blocked"),
            (400, "invalid_grant", "", &[50053], false, "access_blocked"),
            (400, "invalid_grant", "", &[50057], true, "access_blocked"),
            (400, "invalid_grant", "", &[50105], false, "access_blocked"),
            (400, "invalid_grant", "", &[50020], false, "access_blocked"),
            (400, "invalid_grant", "", &[50034, 50132], false, "access_blocked"),
            (400, "invalid_grant", "", &[51004], false, "access_blocked"),
            (400, "invalid_grant", "", &[50131], false, "access_blocked"),
            (400, "invalid_grant", "", &[53003], false, "access_blocked"),
            (400, "invalid_grant", "", &[530_032], false, "access_blocked"),
            // the operator
            (401, "invalid_client", "", &[700_027], false, "operator_fault"),
            (401, "invalid_client", "", &[7_000_215], false, "operator_fault"),
            (400, "unauthorized_client", "", &[700_016], false, "operator_fault"),
            (400, "invalid_resource", "", &[500_011], false, "operator_fault"),
            (400, "invalid_scope", "", &[70011], false, "operator_fault"),
            (400, "invalid_request", "", &[90002], false, "operator_fault"),
            (400, "unsupported_grant_type", "", &[70003], false, "operator_fault"),
            (400, "invalid_grant", "", &[50013], false, "operator_fault"),
            (400, "invalid_grant", "", &[500_131], false, "operator_fault"),
            (400, "invalid_grant", "", &[50027], false, "operator_fault"),
            (400, "invalid_grant", "", &[7_000_114], false, "operator_fault"),
            (400, "never_seen_before", "", &[424_242], false, "operator_fault"),
            (400, "never_seen_before", "basic_action", &[], true, "operator_fault"),
            // nobody
            (429, "invalid_request", "", &[90055], false, "temporarily_unavailable"),
            (429, "invalid_grant", "", &[50053], false, "temporarily_unavailable"),
            (503, "temporarily_unavailable", "", &[90033], false, "temporarily_unavailable"),
            (500, "invalid_client", "", &[], false, "temporarily_unavailable"),
            (400, "temporarily_unavailable", "", &[90033], false, "temporarily_unavailable"),
            (400, "server_error", "", &[], false, "temporarily_unavailable"),
            (400, "invalid_grant", "", &[90033], false, "temporarily_unavailable"),
            (400, "invalid_grant", "", &[50196], false, "temporarily_unavailable"),
            (400, "invalid_client", "", &[70002, 50196], false, "temporarily_unavailable"),
        ];
        for &(status, error, suberror, codes, claims, expected) in table {
            let status = StatusCode::from_u16(status).unwrap();
            let failure = classify(status, refusal(error, suberror, codes, claims), None);
            assert_eq!(failure.class(), expected, "{status} {error} {suberror} {codes:?} {claims}");
            assert_eq!(failure.to_string(), failure.class());
        }
    }

    #[test]
    fn only_failures_about_one_user_are_remembered() {
        let remembered = |status, error, codes: &[u32]| {
            let status = StatusCode::from_u16(status).unwrap();
            remembered_for(&classify(status, refusal(error, "", codes, false), None)).as_secs()
        };
        assert_eq!(remembered(400, "invalid_grant", &[500_133]), 60);
        assert_eq!(remembered(400, "invalid_grant", &[50057]), 60);
        assert_eq!(remembered(400, "consent_required", &[65001]), 60);
        assert_eq!(remembered(400, "invalid_request", &[50196]), 60);
        assert_eq!(remembered(429, "invalid_grant", &[50053]), 60);
        assert_eq!(remembered(401, "invalid_client", &[700_027]), 0);
        assert_eq!(remembered(429, "invalid_request", &[90055]), 0);
        assert_eq!(remembered(503, "", &[]), 0);
        assert_eq!(remembered(400, "invalid_grant", &[50013]), 0);
    }

    #[test]
    fn the_wait_is_what_entra_said() {
        let wait =
            |codes: &[u32], said| match classify(StatusCode::TOO_MANY_REQUESTS, refusal("", "", codes, false), said) {
                ExchangeFailure::Transient { retry_after, .. } => retry_after.as_secs(),
                other => panic!("{other}"),
            };
        assert_eq!(wait(&[], Some(Duration::from_secs(17))), 17);
        assert_eq!(wait(&[], None), 5);
        assert_eq!(wait(&[50196], Some(Duration::from_secs(1))), 60);
    }

    #[test]
    fn an_answer_that_is_not_entras_is_the_operators_unless_the_status_says_overload() {
        for (status, expected) in [
            (200, "operator_fault"),
            (302, "operator_fault"),
            (404, "operator_fault"),
            (407, "operator_fault"),
            (429, "temporarily_unavailable"),
            (502, "temporarily_unavailable"),
        ] {
            assert_eq!(unreadable(StatusCode::from_u16(status).unwrap(), None).class(), expected, "{status}");
        }
    }

    #[test]
    fn the_operator_is_told_cause_and_fix_with_entras_code() {
        let failure = classify(StatusCode::UNAUTHORIZED, refusal("invalid_client", "", &[7_000_222], false), None);
        let ExchangeFailure::Operator { advice, .. } = failure else { panic!("{failure}") };
        insta::assert_snapshot!(advice, @"AADSTS7000222 (invalid_client): the registration's credential is invalid or has expired; register the certificate that this server uses: az ad app credential reset --id <AZURE_CLIENT_ID> --append --cert @<certificate.pem>, or --keyvault <vault> --cert <OBO_CERTIFICATE_NAME>");
        let failure = classify(StatusCode::BAD_REQUEST, refusal("brand_new", "", &[424_242], false), None);
        let ExchangeFailure::Operator { advice, .. } = failure else { panic!("{failure}") };
        insta::assert_snapshot!(advice, @"AADSTS424242 (brand_new): Entra refused for a reason that this server does not know; look the code up at https://login.microsoftonline.com/error, and the correlation id in the sign-in log of Microsoft Entra ID");
    }
}
