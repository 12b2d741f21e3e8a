//! Proves that grants follow the token's own permissions, to the letter. That Entra puts the right ones into the token
//! is for a live tenant to show.

use serde_json::{Value, json};

use super::*;
use crate::{
    Authority,
    caller::testing::{alice, monitor, validate},
};

async fn alice_with_scopes(scp: &str) -> Caller {
    validate(|authority| with(alice(authority), "scp", json!(scp))).await.ok().unwrap()
}

async fn service_with_roles(roles: &[&str]) -> Caller {
    validate(|authority: &Authority| with(monitor(authority), "roles", json!(roles))).await.ok().unwrap()
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_user_is_granted_exactly_the_scopes_of_the_token() {
    for (scp, read, export) in [
        ("cost.read", true, false),
        ("cost.export", false, true),
        ("cost.read cost.export", true, true),
        ("cost.export  cost.read ", true, true),
        ("Cost.Read", false, false),
        ("cost.read.all", false, false),
        ("cost.rea", false, false),
        ("xcost.read", false, false),
        ("cost.read,cost.export", false, false),
        ("cost.read\tcost.export", false, false),
        ("api://x/cost.read", false, false),
        ("Diagnostics.Read", false, false),
    ] {
        let caller = alice_with_scopes(scp).await;
        for (scope, granted) in [(Scope::CostRead, read), (Scope::CostExport, export)] {
            assert_eq!(caller.has_scope(scope), granted, "{scp:?}");
            let expected = if granted { Ok(scope) } else { Err(PermissionRefusal::MissingScope(scope)) };
            assert_eq!(caller.as_user(scope).map(|grant| grant.scope()), expected, "{scp:?}");
        }
    }
}

#[tokio::test]
async fn a_service_is_granted_exactly_the_roles_of_the_token() {
    for (roles, granted) in [
        (vec!["Diagnostics.Read"], true),
        (vec!["Other", "Diagnostics.Read"], true),
        (vec![], false),
        (vec!["diagnostics.read"], false),
        (vec!["Diagnostics.Read.All"], false),
        (vec!["Other Diagnostics.Read"], false),
    ] {
        let caller = service_with_roles(&roles).await;
        let role = AppRole::DiagnosticsRead;
        assert_eq!(caller.has_role(role), granted, "{roles:?}");
        let expected = if granted { Ok(role) } else { Err(PermissionRefusal::MissingRole(role)) };
        assert_eq!(caller.as_app(role).map(|grant| grant.role()), expected, "{roles:?}");
    }
}

#[tokio::test]
async fn a_service_is_no_user_whatever_its_roles_are_called() {
    let caller = service_with_roles(&["cost.read", "Diagnostics.Read"]).await;
    assert!(!caller.is_user() && !caller.has_scope(Scope::CostRead));
    assert_eq!(caller.as_user(Scope::CostRead).err(), Some(PermissionRefusal::UserTokenRequired));
}

#[tokio::test]
async fn a_user_is_no_service_whatever_roles_and_scopes_are_called() {
    let caller = validate(|authority| {
        let claims = with(alice(authority), "roles", json!(["Diagnostics.Read"]));
        with(claims, "scp", json!("cost.read Diagnostics.Read"))
    });
    let caller = caller.await.ok().unwrap();
    assert!(caller.is_user() && !caller.has_role(AppRole::DiagnosticsRead));
    assert_eq!(caller.as_app(AppRole::DiagnosticsRead).err(), Some(PermissionRefusal::AppTokenRequired));
}

#[test]
fn refusals_are_the_codes_of_the_wire() {
    for (refusal, text) in [
        (PermissionRefusal::MissingScope(Scope::CostExport), "missing_scope:cost.export"),
        (PermissionRefusal::MissingRole(AppRole::DiagnosticsRead), "missing_role:Diagnostics.Read"),
        (PermissionRefusal::UserTokenRequired, "user_token_required"),
        (PermissionRefusal::AppTokenRequired, "app_token_required"),
    ] {
        assert_eq!(refusal.to_string(), text);
    }
}
