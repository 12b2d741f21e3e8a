//! Azure Resource Manager, with Cost Management behind it.
//!
//! Every request is judged by the token it carries and by the roles of the person in it, at that moment. The costs are
//! aggregated from rows for every query; nothing is a canned answer.

mod access;
mod catalogue;
mod data;
mod definition;
mod errors;
mod query;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use access::Caller;
pub use access::{Denial, Role};
use bytes::Bytes;
pub use data::{CostRow, FORMULA_NAME, HOSTILE_TAG_VALUE, INSTRUCTION_NAME, Text};
use errors::ArmError;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    entra::{SharedEntra, SharedIssuer},
    fault::{Fault, Faults},
    journal::{Presented, ServiceName},
    people::{Person, TENANT_ID},
    server::{self, Service, with_header},
    world::{self, lock},
};

/// A subscription of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// A GUID in lower case.
    pub id: &'static str,
    /// Its name.
    pub display_name: &'static str,
    /// Its offer (`subscriptionPolicies.quotaId`).
    pub quota_id: &'static str,
}

/// The shop in production: most services, euros, and purchases in dollars from the marketplace.
pub const SHOP_PROD: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

/// The shop in development: few services, euros.
pub const SHOP_DEV: &str = "5e7d20c4-93ab-4f61-8d0e-1c6b4a7f3e28";

/// Analytics: few services, dollars.
pub const ANALYTICS: &str = "a94c8e13-60d7-4b25-9f3a-72e5d1b08c46";

/// All subscriptions.
pub const SUBSCRIPTIONS: [Subscription; 3] = [
    Subscription { id: SHOP_PROD, display_name: "shop-prod", quota_id: "EnterpriseAgreement_2014-09-01" },
    Subscription { id: SHOP_DEV, display_name: "shop-dev", quota_id: "MSDNDevTest_2014-09-01" },
    Subscription { id: ANALYTICS, display_name: "analytics", quota_id: "PayAsYouGo_2014-09-01" },
];

const SUBSCRIPTION_API_VERSIONS: [&str; 4] = ["2019-06-01", "2020-01-01", "2021-01-01", "2022-12-01"];

const QUERY_API_VERSIONS: [&str; 8] =
    ["2019-11-01", "2021-10-01", "2022-10-01", "2023-03-01", "2023-08-01", "2023-11-01", "2024-08-01", "2025-03-01"];

/// Resource Manager.
pub struct ResourceManager {
    issuer: SharedIssuer,
    entra: SharedEntra,
    url: String,
    assignments: Mutex<HashMap<(String, String), HashSet<Role>>>,
    denials: Mutex<HashMap<String, Denial>>,
    rows: Mutex<Arc<Vec<CostRow>>>,
    faults: Faults,
}

impl ResourceManager {
    pub(crate) fn new(issuer: SharedIssuer, entra: SharedEntra, url: String) -> Self {
        Self {
            issuer,
            entra,
            url,
            assignments: Mutex::default(),
            denials: Mutex::default(),
            rows: Mutex::new(data::generated()),
            faults: Faults::default(),
        }
    }

    /// The address, for `AZURE_RESOURCE_MANAGER_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Assigns a role on a subscription; it counts from the next request on.
    pub fn assign_role(&self, person: &Person, subscription_id: &str, role: Role) {
        let key = (person.object_id.clone(), subscription_id.to_owned());
        lock(&self.assignments).entry(key).or_default().insert(role);
    }

    /// Removes a role assignment; it counts from the next request on.
    pub fn remove_role(&self, person: &Person, subscription_id: &str, role: Role) {
        let key = (person.object_id.clone(), subscription_id.to_owned());
        let mut assignments = lock(&self.assignments);
        if let Some(roles) = assignments.get_mut(&key) {
            roles.remove(&role);
            if roles.is_empty() {
                assignments.remove(&key);
            }
        }
    }

    /// How a query on this subscription is refused to those without a role; 401 `RBACAccessDenied` at first.
    pub fn set_denial(&self, subscription_id: &str, denial: Denial) {
        lock(&self.denials).insert(subscription_id.to_owned(), denial);
    }

    /// The next `count` requests are throttled by Cost Management: 429 that says in headers of its own, not in
    /// `Retry-After`, to wait `seconds`.
    pub fn throttle(&self, count: usize, seconds: u32) {
        let mut response = ArmError::throttled().response();
        let seconds = seconds.to_string();
        for name in [
            "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after",
            "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after",
        ] {
            response = with_header(response, name, &seconds);
        }
        let response = with_header(
            response,
            "x-ms-ratelimit-microsoft.costmanagement-qpu-remaining",
            "QueriesPerHour:580,QueriesPerMin:0,QueriesPer10Sec:0",
        );
        self.faults.next(count, &Fault::Answer(response));
    }

    /// Faults of Resource Manager.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The rows every query is computed from, for computing it another way.
    #[must_use]
    pub fn rows(&self) -> Arc<Vec<CostRow>> {
        lock(&self.rows).clone()
    }

    /// Replaces the rows.
    pub fn set_rows(&self, rows: Vec<CostRow>) {
        *lock(&self.rows) = Arc::new(rows);
    }

    fn operate(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, ArmError> {
        let caller = self.authenticate(request)?;
        let path = request.uri().path().to_ascii_lowercase();
        let path: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["subscriptions"]) => self.subscriptions(request, &caller),
            (&Method::POST, ["subscriptions", id, "providers", "microsoft.costmanagement", "query"]) => {
                self.query(request, &caller, id)
            }
            (_, ["subscriptions"] | ["subscriptions", _, "providers", "microsoft.costmanagement", "query"]) => {
                Err(ArmError::method_not_allowed(request.method()))
            }
            _ => Err(ArmError::no_route(request.uri().path())),
        }
    }

    fn subscriptions(&self, request: &Request<Bytes>, caller: &Caller) -> Result<Response<Bytes>, ArmError> {
        let api_version = server::parameter(request, "api-version").ok_or_else(ArmError::missing_api_version)?;
        if !SUBSCRIPTION_API_VERSIONS.contains(&api_version.as_str()) {
            return Err(ArmError::invalid_api_version(&api_version, &SUBSCRIPTION_API_VERSIONS));
        }
        let visible = SUBSCRIPTIONS.iter().filter(|subscription| !self.roles(caller, subscription.id).is_empty());
        let value: Vec<Value> = visible
            .map(|subscription| {
                json!({
                    "id": format!("/subscriptions/{}", subscription.id),
                    "authorizationSource": "RoleBased",
                    "managedByTenants": [],
                    "subscriptionId": subscription.id,
                    "tenantId": TENANT_ID,
                    "displayName": subscription.display_name,
                    "state": "Enabled",
                    "subscriptionPolicies": {
                        "locationPlacementId": "Public_2014-09-01",
                        "quotaId": subscription.quota_id,
                        "spendingLimit": "Off",
                    },
                })
            })
            .collect();
        let count = json!({ "type": "Total", "value": value.len() });
        Ok(server::json(StatusCode::OK, &json!({ "value": value, "count": count })))
    }

    fn query(&self, request: &Request<Bytes>, caller: &Caller, id: &str) -> Result<Response<Bytes>, ArmError> {
        let api_version = server::parameter(request, "api-version").ok_or_else(ArmError::missing_api_version)?;
        if !QUERY_API_VERSIONS.contains(&api_version.as_str()) {
            return Err(ArmError::no_registered_provider(&api_version, &QUERY_API_VERSIONS));
        }
        if uuid::Uuid::parse_str(id).is_err() {
            return Err(ArmError::invalid_subscription(id));
        }
        if !SUBSCRIPTIONS.iter().any(|subscription| subscription.id == id) {
            return Err(ArmError::subscription_not_found(id));
        }
        if !self.roles(caller, id).into_iter().any(Role::reads_costs) {
            let denial = lock(&self.denials).get(id).copied().unwrap_or_default();
            return Err(denial.error(caller, id));
        }
        query::run(&self.url, id, &self.rows(), request)
    }

    fn roles(&self, caller: &Caller, subscription_id: &str) -> HashSet<Role> {
        let key = (caller.object_id.clone(), subscription_id.to_owned());
        lock(&self.assignments).get(&key).cloned().unwrap_or_default()
    }
}

impl Service for ResourceManager {
    const NAME: ServiceName = ServiceName::ResourceManager;

    fn presented(&self, request: &Request<Bytes>) -> Presented {
        self.issuer.presented(request)
    }

    fn faults(&self, _: &Request<Bytes>) -> &Faults {
        &self.faults
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let response = self.operate(request).unwrap_or_else(ArmError::response);
        let response = with_header(response, "x-ms-correlation-request-id", &world::guid().to_string());
        with_header(response, "x-ms-request-id", &world::guid().to_string())
    }

    fn failure(&self, _: &Request<Bytes>, status: StatusCode) -> Response<Bytes> {
        let error =
            if status == StatusCode::TOO_MANY_REQUESTS { ArmError::throttled() } else { ArmError::unavailable() };
        error.response()
    }
}
