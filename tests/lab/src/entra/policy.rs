//! Conditional Access for Resource Manager.
//!
//! A policy looks at the assertion that is presented, not at the person: a second sign-in that satisfies it succeeds,
//! and the first one goes on failing. A cache keyed by the person would show.

use serde_json::json;

use super::EntraError;
use crate::jwt::Jwt;

/// What a policy demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Multi-factor authentication.
    Mfa,
    /// Nothing helps.
    Block,
}

/// A policy of the tenant.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) demand: Demand,
}

/// Resource Manager's application id, the same in every tenant.
const AZURE_RESOURCE_MANAGER: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

impl Policy {
    /// Judges a sign-in by its token.
    pub(super) fn judge(&self, assertion: &Jwt) -> Result<(), EntraError> {
        let claims = json!({ "access_token": { "capolids": { "essential": true, "values": [self.id] } } });
        match self.demand {
            Demand::Mfa if has_mfa(assertion) => Ok(()),
            Demand::Mfa => Err(mfa_required().claims(claims)),
            Demand::Block => {
                let message = "Access has been blocked by Conditional Access policies. The access policy does not \
                               allow token issuance.";
                Err(EntraError::invalid_grant(53_003, message).suberror("message_only").claims(claims))
            }
        }
    }
}

/// Whether the token's sign-in was multi-factor: `amr` says so, or the authentication context `p1` is satisfied.
pub(super) fn has_mfa(assertion: &Jwt) -> bool {
    assertion.lists("amr", "mfa") || assertion.lists("acrs", "p1")
}

/// AADSTS50076; the claims are to be added.
pub(super) fn mfa_required() -> EntraError {
    let message = format!(
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must \
         use multi-factor authentication to access '{AZURE_RESOURCE_MANAGER}'."
    );
    EntraError::interaction_required(50_076, message).suberror("basic_action")
}
