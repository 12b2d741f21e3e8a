//! Why an exchange failed, decided by who must act.

use std::time::Duration;

use super::ClaimsChallenge;

/// What Entra said, for logs and for the person who must act. Holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntraDetails {
    /// `error`, for example `invalid_grant`.
    pub error: String,
    /// `suberror`, for example `basic_action`.
    pub suberror: Option<String>,
    /// `error_codes`, the AADSTS numbers, the deciding one first.
    pub codes: Vec<u32>,
    /// `correlation_id`: with it Microsoft support and the sign-in log find the attempt.
    pub correlation_id: Option<String>,
    /// `trace_id`.
    pub trace_id: Option<String>,
}

/// Why there is no token, by who must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeFailure {
    /// The user must satisfy a policy (multi-factor sign-in, a compliant device, a new password): sign in with `claims`.
    #[error("interaction_required")]
    InteractionRequired {
        /// What the next token must satisfy, if Entra said it. It is a demand all the same: another token of the same
        /// session would be refused likewise.
        claims: Option<ClaimsChallenge>,
        /// What Entra said.
        details: EntraDetails,
    },
    /// The user's token is expired, revoked, or its session ended: a fresh sign-in without further demands.
    #[error("assertion_refused")]
    AssertionRefused {
        /// What Entra said.
        details: EntraDetails,
    },
    /// Nobody consented to this server reading Azure for the user. The user or an administrator must.
    #[error("consent_required")]
    ConsentRequired {
        /// What Entra said.
        details: EntraDetails,
    },
    /// A policy or the account's state forbids it, and signing in again can't help. An administrator must act.
    #[error("access_blocked")]
    AccessBlocked {
        /// What Entra said.
        details: EntraDetails,
    },
    /// This server's registration, credential or settings are wrong. Its operator must act; the log has cause and fix.
    #[error("operator_fault")]
    Operator {
        /// What Entra said; empty when the credential failed before Entra was asked.
        details: EntraDetails,
        /// For the log: what is wrong and the fix.
        advice: String,
    },
    /// Entra is throttling or down. Nobody must act; try again.
    #[error("temporarily_unavailable")]
    Transient {
        /// When to try again.
        retry_after: Duration,
        /// What Entra said, if anything.
        details: EntraDetails,
    },
}

impl EntraDetails {
    /// The AADSTS number that decides, if Entra named one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        self.codes.first().copied()
    }
}

impl ExchangeFailure {
    /// What Entra said.
    #[must_use]
    pub fn details(&self) -> &EntraDetails {
        match self {
            Self::InteractionRequired { details, .. }
            | Self::AssertionRefused { details }
            | Self::ConsentRequired { details }
            | Self::AccessBlocked { details }
            | Self::Operator { details, .. }
            | Self::Transient { details, .. } => details,
        }
    }

    /// The class, for logs: the same word as the `Display` text.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::InteractionRequired { .. } => "interaction_required",
            Self::AssertionRefused { .. } => "assertion_refused",
            Self::ConsentRequired { .. } => "consent_required",
            Self::AccessBlocked { .. } => "access_blocked",
            Self::Operator { .. } => "operator_fault",
            Self::Transient { .. } => "temporarily_unavailable",
        }
    }

    /// Where Entra gave no correlation id, ours takes its place: a failure can always be found in the log.
    pub(super) fn or_correlation_id(mut self, correlation_id: uuid::Uuid) -> Self {
        let details = match &mut self {
            Self::InteractionRequired { details, .. }
            | Self::AssertionRefused { details }
            | Self::ConsentRequired { details }
            | Self::AccessBlocked { details }
            | Self::Operator { details, .. }
            | Self::Transient { details, .. } => details,
        };
        details.correlation_id.get_or_insert_with(|| correlation_id.to_string());
        self
    }
}
