//! What one check found.

use serde::Serialize;

/// One thing that is looked at, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    Settings,
    PublicUrl,
    TlsRoots,
    Authority,
    Credential,
    Registration,
    TokenVersion,
    TokenAudience,
    TokenTenant,
    TokenLifetime,
    TokenKind,
    TokenPermissions,
    TokenAccepted,
    OnBehalfOf,
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ok,
    /// It works, and somebody will be surprised.
    Warning,
    Failed,
    /// Nothing is known: the detail says why.
    NotChecked,
}

/// One line of the report. Its text is this server's own, or an error's; nothing of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) status: Status,
    pub(super) detail: String,
    /// How to repair it, as a command to paste where there is one.
    pub(super) fix: Option<String>,
}

impl Check {
    pub(super) const ALL: [Self; 14] = [
        Self::Settings,
        Self::PublicUrl,
        Self::TlsRoots,
        Self::Authority,
        Self::Credential,
        Self::Registration,
        Self::TokenVersion,
        Self::TokenAudience,
        Self::TokenTenant,
        Self::TokenLifetime,
        Self::TokenKind,
        Self::TokenPermissions,
        Self::TokenAccepted,
        Self::OnBehalfOf,
    ];

    /// As the report shows it; the same words as in JSON.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::PublicUrl => "public url",
            Self::TlsRoots => "tls roots",
            Self::Authority => "authority",
            Self::Credential => "credential",
            Self::Registration => "registration",
            Self::TokenVersion => "token version",
            Self::TokenAudience => "token audience",
            Self::TokenTenant => "token tenant",
            Self::TokenLifetime => "token lifetime",
            Self::TokenKind => "token kind",
            Self::TokenPermissions => "token permissions",
            Self::TokenAccepted => "token accepted",
            Self::OnBehalfOf => "on behalf of",
        }
    }
}

impl Status {
    pub(super) fn mark(self) -> char {
        match self {
            Self::Ok => '✓',
            Self::Warning => '!',
            Self::Failed => '✗',
            Self::NotChecked => '–',
        }
    }
}

impl Finding {
    fn new(check: Check, status: Status, detail: impl Into<String>) -> Self {
        Self { check, status, detail: detail.into(), fix: None }
    }

    pub(super) fn ok(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    pub(super) fn warning(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, detail)
    }

    pub(super) fn failed(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, detail)
    }

    pub(super) fn not_checked(check: Check, why: &str) -> Self {
        Self::new(check, Status::NotChecked, why)
    }

    /// The time for all checks was up.
    pub(super) fn too_slow(check: Check) -> Self {
        Self::failed(check, "no answer in time").fix("look for what is slow: name resolution, proxy, firewall")
    }

    /// The same status for the same reason.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.status, &self.detail, &self.fix) == (other.status, &other.detail, &other.fix)
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// A failure in a sentence of this server: what is wrong, and after the first semicolon how to repair it.
    pub(super) fn told(check: Check, sentence: &str) -> Self {
        match sentence.split_once("; ") {
            Some((wrong, fix)) => Self::failed(check, wrong).fix(fix),
            None => Self::failed(check, sentence),
        }
    }
}
