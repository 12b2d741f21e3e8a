//! What a path asks for.

use http::Method;
use percent_encoding::percent_decode_str;

use super::scope::Scope;

/// Something that can be asked of Resource Manager.
pub(super) enum Route {
    /// The list of subscriptions.
    Subscriptions,
    /// Something of Cost Management.
    Costs(Scope, Operation),
}

/// An operation of Cost Management.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Query,
    Forecast,
    Dimensions,
    Budgets,
    Alerts,
}

impl Route {
    /// Paths are case-insensitive, and their segments percent-encoded.
    pub(super) fn of(path: &str) -> Option<Self> {
        let segments: Option<Vec<String>> =
            path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
        let segments = segments?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (scope, operation) = match segments.as_slice() {
            ["subscriptions"] => return Some(Self::Subscriptions),
            ["subscriptions", id, "providers", "microsoft.costmanagement", operation] => {
                (Scope::subscription(id), operation)
            }
            ["subscriptions", id, "resourcegroups", name, "providers", "microsoft.costmanagement", operation] => {
                (Scope::resource_group(id, name), operation)
            }
            [
                "providers",
                "microsoft.management",
                "managementgroups",
                id,
                "providers",
                "microsoft.costmanagement",
                operation,
            ] => (Scope::management_group(id), operation),
            _ => return None,
        };
        Some(Self::Costs(scope, Operation::of(operation)?))
    }

    pub(super) fn method(&self) -> Method {
        match self {
            Self::Costs(_, Operation::Query | Operation::Forecast) => Method::POST,
            Self::Subscriptions | Self::Costs(..) => Method::GET,
        }
    }
}

impl Operation {
    fn of(name: &str) -> Option<Self> {
        [Self::Query, Self::Forecast, Self::Dimensions, Self::Budgets, Self::Alerts]
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    /// As it is in a path, and in the name of the action that a role allows.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Forecast => "forecast",
            Self::Dimensions => "dimensions",
            Self::Budgets => "budgets",
            Self::Alerts => "alerts",
        }
    }
}

/// A segment in lower case; `None` for bytes that are no text.
fn decoded(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.to_lowercase())
}
