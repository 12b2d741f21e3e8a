//! Who was allowed what, and why: one line for every tool call, whatever becomes of it.
//!
//! The line is a `tracing` event of target `audit`. It names people and ids, and nothing of what they read.
//!
//! `docs/log-events.md` lists its fields.

use identity::Caller;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    azure::{ManagementGroup, SubscriptionId},
    telemetry,
};

/// Names of one call in logs and answers.
#[derive(Clone, Debug)]
pub struct CallIds {
    /// Ours. Entra and Azure log what they are asked under it too.
    pub correlation_id: Uuid,
    /// The W3C trace id, if the client or the host sent one.
    pub trace_id: Option<String>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The tool ran.
    Accept,
    /// The token lacks the tool's scope.
    DenyScope,
    /// The token lacks the tool's app role.
    DenyRole,
    /// Azure: the caller has no role on the scope.
    DenyRbac,
    /// Entra or Azure demands another sign-in.
    DenyConditionalAccess,
    /// Nobody consented to this server reading Azure for the caller.
    DenyConsent,
    /// A policy or the state of the account or the scope forbids it.
    DenyPolicy,
    /// Neither allowed nor denied: it failed.
    Error,
}

impl Decision {
    /// The value of `decision`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::DenyScope => "deny:scope",
            Self::DenyRole => "deny:role",
            Self::DenyRbac => "deny:rbac",
            Self::DenyConditionalAccess => "deny:conditional_access",
            Self::DenyConsent => "deny:consent",
            Self::DenyPolicy => "deny:policy",
            Self::Error => "error",
        }
    }
}

/// Who called, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Object id.
    pub oid: String,
    /// Tenant.
    pub tid: String,
    /// Client application.
    pub azp: String,
    /// Entra's id of the token.
    pub uti: Option<String>,
    /// `preferred_username`, `upn` or the object id: for reading, never for a decision.
    pub user: String,
}

impl Principal {
    /// The words for a caller.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        Self {
            oid: caller.object().to_string(),
            tid: caller.tenant().to_string(),
            azp: caller.client().to_string(),
            uti: caller.token_id().map(str::to_owned),
            user: caller.name().to_owned(),
        }
    }
}

/// What a call wants.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Only the name of a tool that exists: names made up by a caller are not logged.
    pub tool: Option<&'static str>,
    /// What the tool demands.
    pub permission: Option<&'static str>,
    /// The argument, if it is a GUID.
    pub subscription: Option<SubscriptionId>,
    /// The argument, if it can be the id of a management group.
    pub management_group: Option<ManagementGroup>,
}

/// The line of one call. It is written exactly once: by [`Record::decide`], or when the call is dropped undecided
/// because the client went away or this program panicked.
pub struct Record<'a> {
    principal: &'a Principal,
    attempt: Attempt,
    ids: &'a CallIds,
    began: Instant,
    decided: bool,
}

impl<'a> Record<'a> {
    /// Begins when the call does.
    #[must_use]
    pub fn begin(principal: &'a Principal, attempt: Attempt, ids: &'a CallIds) -> Self {
        Self { principal, attempt, ids, began: Instant::now(), decided: false }
    }

    /// Writes the line.
    pub fn decide(mut self, decision: Decision, reason: Option<&str>) {
        self.decided = true;
        self.write(decision, reason);
    }

    fn write(&self, decision: Decision, reason: Option<&str>) {
        let subscription = self.attempt.subscription.map(|id| id.to_string());
        let management_group = self.attempt.management_group.clone().map(String::from);
        tracing::info!(
            target: telemetry::AUDIT,
            event = "audit",
            decision = decision.name(),
            oid = self.principal.oid,
            tid = self.principal.tid,
            azp = self.principal.azp,
            uti = self.principal.uti.as_deref(),
            user = self.principal.user,
            tool = self.attempt.tool,
            permission = self.attempt.permission,
            subscription_id = subscription.as_deref(),
            management_group_id = management_group.as_deref(),
            reason,
            correlation_id = %self.ids.correlation_id,
            trace_id = self.ids.trace_id.as_deref(),
            duration_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "tool call judged"
        );
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.decided {
            let reason = if std::thread::panicking() { "panicked" } else { "client_gone" };
            self.write(Decision::Error, Some(reason));
        }
    }
}

#[cfg(test)]
mod tests {
    //! Proves what the audit holds, through a real subscriber. That the platform keeps the line needs a deployment.

    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use insta::assert_snapshot;
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(act: impl FnOnce(Record<'_>), attempt: Attempt) -> Vec<Value> {
        let principal = Principal {
            oid: "b0b0b0b0-0000-4000-8000-000000000001".into(),
            tid: "7e4a0000-0000-4000-8000-000000000001".into(),
            azp: "c11e0000-0000-4000-8000-000000000001".into(),
            uti: None,
            user: "bob@contoso.example".into(),
        };
        let ids = CallIds { correlation_id: Uuid::from_u128(0xc0_ffee), trace_id: None };
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || act(Record::begin(&principal, attempt, &ids)));
        let bytes = captured.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    const NOTHING: Attempt = Attempt { tool: None, permission: None, subscription: None, management_group: None };

    #[test]
    fn a_denied_call_says_who_wanted_what() {
        let attempt = Attempt {
            tool: Some("cost_by_service"),
            permission: Some("cost.read"),
            subscription: "0B1F6471-1BF0-4DDA-AEC3-CB9272F09590".parse().ok(),
            management_group: None,
        };
        let mut lines = lines(|record| record.decide(Decision::DenyRbac, Some("azure_access_denied")), attempt);
        let mut line = lines.remove(0);
        assert!(lines.is_empty(), "one line a call");
        line["timestamp"] = "[time]".into();
        line["duration_ms"] = "[time]".into();
        assert_snapshot!(format!("{line:#}"), @r#"
        {
          "azp": "c11e0000-0000-4000-8000-000000000001",
          "correlation_id": "00000000-0000-0000-0000-000000c0ffee",
          "decision": "deny:rbac",
          "duration_ms": "[time]",
          "event": "audit",
          "level": "INFO",
          "message": "tool call judged",
          "oid": "b0b0b0b0-0000-4000-8000-000000000001",
          "permission": "cost.read",
          "reason": "azure_access_denied",
          "subscription_id": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
          "target": "audit",
          "tid": "7e4a0000-0000-4000-8000-000000000001",
          "timestamp": "[time]",
          "tool": "cost_by_service",
          "user": "bob@contoso.example"
        }
        "#);
    }

    #[test]
    fn a_call_that_is_dropped_is_recorded_too() {
        let lines = lines(|record: Record<'_>| drop(record), NOTHING);
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0]["decision"].as_str(), lines[0]["reason"].as_str()), (Some("error"), Some("client_gone")));
    }

    #[test]
    fn a_call_that_panics_is_not_blamed_on_the_client() {
        let fault = |record: Record<'_>| {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _record = record;
                panic!("a fault of this program");
            }));
            assert!(outcome.is_err());
        };
        let lines = lines(fault, NOTHING);
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0]["decision"].as_str(), lines[0]["reason"].as_str()), (Some("error"), Some("panicked")));
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let lines = lines(|record| record.decide(Decision::Accept, None), NOTHING);
        for absent in ["tool", "permission", "subscription_id", "reason", "uti", "trace_id"] {
            assert_eq!(lines[0].get(absent), None, "{absent}");
        }
    }
}
