//! What Resource Manager and Cost Management refuse, in their words.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::json;

use crate::server::{self, with_header};

/// A refusal: `{"error":{"code","message"}}`.
pub(super) struct ArmError {
    status: StatusCode,
    code: &'static str,
    message: String,
    headers: Vec<(&'static str, String)>,
}

impl ArmError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    /// 401 with the challenge that a token problem has; a missing role has none.
    pub(super) fn unauthorized(code: &'static str, message: impl Into<String>, challenge: String) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message).with_header("www-authenticate", challenge)
    }

    pub(super) fn rbac_access_denied(request_id: &str) -> Self {
        let message = format!("The client does not have authorization to perform action. Request ID: {request_id}");
        Self::new(StatusCode::UNAUTHORIZED, "RBACAccessDenied", message)
    }

    pub(super) fn authorization_failed(name: &str, object_id: &str, operation: &str, scope: &str) -> Self {
        let message = format!(
            "The client '{name}' with object id '{object_id}' does not have authorization to perform action \
             'Microsoft.CostManagement/{operation}/read' over scope '{scope}' or the scope is invalid. If access was \
             recently granted, please refresh your credentials."
        );
        Self::new(StatusCode::FORBIDDEN, "AuthorizationFailed", message)
    }

    /// A query that makes no sense.
    pub(super) fn definition(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", format!("Invalid query definition: {what}"))
    }

    pub(super) fn missing_api_version() -> Self {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        Self::new(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", message)
    }

    pub(super) fn invalid_api_version(version: &str, known: &[&str]) -> Self {
        let message =
            format!("The api-version '{version}' is invalid. The supported versions are '{}'.", known.join(","));
        Self::new(StatusCode::BAD_REQUEST, "InvalidApiVersionParameter", message)
    }

    pub(super) fn no_registered_provider(operation: &str, version: &str, known: &[&str]) -> Self {
        let message = format!(
            "No registered resource provider found for location '' and API version '{version}' for type \
             '{operation}'. The supported api-versions are '{}'.",
            known.join(", ")
        );
        Self::new(StatusCode::BAD_REQUEST, "NoRegisteredProviderFound", message)
    }

    pub(super) fn invalid_subscription(id: &str) -> Self {
        let message = format!("The provided subscription identifier '{id}' is malformed or invalid.");
        Self::new(StatusCode::BAD_REQUEST, "InvalidSubscriptionId", message)
    }

    pub(super) fn subscription_not_found(id: &str) -> Self {
        let message = format!("The subscription '{id}' could not be found.");
        Self::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message)
    }

    pub(super) fn resource_group_not_found(name: &str) -> Self {
        let message = format!("Resource group '{name}' could not be found.");
        Self::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", message)
    }

    pub(super) fn account_cost_disabled() -> Self {
        let message = "The account admin does not have access to view costs: 'AO View Charges' must be enabled on the \
                       enrollment.";
        Self::new(StatusCode::BAD_REQUEST, "AccountCostDisabled", message)
    }

    /// The status and the code are Azure's; its sentence is not known.
    pub(super) fn no_management_groups(id: &str) -> Self {
        let message =
            format!("Management group '{id}' is not supported: its subscriptions have a Microsoft Customer Agreement.");
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// A forecast that nothing can be learned for.
    pub(super) fn failed_dependency(message: &str) -> Self {
        Self::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message)
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let message = format!("The requested resource does not support http method '{method}'.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    pub(super) fn no_route(path: &str) -> Self {
        let message = format!("No HTTP resource was found that matches the request path '{path}'.");
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(super) fn throttled() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "429", "Too many requests. Please retry.")
    }

    pub(super) fn unavailable() -> Self {
        let message = "The service is temporarily unavailable. Please retry.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn response(self) -> Response<Bytes> {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let response = server::json(self.status, &body);
        self.headers.iter().fold(response, |response, (name, value)| with_header(response, name, value))
    }
}
