//! What the caller's roles let them see, at this moment.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use super::{
    ResourceManager,
    access::Caller,
    errors::ArmError,
    route::Operation,
    scope::{Kind, Scope, Selection},
    tenant::{Agreement, ManagementGroup, Subscription},
};
use crate::{
    people::Person,
    world::{self, lock},
};

/// A role on a scope; it counts on everything below too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sees costs and nothing else.
    CostManagementReader,
    /// Sees everything, costs too.
    Reader,
    /// Sees and changes virtual machines: the subscription is in the list, its costs are not to be seen.
    VirtualMachineContributor,
}

impl Role {
    fn reads_costs(self) -> bool {
        match self {
            Self::CostManagementReader | Self::Reader => true,
            Self::VirtualMachineContributor => false,
        }
    }
}

/// How those without a role are refused; Azure does both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denial {
    /// 401 `RBACAccessDenied`, without a challenge: the token is fine.
    #[default]
    RbacAccessDenied,
    /// 403 `AuthorizationFailed`.
    AuthorizationFailed,
}

impl Denial {
    fn error(self, caller: &Caller, operation: Operation, scope: &Scope) -> ArmError {
        match self {
            Self::RbacAccessDenied => ArmError::rbac_access_denied(&world::guid().to_string()),
            Self::AuthorizationFailed => {
                ArmError::authorization_failed(&caller.name, &caller.object_id, operation.name(), &scope.to_string())
            }
        }
    }
}

/// Who has which role where, and how the others are refused.
#[derive(Default)]
pub(super) struct Assignments {
    roles: Mutex<HashMap<(String, Scope), HashSet<Role>>>,
    denials: Mutex<HashMap<Scope, Denial>>,
}

impl ResourceManager {
    /// Assigns a role on a scope (a `&str` is a subscription's id); it counts from the next request on.
    pub fn assign_role(&self, person: &Person, scope: impl Into<Scope>, role: Role) {
        let key = (person.object_id.clone(), scope.into());
        lock(&self.assignments.roles).entry(key).or_default().insert(role);
    }

    /// Removes a role assignment; it counts from the next request on.
    pub fn remove_role(&self, person: &Person, scope: impl Into<Scope>, role: Role) {
        let key = (person.object_id.clone(), scope.into());
        if let Some(roles) = lock(&self.assignments.roles).get_mut(&key) {
            roles.remove(&role);
        }
    }

    /// How those without a role on this scope are refused; 401 `RBACAccessDenied` at first.
    pub fn set_denial(&self, scope: impl Into<Scope>, denial: Denial) {
        lock(&self.assignments.denials).insert(scope.into(), denial);
    }

    /// The subscriptions that are in the caller's list: any role on one, above it, or on a resource group in it is
    /// enough.
    pub(super) fn visible_subscriptions(&self, caller: &Caller) -> Vec<Subscription> {
        let is_visible = |subscription: &&Subscription| {
            self.has_role_within(caller, &subscription.id)
                || !self.roles(caller, &Scope::subscription(&subscription.id)).is_empty()
        };
        self.subscriptions.get().iter().filter(is_visible).cloned().collect()
    }

    /// The rows the caller may see of a scope, or why none.
    pub(super) fn authorise(
        &self,
        caller: &Caller,
        operation: Operation,
        scope: &Scope,
    ) -> Result<Selection, ArmError> {
        let selection = match scope.kind() {
            Kind::Subscription(id) => {
                let subscription = self.subscription(id)?;
                self.demand(caller, operation, scope)?;
                selection([subscription], None)
            }
            Kind::ResourceGroup { subscription_id, name } => {
                let subscription = self.subscription(subscription_id)?;
                self.demand(caller, operation, scope)?;
                if !self.has_resource_group(&subscription, name) {
                    return Err(ArmError::resource_group_not_found(name));
                }
                selection([subscription], Some(name.clone()))
            }
            Kind::ManagementGroup(id) => {
                let Some(group) = self.management_group(id) else {
                    // nobody can have a role on what does not exist, and Azure looks for the role first
                    return Err(Denial::AuthorizationFailed.error(caller, operation, scope));
                };
                self.demand(caller, operation, scope)?;
                let subscriptions = self.subscriptions.get();
                let members = subscriptions.iter().filter(|each| group.subscriptions.contains(&each.id)).cloned();
                Selection { usage_only: true, ..selection(members, None) }
            }
        };
        match (*lock(&self.agreement), scope.kind()) {
            (Agreement::EnterpriseWithHiddenCharges, _) => Err(ArmError::account_cost_disabled()),
            (Agreement::MicrosoftCustomer, Kind::ManagementGroup(id)) => Err(ArmError::no_management_groups(id)),
            _ => Ok(selection),
        }
    }

    fn demand(&self, caller: &Caller, operation: Operation, scope: &Scope) -> Result<(), ArmError> {
        if self.roles(caller, scope).into_iter().any(Role::reads_costs) {
            return Ok(());
        }
        let denials = lock(&self.assignments.denials);
        let subscription = match scope.kind() {
            Kind::ResourceGroup { subscription_id, .. } => Some(Scope::subscription(subscription_id)),
            _ => None,
        };
        let denial = denials.get(scope).or_else(|| denials.get(&subscription?));
        Err(denial.copied().unwrap_or_default().error(caller, operation, scope))
    }

    /// Whether the caller has a role on a resource group of the subscription.
    fn has_role_within(&self, caller: &Caller, id: &str) -> bool {
        lock(&self.assignments.roles).iter().any(|((object_id, scope), roles)| {
            let is_within =
                matches!(scope.kind(), Kind::ResourceGroup { subscription_id, .. } if subscription_id == id);
            is_within && *object_id == caller.object_id && !roles.is_empty()
        })
    }

    /// The caller's roles on `scope` and on everything it is in.
    fn roles(&self, caller: &Caller, scope: &Scope) -> HashSet<Role> {
        let scopes = self.with_ancestors(scope);
        let assigned = lock(&self.assignments.roles);
        let roles = scopes.into_iter().filter_map(|scope| assigned.get(&(caller.object_id.clone(), scope)));
        roles.flatten().copied().collect()
    }

    fn with_ancestors(&self, scope: &Scope) -> Vec<Scope> {
        let mut scopes = vec![scope.clone()];
        let groups = self.management_groups.get();
        match scope.kind() {
            Kind::ManagementGroup(id) => {
                let mut next = groups.iter().find(|group| group.id.eq_ignore_ascii_case(id));
                // no more steps than there are groups, should a test put them in a circle
                for _ in 0..groups.len() {
                    let Some(parent) = next.and_then(|group| group.parent.as_deref()) else { break };
                    scopes.push(Scope::management_group(parent));
                    next = groups.iter().find(|group| group.id == parent);
                }
            }
            Kind::Subscription(id) | Kind::ResourceGroup { subscription_id: id, .. } => {
                scopes.push(Scope::subscription(id));
                let above = groups.iter().filter(|group| group.subscriptions.iter().any(|each| each == id));
                scopes.extend(above.map(|group| Scope::management_group(&group.id)));
            }
        }
        scopes
    }

    fn subscription(&self, id: &str) -> Result<Subscription, ArmError> {
        if uuid::Uuid::parse_str(id).is_err() {
            return Err(ArmError::invalid_subscription(id));
        }
        let subscriptions = self.subscriptions.get();
        let found = subscriptions.iter().find(|subscription| subscription.id == id);
        found.cloned().ok_or_else(|| ArmError::subscription_not_found(id))
    }

    fn management_group(&self, id: &str) -> Option<ManagementGroup> {
        self.management_groups.get().iter().find(|group| group.id.eq_ignore_ascii_case(id)).cloned()
    }

    fn has_resource_group(&self, subscription: &Subscription, name: &str) -> bool {
        let is_it = |group: &str| group.to_lowercase() == name;
        subscription.resource_groups.iter().any(|group| is_it(group))
            || self.rows.get().iter().any(|row| row.subscription_id == subscription.id && is_it(&row.resource_group))
    }
}

fn selection(subscriptions: impl IntoIterator<Item = Subscription>, resource_group: Option<String>) -> Selection {
    let with_costs = subscriptions.into_iter().filter(Subscription::has_costs);
    Selection { subscriptions: with_costs.map(|each| each.id).collect(), resource_group, usage_only: false }
}
