//! Proves what `tools/list` shows and what the audit makes of each refusal. A whole call needs a validated token: the
//! end-to-end tests make it against the local Azure.

use std::time::Duration;

use identity::{
    AppRole, Scope,
    exchange::{ClaimsChallenge, EntraDetails},
};
use insta::assert_snapshot;
use serde_json::Map;

use super::*;

pub(super) const APP_ID_URI: &str = "api://7e4a0000-0000-4000-8000-000000000001/mcp-cost-server";

pub(super) const CLIENT_ID: &str = "5e2fe200-0000-4000-8000-000000000001";

pub(super) fn registry() -> Registry {
    Registry::new(APP_ID_URI.to_owned(), CLIENT_ID.parse().unwrap(), &[]).unwrap()
}

/// What users, or services with this or without any role, are shown.
fn listed(is_user: bool, role: Option<AppRole>) -> Vec<Value> {
    serde_json::from_str(registry().listed(is_user, |asked| Some(asked) == role).get()).unwrap()
}

/// The definitions of all tools.
fn all() -> Vec<Value> {
    let mut all = listed(true, None);
    all.extend(listed(false, Some(AppRole::DiagnosticsRead)));
    all
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

/// Judged by a validator that others use.
#[track_caller]
pub(super) fn assert_follows(data: &Value, schema: &Value) {
    let validator = jsonschema::draft202012::new(&strict(schema)).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(data).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\n{data:#}", errors.join("\n"));
}

/// The schema without room for members that it does not name.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: Map<_, _> = members.iter().map(|(name, value)| (name.clone(), strict(value))).collect();
            if members.get("type").is_some_and(|kind| kind == "object") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            Value::Object(members)
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}

/// What a model reads of each tool, whole, in `definitions/<tool>.snap`: a change of a word is seen.
#[test]
fn a_definition_changes_only_when_somebody_has_read_the_change() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("definitions");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for tool in all() {
            assert_snapshot!(tool["name"].as_str().unwrap(), format!("{tool:#}"));
        }
    });
}

#[test]
fn a_user_is_shown_every_tool_but_those_of_services() {
    assert_eq!(
        names(&listed(true, None)),
        [
            "cost_budgets",
            "cost_by_service",
            "cost_compare",
            "cost_dimension_values",
            "cost_export",
            "cost_forecast",
            "cost_query",
            "subscriptions_list",
            "whoami",
        ]
    );
}

#[test]
fn a_service_is_shown_what_it_can_call() {
    assert_eq!(names(&listed(false, None)), ["whoami"]);
    let monitor = listed(false, Some(AppRole::DiagnosticsRead));
    assert_eq!(names(&monitor), ["diagnostics", "whoami"]);
    assert_eq!(monitor[0]["_meta"]["mcp-cost-server/permission"], "Diagnostics.Read");
}

#[test]
fn tools_are_listed_in_alphabetical_order_with_object_schemas_that_take_nothing_else() {
    for list in [listed(true, None), listed(false, Some(AppRole::DiagnosticsRead))] {
        assert!(names(&list).is_sorted());
    }
    for tool in all() {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool:#}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool:#}");
        assert_eq!(tool["outputSchema"]["type"], "object", "{tool:#}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool:#}");
    }
}

/// Clients that check schemas complain about each format they do not know.
#[test]
fn the_schemas_name_no_format_but_those_of_json_schema() {
    fn formats(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("format").filter(|format| format.is_string()).cloned());
                members.values().for_each(|value| formats(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| formats(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    formats(&all().into(), &mut found);
    assert!(found.iter().all(|format| *format == "date" || *format == "uuid"), "{found:?}");
}

#[test]
fn a_name_is_found_exactly_or_not_at_all() {
    let registry = registry();
    assert!(registry.find("cost_export", true).is_some());
    for name in ["", "Cost_Export", "cost_export ", "cost"] {
        for is_user in [true, false] {
            assert!(registry.find(name, is_user).is_none(), "{name:?}");
        }
    }
}

#[test]
fn to_a_user_a_services_tool_does_not_exist_and_to_a_service_all_do() {
    let registry = registry();
    assert!(registry.find("diagnostics", true).is_none());
    for tool in all() {
        let name = tool["name"].as_str().unwrap();
        assert!(registry.find(name, false).is_some(), "{name}");
    }
}

#[test]
fn a_disabled_tool_does_not_exist() {
    let disabled = ["cost_export".parse().unwrap(), "diagnostics".parse().unwrap()];
    let registry = Registry::new(APP_ID_URI.to_owned(), CLIENT_ID.parse().unwrap(), &disabled).unwrap();
    assert!(registry.find("cost_export", true).is_none() && registry.find("diagnostics", false).is_none());
    assert!(registry.within_reach(true).all(|tool| tool.name != "cost_export"), "whoami knows nothing of it");
    let shown =
        |registry: &Registry| -> Vec<Value> { serde_json::from_str(registry.listed(true, |_| false).get()).unwrap() };
    let (left, mut all) = (shown(&registry), shown(&self::registry()));
    all.retain(|tool| tool["name"] != "cost_export");
    assert_eq!(left, all);
    let for_monitors: Vec<Value> = serde_json::from_str(registry.listed(false, |_| true).get()).unwrap();
    assert_eq!(names(&for_monitors), ["whoami"]);
}

#[test]
fn only_a_tool_has_the_name_of_a_tool() {
    for tool in registry().within_reach(true).chain(registry().within_reach(false)) {
        assert!(tool.name.parse::<ToolName>().is_ok(), "{}", tool.name);
    }
    for text in ["", "Cost_Export", "cost", "cost_export whoami"] {
        let error = text.parse::<ToolName>().unwrap_err().to_string();
        assert!(error.starts_with("is not the name of a tool; there are cost_budgets, "), "{error}");
        assert!(error.ends_with("subscriptions_list, whoami"), "{error}");
    }
}

#[test]
fn the_audit_knows_the_subscription_before_anything_is_checked_and_no_made_up_name() {
    let registry = registry();
    let call = |name: &str, id: Value| ToolCall {
        name: name.to_owned(),
        arguments: Map::from_iter([("subscriptionId".to_owned(), id)]),
        trace_parent: None,
    };
    let wanted = |name, id| {
        let call = call(name, id);
        let Attempt { tool, permission, subscription, .. } = attempt(registry.find(&call.name, true), &call);
        (tool, permission, subscription.map(|id| id.to_string()))
    };
    let id = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
    assert_eq!(
        wanted("cost_export", id.to_uppercase().into()),
        (Some("cost_export"), Some("cost.export"), Some(id.to_owned()))
    );
    assert_eq!(wanted("whoami", "../x".into()), (Some("whoami"), Some("any"), None));
    assert_eq!(wanted("=made-up()", 7.into()), (None, None, None));
    assert_eq!(wanted("diagnostics", 7.into()), (None, None, None), "a user's try");
}

#[test]
fn every_refusal_has_a_decision_and_a_reason() {
    let details = EntraDetails::default;
    let permission = |refusal| Refusal::Permission { tool: "cost_export", refusal };
    for (refusal, decision, reason) in [
        (Refusal::UnknownTool("x".into()), "error", "unknown_tool"),
        (permission(PermissionRefusal::MissingScope(Scope::CostExport)), "deny:scope", "missing_scope:cost.export"),
        (permission(PermissionRefusal::UserTokenRequired), "deny:scope", "user_token_required"),
        (
            permission(PermissionRefusal::MissingRole(AppRole::DiagnosticsRead)),
            "deny:role",
            "missing_role:Diagnostics.Read",
        ),
        (permission(PermissionRefusal::AppTokenRequired), "deny:role", "app_token_required"),
        (ExchangeFailure::AssertionRefused { details: details() }.into(), "error", "assertion_refused"),
        (ExchangeFailure::ConsentRequired { details: details() }.into(), "deny:consent", "consent_required"),
        (ExchangeFailure::AccessBlocked { details: details() }.into(), "deny:policy", "access_blocked"),
        (ExchangeFailure::Operator { details: details(), advice: "secret".into() }.into(), "error", "operator_fault"),
        (
            ExchangeFailure::Transient { retry_after: Duration::from_secs(1), details: details() }.into(),
            "error",
            "temporarily_unavailable",
        ),
    ] {
        assert_eq!((refusal.decision().name(), refusal.reason().as_ref()), (decision, reason));
    }
}

#[test]
fn a_demand_for_another_sign_in_is_conditional_access_whoever_makes_it() {
    let claims = ClaimsChallenge::parse(r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#).unwrap();
    let entra = ExchangeFailure::InteractionRequired { claims: Some(claims.clone()), details: EntraDetails::default() };
    for refusal in [entra.into(), Refusal::ClaimsChallenge(claims)] {
        assert_eq!(
            (refusal.decision().name(), refusal.reason().as_ref()),
            ("deny:conditional_access", "interaction_required")
        );
    }
}
