//! Verdicts on the deployment itself: settings, addresses, keys, credential.

use std::sync::Arc;

use identity::{
    UnixTime,
    caller::{KeysFailure, KeysStatus},
    exchange::credential::{Credential, CredentialDescription, CredentialError},
};
use time::OffsetDateTime;

use super::{
    commands::Commands,
    finding::{Check, Finding},
};
use crate::settings::{Problem, Settings};

/// Below so many days a certificate's end is worth a warning: a new one must be made, registered and used by then.
const WARN_DAYS: i64 = 30;

pub(super) fn problem(problem: &Problem) -> Finding {
    Finding::failed(Check::Settings, format!("{} {}", problem.variable, problem.wrong)).fix(problem.fix)
}

pub(super) fn roots(count: usize) -> Finding {
    match count {
        0 => Finding::failed(Check::TlsRoots, "no certificate authority is trusted: every https request fails")
            .fix("install the system's ca-certificates, or set SSL_CERT_FILE to a PEM file with the authorities"),
        1 => Finding::ok(Check::TlsRoots, "1 certificate authority is trusted"),
        count => Finding::ok(Check::TlsRoots, format!("{count} certificate authorities are trusted")),
    }
}

/// Entra takes an RFC 8707 `resource` only when it is the application id URI of the scope that is asked for.
pub(super) fn public_url(settings: &Settings) -> Finding {
    let Settings { application, public_url, .. } = settings;
    if *application == format!("{public_url}/mcp") {
        return Finding::ok(Check::PublicUrl, "APP_ID_URI is the address of the MCP endpoint");
    }
    let finding = Finding::warning(
        Check::PublicUrl,
        format!(
            "APP_ID_URI is {application}, the MCP endpoint {public_url}/mcp: Entra refuses clients that send the endpoint \
             as RFC 8707 resource (AADSTS9010010, resource and scope don't match)"
        ),
    );
    if public_url.starts_with("https://") {
        let update = Commands::new(settings).add_identifier();
        finding.fix(format!("on a verified domain: {update}, then set APP_ID_URI to {public_url}/mcp"))
    } else {
        finding
    }
}

pub(super) fn authority(commands: &Commands<'_>, keys: Option<&Result<KeysStatus, KeysFailure>>) -> Finding {
    let authority = &commands.settings.authority;
    match keys {
        None => Finding::too_slow(Check::Authority),
        Some(Ok(KeysStatus { count, .. })) => {
            Finding::ok(Check::Authority, format!("{} publishes {count} signing keys", authority.issuer()))
        }
        Some(Err(failure)) => {
            let finding =
                Finding::failed(Check::Authority, format!("no signing keys of {}: {failure}", authority.issuer()));
            finding.fix(if failure.is_unreachable {
                format!("check the network path, HTTPS_PROXY and AZURE_AUTHORITY_HOST: {}", commands.try_authority())
            } else {
                "check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST: az account show --query tenantId".to_owned()
            })
        }
    }
}

/// Loading checks that the key is the certificate's and that it is valid now.
pub(super) fn credential(loaded: Option<&Result<Arc<dyn Credential>, CredentialError>>, now: UnixTime) -> Finding {
    match loaded {
        None => Finding::too_slow(Check::Credential),
        Some(Err(error)) => Finding::told(Check::Credential, &error.to_string()),
        Some(Ok(credential)) => describe(&credential.description(), now),
    }
}

fn describe(description: &CredentialDescription, now: UnixTime) -> Finding {
    let CredentialDescription { kind, thumbprint, expires_at } = description;
    let thumbprint = thumbprint.as_ref().map(|hex| format!(", SHA-256 {hex}")).unwrap_or_default();
    let Some(expires_at) = expires_at else { return Finding::ok(Check::Credential, format!("{kind}{thumbprint}")) };
    let days = (expires_at.0 - now.0).max(0) / (24 * 60 * 60);
    let detail = format!("{kind}{thumbprint}, ends on {} (in {days} days)", date(*expires_at));
    if days >= WARN_DAYS {
        return Finding::ok(Check::Credential, detail);
    }
    Finding::warning(Check::Credential, detail)
        .fix("make another version, register it while this one still serves, and let this server use it")
}

fn date(time: UnixTime) -> String {
    OffsetDateTime::from_unix_timestamp(time.0)
        .map_or_else(|_| "an unknown day".to_owned(), |time| time.date().to_string())
}

#[cfg(test)]
mod tests {
    //! Proves the verdicts that the local Azure can't bring about one by one.

    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn an_end_within_thirty_days_is_a_warning() {
        let now = UnixTime(1_767_225_600);
        let status = |days: i64| {
            let expires_at = Some(UnixTime(now.0 + days * 86_400));
            let description =
                CredentialDescription { kind: "a file".into(), thumbprint: Some("ab".into()), expires_at };
            describe(&description, now)
        };
        assert_eq!(status(30).status, Status::Ok);
        assert_eq!(status(29).status, Status::Warning);
        assert_eq!(status(29).detail, "a file, SHA-256 ab, ends on 2026-01-30 (in 29 days)");
        let endless = CredentialDescription { kind: "an identity".into(), thumbprint: None, expires_at: None };
        assert_eq!(describe(&endless, now), Finding::ok(Check::Credential, "an identity"));
    }

    #[test]
    fn no_root_is_a_failure() {
        assert_eq!(roots(0).status, Status::Failed);
        assert_eq!(roots(140).detail, "140 certificate authorities are trusted");
    }
}
