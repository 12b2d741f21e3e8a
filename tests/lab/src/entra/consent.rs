//! Who allowed which client to do what in a person's name.

use std::collections::HashSet;

use super::EntraError;
use crate::people::SERVER_CLIENT_ID;

/// The scopes of the server's registration, and who may consent to them.
const SCOPES: [(&str, Consenter); 2] = [("cost.read", Consenter::User), ("cost.export", Consenter::Administrator)];

/// Resource Manager's only scope.
pub(super) const USER_IMPERSONATION: &str = "user_impersonation";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Consenter {
    User,
    Administrator,
}

/// For whom a consent holds.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Principal {
    Everybody,
    Person(String),
}

/// A consent as the tenant records it (`oauth2PermissionGrant`). The scope's name tells the resource: no two share one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Grant {
    principal: Principal,
    client: String,
    scope: String,
}

/// The consents of the tenant.
pub(super) struct Consents {
    grants: HashSet<Grant>,
    users_may_consent: bool,
}

impl Consents {
    /// Users may consent to what needs no administrator, and the server may read Azure for everybody.
    pub(super) fn new() -> Self {
        let mut consents = Self { grants: HashSet::new(), users_may_consent: true };
        consents.grant(None, SERVER_CLIENT_ID, USER_IMPERSONATION);
        consents
    }

    /// Records a consent: of `person`, or of an administrator for everybody.
    pub(super) fn grant(&mut self, person: Option<&str>, client: &str, scope: &str) {
        let principal = person.map_or(Principal::Everybody, |person| Principal::Person(person.to_owned()));
        self.grants.insert(Grant { principal, client: client.to_owned(), scope: scope.to_owned() });
    }

    /// Withdraws every consent to `scope`, whoever gave it to whichever client.
    pub(super) fn withdraw(&mut self, scope: &str) {
        self.grants.retain(|grant| grant.scope != scope);
    }

    /// Whether users may consent at all.
    pub(super) fn let_users_consent(&mut self, allowed: bool) {
        self.users_may_consent = allowed;
    }

    fn given(&self, person: &str, client: &str, scope: &str) -> bool {
        [Principal::Everybody, Principal::Person(person.to_owned())].into_iter().any(|principal| {
            self.grants.contains(&Grant { principal, client: client.to_owned(), scope: scope.to_owned() })
        })
    }

    /// A sign-in of `person` at `client` for a scope of the server. A person who may consent does so on the way.
    pub(super) fn sign_in(&mut self, person: &str, client: &str, scope: &str) -> Result<(), EntraError> {
        let Some((_, consenter)) = SCOPES.into_iter().find(|(name, _)| *name == scope) else {
            let message = format!(
                "The application '{client}' asked for scope '{scope}' that doesn't exist on the resource \
                 '{SERVER_CLIENT_ID}'. Contact the app vendor."
            );
            return Err(EntraError::invalid_scope(650_053, message));
        };
        if self.given(person, client, scope) {
            return Ok(());
        }
        if consenter == Consenter::Administrator {
            let message = format!(
                "An administrator of Contoso has set a policy that prevents you from granting the client '{client}' \
                 the permissions it is requesting. Contact an administrator, who can grant permissions to this app on \
                 your behalf."
            );
            return Err(EntraError::interaction_required(90_094, message).suberror("consent_required"));
        }
        if !self.users_may_consent {
            return Err(not_consented(client));
        }
        self.grant(Some(person), client, scope);
        Ok(())
    }

    /// An exchange of the server for Resource Manager, where nobody is there to consent.
    pub(super) fn exchange(&self, person: &str) -> Result<(), EntraError> {
        if self.given(person, SERVER_CLIENT_ID, USER_IMPERSONATION) {
            Ok(())
        } else {
            Err(not_consented(SERVER_CLIENT_ID))
        }
    }
}

fn not_consented(client: &str) -> EntraError {
    let message = format!(
        "The user or administrator has not consented to use the application with ID '{client}' named \
         'mcp-cost-server'. Send an interactive authorization request for this user and resource."
    );
    EntraError::invalid_grant(65_001, message).suberror("consent_required")
}
