//! Verdicts on what Entra answered: to this server as itself, and On-Behalf-Of a caller.

use identity::{
    Caller, ExchangeFailure,
    exchange::{EntraDetails, advice},
};

use super::{
    commands::Commands,
    finding::{Check, Finding},
};

/// Codes that mean: what this server signs with is not what is registered, or not any more.
const ABOUT_CERTIFICATE: [u32; 7] = [700_027, 1_000_502, 7_000_214, 7_000_215, 7_000_222, 7_000_274, 7_000_277];

/// Codes that mean: the registration does not ask for `user_impersonation` of Resource Manager.
const ABOUT_AZURE_PERMISSION: [u32; 3] = [65005, 650_056, 650_057];

/// What became of the exchange.
pub(super) enum Outcome {
    /// Entra answered, or did not.
    Asked(Result<(), ExchangeFailure>),
    /// A service, or a user without a scope: no call of theirs reaches the exchange.
    NotForThisCaller,
}

/// The answer to this server as itself: only what concerns credential and registration.
pub(super) fn registration(commands: &Commands<'_>, answer: Option<&Result<(), ExchangeFailure>>) -> Finding {
    const CHECK: Check = Check::Registration;
    match answer {
        None => Finding::too_slow(CHECK),
        Some(Ok(())) => {
            Finding::ok(CHECK, format!("Entra accepts the credential for AZURE_CLIENT_ID {}", commands.settings.client))
        }
        Some(Err(ExchangeFailure::Transient { .. })) => busy(CHECK),
        Some(Err(failure)) => operator(CHECK, commands, failure),
    }
}

/// The answer to an exchange for `caller`.
pub(super) fn on_behalf_of(commands: &Commands<'_>, caller: &Caller, answer: Option<&Outcome>) -> Finding {
    const CHECK: Check = Check::OnBehalfOf;
    match answer {
        None => Finding::too_slow(CHECK),
        Some(Outcome::NotForThisCaller) if caller.is_user() => {
            Finding::not_checked(CHECK, "the token holds no scope of this server")
        }
        Some(Outcome::NotForThisCaller) => Finding::not_checked(CHECK, "a service's own token is never exchanged"),
        Some(Outcome::Asked(Ok(()))) => {
            Finding::ok(CHECK, format!("Entra gives a token for {} as this person", commands.settings.resource_manager))
        }
        Some(Outcome::Asked(Err(failure))) => exchange_failed(commands, failure),
    }
}

fn exchange_failed(commands: &Commands<'_>, failure: &ExchangeFailure) -> Finding {
    const CHECK: Check = Check::OnBehalfOf;
    let said = said(failure.details());
    match failure {
        ExchangeFailure::ConsentRequired { .. } => {
            Finding::failed(CHECK, format!("{said}: nobody has consented to this server reading Azure for this person"))
                .fix(commands.admin_consent())
        }
        ExchangeFailure::InteractionRequired { details, .. } => Finding::failed(
            CHECK,
            format!("{said}: {}", demanded(details)),
        )
        .fix(format!(
            "sign in again in the client and satisfy it; a client that ignores claims challenges must sign out and in \
                 again. Which policy it is: {}",
            sign_in_log(details)
        )),
        ExchangeFailure::AssertionRefused { details } => {
            let what = match details.code() {
                Some(50076 | 50079 | 50158) => demanded(details),
                _ => "Entra no longer accepts this sign-in",
            };
            Finding::failed(CHECK, format!("{said}: {what}")).fix("sign out and in again in the client")
        }
        ExchangeFailure::AccessBlocked { details } => {
            Finding::failed(CHECK, format!("{said}: a policy or the state of the account blocks this person")).fix(
                format!("signing in again does not help; an administrator finds the cause in {}", sign_in_log(details)),
            )
        }
        ExchangeFailure::Transient { .. } => busy(CHECK),
        _ => operator(CHECK, commands, failure),
    }
}

/// What Conditional Access wants of the person.
fn demanded(details: &EntraDetails) -> &'static str {
    match details.code() {
        Some(50076 | 50074) => "Conditional Access demands a second factor for Azure",
        Some(50079 | 50072) => "this person must register for a second factor first",
        Some(50158) => "Conditional Access demands an external challenge, for example another provider's second factor",
        Some(53000 | 53001) => "Conditional Access demands a compliant or joined device",
        Some(50055) => "the password has expired",
        _ => "Entra demands more of this sign-in",
    }
}

fn operator(check: Check, commands: &Commands<'_>, failure: &ExchangeFailure) -> Finding {
    let details = failure.details();
    let Some(code) = details.code() else {
        return match failure {
            // the credential failed, or the answer is not Entra's: the advice is a sentence of this server
            ExchangeFailure::Operator { advice, .. } => Finding::told(check, advice),
            _ => Finding::failed(check, said(details)),
        };
    };
    let advice = advice::of(&[code]);
    let fix = match code {
        code if ABOUT_CERTIFICATE.contains(&code) => commands.register_certificate(),
        code if ABOUT_AZURE_PERMISSION.contains(&code) => {
            format!("{}; then {}", commands.filled(advice.fix), commands.admin_consent())
        }
        _ => commands.filled(advice.fix),
    };
    Finding::failed(check, format!("{}: {}", said(details), advice.cause)).fix(fix)
}

fn busy(check: Check) -> Finding {
    Finding::failed(check, "Entra did not answer, or is throttling").fix("try again in a minute")
}

/// `AADSTS65001 (invalid_grant)`.
fn said(details: &EntraDetails) -> String {
    match details.code() {
        Some(code) => format!("AADSTS{code} ({})", details.error),
        None => details.error.clone(),
    }
}

fn sign_in_log(details: &EntraDetails) -> String {
    format!("Entra's sign-in log, correlation id {}", details.correlation_id.as_deref().unwrap_or("unknown"))
}
