//! Azure Resource Manager, with Cost Management behind it.
//!
//! Every request is judged by the token it carries and by the roles of the person in it, at that moment. The costs are
//! aggregated from rows for every query; nothing is a canned answer.

mod access;
mod alerts;
mod answer;
mod authorization;
mod budgets;
mod data;
mod definition;
mod dimensions;
mod errors;
mod filter;
mod forecast;
mod lists;
mod page;
mod period;
mod query;
mod question;
mod route;
mod scope;
mod table;
mod tenant;
mod throttle;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use access::Caller;
pub use alerts::{Alert, AlertStatus, AlertType, HOSTILE_ALERT_TEXT};
use authorization::Assignments;
pub use authorization::{Denial, Role};
pub use budgets::{Budget, HOSTILE_BUDGET_NAME, Notification, ThresholdType, TimeGrain};
use bytes::Bytes;
pub use data::{
    CostRow, FORMULA_NAME, HOSTILE_TAG_VALUE, INSTRUCTION_NAME, Metric, NEW_METER, NEW_SERVICE, OLD_METER,
    ONE_TIME_PURCHASE, REMOVED_SERVICE, RESERVATION, Text,
};
use errors::ArmError;
use http::{Request, Response, StatusCode};
use question::Question;
use route::{Operation, Route};
pub use scope::Scope;
use tenant::Shared;
pub use tenant::{
    ANALYTICS, Agreement, CONTOSO_GROUP, DISABLED, ManagementGroup, SHOP_DEV, SHOP_GROUP, SHOP_PROD, SPONSORED,
    Subscription, SubscriptionState, WARNED,
};
pub use throttle::Limit;
use throttle::{Throttle, Usage};

use crate::{
    entra::{SharedEntra, SharedIssuer},
    fault::{Fault, Faults},
    journal::{Presented, ServiceName},
    server::{self, Service, with_header},
    world::{self, lock},
};

const SUBSCRIPTION_API_VERSIONS: [&str; 4] = ["2019-06-01", "2020-01-01", "2021-01-01", "2022-12-01"];

const COST_API_VERSIONS: [&str; 8] =
    ["2019-11-01", "2021-10-01", "2022-10-01", "2023-03-01", "2023-08-01", "2023-11-01", "2024-08-01", "2025-03-01"];

/// Resource Manager.
pub struct ResourceManager {
    issuer: SharedIssuer,
    entra: SharedEntra,
    url: String,
    subscriptions: Shared<Subscription>,
    management_groups: Shared<ManagementGroup>,
    agreement: Mutex<Agreement>,
    assignments: Assignments,
    rows: Shared<CostRow>,
    budgets: Shared<Budget>,
    alerts: Shared<Alert>,
    page_size: AtomicUsize,
    throttle: Throttle,
    faults: Faults,
}

impl ResourceManager {
    pub(crate) fn new(issuer: SharedIssuer, entra: SharedEntra, url: String) -> Self {
        let (rows, today) = (data::generated(), world::now().date());
        Self {
            issuer,
            entra,
            url,
            subscriptions: Shared::new(tenant::subscriptions().into()),
            management_groups: Shared::new(tenant::management_groups().into()),
            agreement: Mutex::default(),
            assignments: Assignments::default(),
            budgets: Shared::new(budgets::budgets(&rows, today).into()),
            alerts: Shared::new(alerts::alerts(today).into()),
            rows: Shared::new(rows),
            page_size: AtomicUsize::new(100),
            throttle: Throttle::default(),
            faults: Faults::default(),
        }
    }

    /// The address, for `AZURE_RESOURCE_MANAGER_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All subscriptions of the tenant, whoever may see them.
    #[must_use]
    pub fn subscriptions(&self) -> Arc<Vec<Subscription>> {
        self.subscriptions.get()
    }

    /// Replaces the subscriptions.
    pub fn set_subscriptions(&self, subscriptions: Vec<Subscription>) {
        self.subscriptions.set(subscriptions);
    }

    /// All management groups of the tenant.
    #[must_use]
    pub fn management_groups(&self) -> Arc<Vec<ManagementGroup>> {
        self.management_groups.get()
    }

    /// Replaces the management groups.
    pub fn set_management_groups(&self, groups: Vec<ManagementGroup>) {
        self.management_groups.set(groups);
    }

    /// How the tenant pays.
    pub fn set_agreement(&self, agreement: Agreement) {
        *lock(&self.agreement) = agreement;
    }

    /// The rows every query and forecast is computed from, for computing it another way.
    #[must_use]
    pub fn rows(&self) -> Arc<Vec<CostRow>> {
        self.rows.get()
    }

    /// Replaces the rows; budgets keep what they say was spent.
    pub fn set_rows(&self, rows: Vec<CostRow>) {
        self.rows.set(rows);
    }

    /// The budgets of all scopes.
    #[must_use]
    pub fn budgets(&self) -> Arc<Vec<Budget>> {
        self.budgets.get()
    }

    /// Replaces the budgets.
    pub fn set_budgets(&self, budgets: Vec<Budget>) {
        self.budgets.set(budgets);
    }

    /// The alerts of all scopes.
    #[must_use]
    pub fn alerts(&self) -> Arc<Vec<Alert>> {
        self.alerts.get()
    }

    /// Replaces the alerts.
    pub fn set_alerts(&self, alerts: Vec<Alert>) {
        self.alerts.set(alerts);
    }

    /// How many subscriptions, budgets or alerts are on one page of their list; 100 at first.
    pub fn set_page_size(&self, size: usize) {
        self.page_size.store(size, Ordering::Relaxed);
    }

    /// Whether Cost Management's limits are enforced from now on, for what was asked before too. They are not at first:
    /// they are so narrow that most tests would meet them.
    pub fn set_limits_enforced(&self, enforced: bool) {
        self.throttle.enforce(enforced);
    }

    /// The next `count` requests are throttled by Cost Management: 429 that says in headers of its own, not in
    /// `Retry-After`, to wait `seconds`.
    pub fn throttle(&self, count: usize, seconds: u32) {
        self.throttle_by(count, &[(Limit::Units, seconds), (Limit::Entity, seconds)]);
    }

    /// The next `count` requests are throttled by these limits, each with the seconds to wait for it; by none, nobody
    /// says how long.
    pub fn throttle_by(&self, count: usize, waits: &[(Limit, u32)]) {
        let mut response = ArmError::throttled().response();
        for (limit, seconds) in waits {
            response = with_header(response, limit.retry_after(), &seconds.to_string());
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

    fn operate(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, ArmError> {
        let caller = self.authenticate(request)?;
        let path = request.uri().path();
        let route = Route::of(path).ok_or_else(|| ArmError::no_route(path))?;
        if route.method() != *request.method() {
            return Err(ArmError::method_not_allowed(request.method()));
        }
        let api_version = server::parameter(request, "api-version").ok_or_else(ArmError::missing_api_version)?;
        match route {
            Route::Subscriptions if !SUBSCRIPTION_API_VERSIONS.contains(&&*api_version) => {
                Err(ArmError::invalid_api_version(&api_version, &SUBSCRIPTION_API_VERSIONS))
            }
            Route::Subscriptions => {
                lists::subscriptions(&self.url, request, self.page_size(), &self.visible_subscriptions(&caller))
            }
            Route::Costs(_, operation) if !COST_API_VERSIONS.contains(&&*api_version) => {
                Err(ArmError::no_registered_provider(operation.name(), &api_version, &COST_API_VERSIONS))
            }
            Route::Costs(scope, operation) => self.costs(request, &caller, &scope, operation),
        }
    }

    /// Who may ask is asked first; then whether the question makes sense, whether there is room for it, and what it is.
    fn costs(
        &self,
        request: &Request<Bytes>,
        caller: &Caller,
        scope: &Scope,
        operation: Operation,
    ) -> Result<Response<Bytes>, ArmError> {
        let selection = self.authorise(caller, operation, scope)?;
        let question = Question { url: &self.url, request, scope, selection, all_rows: self.rows() };
        let admit = |units| {
            let client_type = request.headers().get("clienttype").and_then(|value| value.to_str().ok());
            self.throttle.admit(Usage { at: world::now(), scope: scope.clone(), units }, client_type)
        };
        let (meter, answer) = match operation {
            Operation::Query => {
                let definition = definition::Definition::read(request.body(), scope)?;
                (admit(definition.period.months())?, query::run(&question, &definition))
            }
            Operation::Forecast => {
                let definition = forecast::Definition::read(request.body(), scope)?;
                (admit(definition.period.months())?, forecast::run(&question, &definition))
            }
            Operation::Dimensions => (admit(1)?, dimensions::run(&question)),
            Operation::Budgets => (admit(0)?, self.list_budgets(request, scope)),
            Operation::Alerts => (admit(0)?, self.list_alerts(request, scope)),
        };
        Ok(meter.mark(answer.unwrap_or_else(ArmError::response)))
    }

    fn list_budgets(&self, request: &Request<Bytes>, scope: &Scope) -> Result<Response<Bytes>, ArmError> {
        let budgets = self.budgets();
        let listed = budgets.iter().filter(|budget| budget.scope == *scope).map(Budget::listed).collect();
        lists::list(&self.url, request, self.page_size(), listed)
    }

    fn list_alerts(&self, request: &Request<Bytes>, scope: &Scope) -> Result<Response<Bytes>, ArmError> {
        let alerts = self.alerts();
        let listed = alerts.iter().filter(|alert| alert.scope == *scope).map(Alert::listed).collect();
        lists::list(&self.url, request, self.page_size(), listed)
    }

    fn page_size(&self) -> usize {
        self.page_size.load(Ordering::Relaxed)
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
