//! Why a tool has no answer, and how that is told: to the caller, to whoever must act, and to the audit.

use std::{borrow::Cow, time::Duration};

use serde_json::Map;

use super::{CALL_DEADLINE, Refusal, arguments::BadArgument};
use crate::{
    audit::{CallIds, Decision, Principal},
    azure::{CostError, CostFailure, CostScope, Name},
    mcp::{Explanation, ToolResult, Who},
};

/// Why a tool has no answer.
#[derive(Debug)]
pub(super) enum Stop {
    /// The caller is refused before or beside the tool; `http` tells it.
    Refused(Refusal),
    /// The arguments can't be used.
    Argument(BadArgument),
    /// The whole call took too long.
    TooSlow,
    /// Azure has no answer.
    Azure {
        error: CostError,
        /// About which costs.
        scope: CostScope,
    },
    /// Azure does not list the caller's subscriptions.
    Subscriptions(CostError),
}

/// What is told about one failure.
struct Account {
    decision: Decision,
    reason: &'static str,
    who: Who,
    /// What happened.
    sentence: String,
    /// The next step.
    how: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl From<BadArgument> for Stop {
    fn from(argument: BadArgument) -> Self {
        Self::Argument(argument)
    }
}

impl Stop {
    /// A question about `scope` failed.
    pub(super) fn failed(failure: CostFailure, scope: &CostScope) -> Self {
        Self::of(failure, |error| Self::Azure { error, scope: scope.clone() })
    }

    /// The question for the caller's subscriptions failed.
    pub(super) fn not_listed(failure: CostFailure) -> Self {
        Self::of(failure, Self::Subscriptions)
    }

    fn of(failure: CostFailure, of_error: impl FnOnce(CostError) -> Self) -> Self {
        match failure {
            CostFailure::Exchange(failure) => Self::Refused(Refusal::Exchange(failure)),
            CostFailure::ClaimsChallenge(challenge) => Self::Refused(Refusal::ClaimsChallenge(challenge)),
            CostFailure::Cost(error) => of_error(error),
        }
    }

    /// What the audit says, and what the caller gets.
    pub(super) fn settle(
        self,
        caller: &Principal,
        ids: &CallIds,
    ) -> (Decision, Cow<'static, str>, Result<ToolResult, Refusal>) {
        let account = match self {
            Self::Refused(refusal) => return (refusal.decision(), refusal.reason(), Err(refusal)),
            Self::Argument(argument) => Account::of_argument(argument),
            Self::TooSlow => Account::new(
                "deadline_exceeded",
                Who::Nobody,
                format!("the call did not end within {} seconds", CALL_DEADLINE.as_secs()),
                "Try again in a minute, or ask for fewer days.",
            ),
            Self::Azure { error, scope } => Account::of_azure(&error, &scope, caller).logged(&error, ids),
            Self::Subscriptions(error) => Account::without_scope(&error, caller).logged(&error, ids),
        };
        (account.decision, account.reason.into(), Ok(account.result(ids)))
    }
}

impl Account {
    fn new(reason: &'static str, who: Who, sentence: impl Into<String>, how: impl Into<Cow<'static, str>>) -> Self {
        Self { decision: Decision::Error, reason, who, sentence: sentence.into(), how: how.into(), retry_after: None }
    }

    fn decided(self, decision: Decision) -> Self {
        Self { decision, ..self }
    }

    fn after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// What the operator must act on is in the log too.
    fn logged(self, error: &CostError, ids: &CallIds) -> Self {
        if self.who == Who::Operator {
            // the error's own text holds nothing of Azure's answer but its codes
            let (reason, correlation_id) = (self.reason, ids.correlation_id);
            tracing::warn!(event = "azure_error", reason, %error, %correlation_id, "no usable answer");
        }
        self
    }

    fn of_argument(BadArgument { sentence, how }: BadArgument) -> Self {
        Self::new("bad_argument", Who::User, sentence, how)
    }

    /// The one table of what Azure may say. Its own words are passed on only where they name valid values, without ids.
    fn of_azure(error: &CostError, scope: &CostScope, caller: &Principal) -> Self {
        let user = Name::new(&caller.user);
        let is_management_group = scope.is_management_group();
        match error {
            CostError::AccessDenied => Self::new(
                "azure_access_denied",
                Who::Admin,
                // Cost Management says 401 for a missing role; a client that reads 401 would sign in again for nothing
                format!("403: caller ({user}) lacks Cost Management Reader on {scope}"),
                format!(
                    "{}Ask an administrator of it to assign the role, which takes effect within minutes: \
                     az role assignment create --assignee-object-id {} --assignee-principal-type User \
                     --role \"Cost Management Reader\" --scope \"{}\"",
                    if is_management_group { UNKNOWN_GROUP } else { "" },
                    caller.oid,
                    scope.resource_id()
                ),
            )
            .decided(Decision::DenyRbac),
            CostError::Forbidden(code) => Self::new(
                "azure_forbidden",
                Who::Admin,
                format!("403: Azure does not let caller ({user}) read {scope}{}", parenthesis(code)),
                "A role would not help. Ask an administrator of the subscription whether it is disabled or under a \
                 policy.",
            )
            .decided(Decision::DenyPolicy),
            CostError::OtherTenant => Self::new(
                "azure_other_tenant",
                Who::User,
                format!("401: {scope} belongs to another tenant than caller ({user})"),
                format!("Ask for a subscription of tenant {}; this server serves no other.", caller.tid),
            ),
            CostError::NotFound if is_management_group => Self::new(
                "azure_not_found",
                Who::User,
                format!("404: there is no {scope} that caller ({user}) can see"),
                format!("Check its id, which is not its display name. {SUMMED_UP}"),
            ),
            CostError::NotFound => Self::new(
                "azure_not_found",
                Who::User,
                format!("404: there is no {scope} that caller ({user}) can see"),
                "Check it: a subscription's id is a GUID, and neither a tenant's nor an application's; a resource group goes \
                 by its name.",
            ),
            CostError::NoData if is_management_group => Self::new(
                "azure_no_data",
                Who::User,
                format!("Azure has no costs of {scope} in this period"),
                format!("Ask for an earlier or a longer period. {SUMMED_UP}"),
            )
            .decided(Decision::Accept),
            CostError::NoData => Self::new(
                "azure_no_data",
                Who::User,
                format!("Azure has no costs of {scope} in this period"),
                "Ask for an earlier or a longer period. A new subscription shows costs after up to 48 hours; \
                 sponsored, student and classic partner subscriptions show none here.",
            )
            .decided(Decision::Accept),
            CostError::InvalidDimension(valid) => Self::new(
                "azure_invalid_dimension",
                Who::User,
                format!("400: Azure does not know that dimension for {scope}"),
                format!("Its agreement has these: {}. Ask for one of them.", valid.markdown()),
            ),
            CostError::BadRequest { status, message } if is_management_group => Self::new(
                "azure_management_group_unsupported",
                Who::User,
                format!("{}: Azure does not answer for {scope}: \"{}\"", status.as_u16(), message.markdown()),
                SUMMED_UP,
            ),
            CostError::BadRequest { status, message } => Self::new(
                "azure_bad_request",
                Who::Operator,
                format!("{}: Azure does not accept the query for {scope}: \"{}\"", status.as_u16(), message.markdown()),
                "The subscription's agreement may not support it. Give the operator the correlation id.",
            ),
            CostError::AccountCostDisabled => Self::new(
                "azure_account_cost_disabled",
                Who::Admin,
                format!("400: the enrollment of {scope} hides costs from its users"),
                "An enterprise administrator must enable \"AO view charges\" in the enrollment's policies; no \
                 role helps.",
            ),
            CostError::TokenRejected(_)
            | CostError::BudgetSpent { .. }
            | CostError::Throttled { .. }
            | CostError::Unavailable { .. }
            | CostError::Timeout(_)
            | CostError::Unreachable
            | CostError::TooLarge
            | CostError::ForeignLink
            | CostError::BadAnswer(_) => Self::without_scope(error, caller),
        }
    }

    /// What is the same whatever was asked about, the list of subscriptions included, which is about no scope.
    fn without_scope(error: &CostError, caller: &Principal) -> Self {
        let user = Name::new(&caller.user);
        match error {
            CostError::TokenRejected(code) => Self::new(
                "azure_token_rejected",
                Who::User,
                format!("401: Azure did not accept the sign-in of caller ({user}){}", parenthesis(code)),
                "Sign in again and repeat the call. If it stays so, give the operator the correlation id.",
            ),
            CostError::Throttled { retry_after } => Self::new(
                "azure_throttled",
                Who::Nobody,
                format!("429: Azure limits cost queries; try again in {} seconds", retry_after.as_secs()),
                "Wait that long before the next cost query about any subscription of this tenant.",
            )
            .after(Some(*retry_after)),
            CostError::BudgetSpent { retry_after } => Self::new(
                "caller_budget_spent",
                Who::User,
                format!(
                    "429: caller ({user}) has asked too much at once; try again in {} seconds",
                    retry_after.as_secs()
                ),
                "Azure gives the whole tenant a few cost queries a minute, so this server gives each person a share of \
                 them. Ask one question at a time, and for fewer months at once.",
            )
            .after(Some(*retry_after)),
            CostError::Unavailable { status, retry_after } => Self::new(
                "azure_unavailable",
                Who::Nobody,
                format!("{}: Cost Management is not available", status.as_u16()),
                retry_after.map_or("Try again in a minute.".into(), |wait| {
                    Cow::from(format!("Try again in {} seconds.", wait.as_secs()))
                }),
            )
            .after(*retry_after),
            CostError::Timeout(limit) => Self::new(
                "azure_timeout",
                Who::Nobody,
                format!("Azure did not answer within {} seconds", limit.as_secs()),
                "Try again in a minute, or ask for fewer days.",
            ),
            CostError::Unreachable => Self::new(
                "azure_unreachable",
                Who::Operator,
                "Azure could not be reached",
                "Try again in a minute. If it stays so, give the operator the correlation id.",
            ),
            CostError::TooLarge => Self::new(
                "azure_answer_too_large",
                Who::User,
                "Azure's answer is larger than this server reads",
                "Ask for fewer days.",
            ),
            CostError::ForeignLink => Self::new(
                "azure_foreign_link",
                Who::Operator,
                "Azure's answer continues at another address, which was not followed",
                "Give the operator the correlation id.",
            ),
            CostError::BadAnswer(what) => Self::new(
                "azure_bad_answer",
                Who::Operator,
                format!("Azure's answer can't be read: {what}"),
                "Give the operator the correlation id.",
            ),
            // Azure lists subscriptions to everyone it accepts: what it says of a scope is not to be expected here
            _ => Self::new(
                "azure_list_refused",
                Who::Operator,
                format!("Azure does not list the subscriptions of caller ({user})"),
                "Give the operator the correlation id. A subscription whose id is known can be asked about all the same.",
            ),
        }
    }

    /// The text says it all, because some clients show nothing else.
    fn result(self, ids: &CallIds) -> ToolResult {
        let Self { reason, who, sentence, how, retry_after, .. } = self;
        let correlation_id = ids.correlation_id.to_string();
        let text = format!("{sentence}\n{how}\nCorrelation id: {correlation_id}");
        let more = retry_after.map(|wait| ("retryAfterSeconds".to_owned(), wait.as_secs().into()));
        let more = Map::from_iter(more);
        let explanation = Explanation { reason: reason.to_owned(), who, how: how.into_owned(), correlation_id, more };
        ToolResult::Error { text, explanation }
    }
}

/// What Azure's refusal of a management group leaves open.
const UNKNOWN_GROUP: &str =
    "Azure says the same of a management group that does not exist: check its id, which is not its display name. ";

/// Why Azure may have no answer for a management group.
/// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes>
const SUMMED_UP: &str = "Azure sums up management groups under Enterprise Agreements and pay-as-you-go only, up to \
                         3000 subscriptions. Ask for each subscription instead; subscriptions_list names them.";

/// Azure's code, where it said one.
fn parenthesis(code: &Name) -> String {
    if code.is_empty() { String::new() } else { format!(" ({})", code.markdown()) }
}

#[cfg(test)]
mod tests;
