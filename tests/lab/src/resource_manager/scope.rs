//! What costs are asked of and roles are assigned on.

use std::fmt;

use super::{CostRow, data::Text};

/// A subscription, a resource group or a management group; the case of its name does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Subscription(String),
    ResourceGroup { subscription_id: String, name: String },
    ManagementGroup(String),
}

impl Scope {
    /// A subscription, by its id.
    #[must_use]
    pub fn subscription(id: &str) -> Self {
        Self(Kind::Subscription(id.to_ascii_lowercase()))
    }

    /// A resource group of a subscription.
    #[must_use]
    pub fn resource_group(subscription_id: &str, name: &str) -> Self {
        Self(Kind::ResourceGroup { subscription_id: subscription_id.to_ascii_lowercase(), name: name.to_lowercase() })
    }

    /// A management group, by its id.
    #[must_use]
    pub fn management_group(id: &str) -> Self {
        Self(Kind::ManagementGroup(id.to_ascii_lowercase()))
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.0
    }
}

/// A subscription, by its id.
impl From<&str> for Scope {
    fn from(subscription_id: &str) -> Self {
        Self::subscription(subscription_id)
    }
}

/// As it is in a path, decoded.
impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Subscription(id) => write!(formatter, "/subscriptions/{id}"),
            Kind::ResourceGroup { subscription_id, name } => {
                write!(formatter, "/subscriptions/{subscription_id}/resourceGroups/{name}")
            }
            Kind::ManagementGroup(id) => {
                write!(formatter, "/providers/Microsoft.Management/managementGroups/{id}")
            }
        }
    }
}

/// The rows that are a scope's costs.
pub(super) struct Selection {
    /// Those of an offer that has costs.
    pub(super) subscriptions: Vec<Text>,
    pub(super) resource_group: Option<String>,
    /// Purchases and their refunds are no costs of a management group, whose costs are those of usage:
    /// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes>.
    pub(super) usage_only: bool,
}

impl Selection {
    pub(super) fn admits(&self, row: &CostRow) -> bool {
        self.subscriptions.contains(&row.subscription_id)
            && self.resource_group.as_ref().is_none_or(|name| row.resource_group.to_lowercase() == *name)
            && !(self.usage_only && ["Purchase", "Refund"].contains(&&*row.charge_type))
    }

    /// Whether the offer of any subscription has costs at all.
    pub(super) fn has_costs(&self) -> bool {
        !self.subscriptions.is_empty()
    }
}
