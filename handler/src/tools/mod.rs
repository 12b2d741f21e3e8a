//! The tools: one file each, and the registry that checks the permission before anything runs.
//!
//! A call goes one way: permission → arguments → exchange → Azure. The first failure ends it, and every call leaves
//! exactly one line in the [audit](crate::audit).
//!
//! A new tool is one file with its arguments, its answer, its text and a `tool()`, and one line in `registry`.

mod arguments;
mod breakdown;
mod cost_budgets;
mod cost_by_service;
mod cost_compare;
mod cost_dimension_values;
mod cost_export;
mod cost_forecast;
mod cost_query;
mod count;
mod csv_file;
mod diagnostics;
mod facts;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod group_by;
mod one_or_many;
mod registry;
mod schema;
mod search_text;
mod series;
mod stop;
mod subject;
mod subscriptions_list;
mod table;
mod whoami;
mod yes_or_no;

use std::{borrow::Cow, sync::Arc, time::Duration};

use arguments::Arguments;
use diagnostics::Instance;
use identity::{
    Caller, ClientId, ExchangeFailure, PermissionRefusal, UnixTime, caller::SigningKeys, exchange::ClaimsChallenge,
};
use registry::{Answer, AnyoneCall, AppCall, Registry, Run, Tool, UserCall};
pub use registry::{ToolName, UnknownTool};
use serde_json::{Value, value::RawValue};
use stop::Stop;

use crate::{
    audit::{Attempt, CallIds, Decision, Principal, Record},
    azure::{Gateway, Name},
    mcp::{ToolCall, ToolResult},
};

/// For a whole call, exchange and pages included. Far below the host's own timeout, which would restart the handler and
/// end every other call with it.
const CALL_DEADLINE: Duration = Duration::from_secs(50);

/// The tools over one way to Azure.
pub struct Tools {
    gateway: Gateway,
    keys: Arc<SigningKeys>,
    started_at: UnixTime,
    registry: Registry,
}

/// Why a call ends before its tool can answer. `http` renders it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such tool. The name is cleaned.
    #[error("Unknown tool: {0}")]
    UnknownTool(String),
    /// The caller lacks the tool's permission.
    #[error("{refusal}")]
    Permission {
        /// Which tool.
        tool: &'static str,
        /// What is missing.
        refusal: PermissionRefusal,
    },
    /// Entra gave no token for this caller.
    #[error(transparent)]
    Exchange(#[from] ExchangeFailure),
    /// Azure demands another sign-in of this caller.
    #[error("interaction_required")]
    ClaimsChallenge(ClaimsChallenge),
}

impl Tools {
    /// All tools but the `disabled` ones. `client` is this server's registration, and `app_id_uri` begins the full name of
    /// every scope. Fails only if a definition is no JSON.
    pub fn new(
        gateway: Gateway,
        keys: Arc<SigningKeys>,
        client: ClientId,
        app_id_uri: String,
        disabled: &[ToolName],
    ) -> Result<Self, serde_json::Error> {
        let registry = Registry::new(app_id_uri, client, disabled)?;
        Ok(Self { keys, started_at: gateway.now(), gateway, registry })
    }

    /// The definitions `tools/list` shows this caller, in alphabetical order, as a JSON array.
    #[must_use]
    pub fn listed(&self, caller: &Caller) -> &RawValue {
        self.registry.listed(caller.is_user(), |role| caller.has_role(role))
    }

    /// Judges and runs one call, and writes its audit line.
    pub async fn call(&self, caller: &Caller, call: &ToolCall, ids: &CallIds) -> Result<ToolResult, Refusal> {
        let principal = Principal::of(caller);
        let tool = self.registry.find(&call.name, caller.is_user());
        let record = Record::begin(&principal, attempt(tool, call), ids);
        let outcome = tokio::time::timeout(CALL_DEADLINE, self.run(tool, caller, call, ids)).await;
        match outcome.unwrap_or(Err(Stop::TooSlow)) {
            Ok(Answer { text, structured }) => {
                record.decide(Decision::Accept, None);
                Ok(ToolResult::Answer { text, structured })
            }
            Err(stop) => {
                let (decision, reason, result) = stop.settle(&principal, ids);
                record.decide(decision, Some(&reason));
                result
            }
        }
    }

    async fn run(&self, tool: Option<&Tool>, caller: &Caller, call: &ToolCall, ids: &CallIds) -> Result<Answer, Stop> {
        let tool = tool.ok_or_else(|| Stop::Refused(Refusal::UnknownTool(Name::new(&call.name).to_string())))?;
        let arguments = Arguments::new(&call.arguments, &tool.input);
        let refused = |refusal| Stop::Refused(Refusal::Permission { tool: tool.name, refusal });
        match tool.run {
            Run::Anyone(run) => Ok(run(&AnyoneCall::new(caller, &self.registry, arguments))?),
            Run::User(scope, run) => {
                let grant = caller.as_user(scope).map_err(refused)?;
                run(UserCall::new(grant, &self.gateway, arguments, ids.correlation_id)).await
            }
            Run::App(role, run) => {
                let grant = caller.as_app(role).map_err(refused)?;
                Ok(run(&AppCall::new(grant, self.instance(), arguments))?)
            }
        }
    }

    fn instance(&self) -> Instance {
        Instance {
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.started_at,
            now: self.gateway.now(),
            keys: self.keys.status(),
            exchange: self.gateway.exchange_status(),
        }
    }
}

fn attempt(tool: Option<&Tool>, call: &ToolCall) -> Attempt {
    let argument = |name: &str| call.arguments.get(name).and_then(Value::as_str);
    Attempt {
        tool: tool.map(|tool| tool.name),
        permission: tool.map(Tool::permission),
        subscription: argument("subscriptionId").and_then(|id| id.parse().ok()),
        management_group: argument("managementGroupId").and_then(|id| id.parse().ok()),
    }
}

impl Refusal {
    /// What the audit calls it.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self {
            Self::Permission { refusal, .. } => match refusal {
                PermissionRefusal::MissingScope(_) | PermissionRefusal::UserTokenRequired => Decision::DenyScope,
                _ => Decision::DenyRole,
            },
            Self::Exchange(ExchangeFailure::InteractionRequired { .. }) | Self::ClaimsChallenge(_) => {
                Decision::DenyConditionalAccess
            }
            Self::Exchange(ExchangeFailure::ConsentRequired { .. }) => Decision::DenyConsent,
            Self::Exchange(ExchangeFailure::AccessBlocked { .. }) => Decision::DenyPolicy,
            Self::UnknownTool(_) | Self::Exchange(_) => Decision::Error,
        }
    }

    /// A stable code, free of the caller's words.
    #[must_use]
    pub fn reason(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownTool(_) => "unknown_tool".into(),
            other => other.to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests;
