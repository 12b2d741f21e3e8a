//! What is in the tenant: subscriptions, management groups, and under which agreement they are paid.

use std::sync::{Arc, Mutex};

use serde::Serialize;

use super::data::Text;
use crate::world::lock;

/// A subscription of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// A GUID in lower case.
    pub id: Text,
    /// Its name, chosen by whoever made it.
    pub display_name: Text,
    /// Its offer (`subscriptionPolicies.quotaId`).
    pub quota_id: Text,
    /// Whether it can be used.
    pub state: SubscriptionState,
    /// Resource groups beside those that rows mention.
    pub resource_groups: Vec<Text>,
}

/// Whether a subscription can be used; its costs can be read in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SubscriptionState {
    /// It can.
    Enabled,
    /// It can, and it won't much longer.
    Warned,
    /// It can't.
    Disabled,
}

/// A management group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementGroup {
    /// Its name in paths.
    pub id: Text,
    /// The group it is in.
    pub parent: Option<Text>,
    /// All subscriptions in it, those of the groups in it too.
    pub subscriptions: Vec<Text>,
}

/// How the tenant pays, and with that what Cost Management offers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// An Enterprise Agreement: management groups have costs.
    #[default]
    Enterprise,
    /// An Enterprise Agreement whose administrator lets no account owner view charges: 400 `AccountCostDisabled`.
    EnterpriseWithHiddenCharges,
    /// A Microsoft Customer Agreement: management groups have no costs, 400 `BadRequest`.
    MicrosoftCustomer,
}

/// The shop in production: most services, euros, and purchases in dollars from the marketplace.
pub const SHOP_PROD: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

/// The shop in development: few services, euros.
pub const SHOP_DEV: &str = "5e7d20c4-93ab-4f61-8d0e-1c6b4a7f3e28";

/// Analytics: few services, dollars, and a purchase in yen every month.
pub const ANALYTICS: &str = "a94c8e13-60d7-4b25-9f3a-72e5d1b08c46";

/// Sponsored by Microsoft: Cost Management has no costs of such an offer.
pub const SPONSORED: &str = "3b9d7f25-c8e4-4a16-b05d-9e2f7c1a6d83";

/// About to be disabled, without costs.
pub const WARNED: &str = "d46e0b7a-15f9-4c82-a7e3-8b5c2f90d164";

/// Disabled, without costs.
pub const DISABLED: &str = "f8a2c5d0-7b3e-4961-8c4f-0d6e9b1a57c2";

/// The management group of the shop: production and development.
pub const SHOP_GROUP: &str = "shop";

/// The management group of all three subscriptions that have costs.
pub const CONTOSO_GROUP: &str = "contoso";

impl Subscription {
    /// A subscription that can be used and holds no resource group yet.
    #[must_use]
    pub fn new(id: impl Into<Text>, display_name: impl Into<Text>, quota_id: impl Into<Text>) -> Self {
        Self {
            id: id.into(),
            display_name: display_name.into(),
            quota_id: quota_id.into(),
            state: SubscriptionState::Enabled,
            resource_groups: Vec::new(),
        }
    }

    /// Whether Cost Management has costs of such an offer:
    /// <https://learn.microsoft.com/azure/cost-management-billing/costs/understand-cost-mgt-data>.
    pub(super) fn has_costs(&self) -> bool {
        !["Sponsored_", "AzureForStudents", "DreamSpark_"].iter().any(|offer| self.quota_id.starts_with(offer))
    }
}

pub(super) fn subscriptions() -> Vec<Subscription> {
    let in_state = |subscription, state| Subscription { state, ..subscription };
    vec![
        Subscription::new(SHOP_PROD, "shop-prod", "EnterpriseAgreement_2014-09-01"),
        Subscription::new(SHOP_DEV, "shop-dev", "MSDNDevTest_2014-09-01"),
        Subscription::new(ANALYTICS, "analytics", "PayAsYouGo_2014-09-01"),
        Subscription::new(SPONSORED, "hackathon", "Sponsored_2016-01-01"),
        in_state(Subscription::new(WARNED, "pilot", "MSDN_2014-09-01"), SubscriptionState::Warned),
        in_state(Subscription::new(DISABLED, "archive", "PayAsYouGo_2014-09-01"), SubscriptionState::Disabled),
    ]
}

pub(super) fn management_groups() -> Vec<ManagementGroup> {
    vec![
        ManagementGroup {
            id: CONTOSO_GROUP.into(),
            parent: None,
            subscriptions: vec![SHOP_PROD.into(), SHOP_DEV.into(), ANALYTICS.into()],
        },
        ManagementGroup {
            id: SHOP_GROUP.into(),
            parent: Some(CONTOSO_GROUP.into()),
            subscriptions: vec![SHOP_PROD.into(), SHOP_DEV.into()],
        },
    ]
}

/// A list that a test reads and replaces while requests come in.
pub(super) struct Shared<T>(Mutex<Arc<Vec<T>>>);

impl<T> Shared<T> {
    pub(super) fn new(values: Arc<Vec<T>>) -> Self {
        Self(Mutex::new(values))
    }

    pub(super) fn get(&self) -> Arc<Vec<T>> {
        lock(&self.0).clone()
    }

    pub(super) fn set(&self, values: Vec<T>) {
        *lock(&self.0) = Arc::new(values);
    }
}
