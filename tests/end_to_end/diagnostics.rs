//! Monitoring by a service. Proves that the figures are those of real calls, that they name nobody, and who gets them.
//! That Entra puts an assigned role into a service's token, only a live tenant can show.

use http::StatusCode;
use lab::{
    Deployment,
    fault::{Fault, RetryAfter},
    people::{MCP_CLIENT_ID, MONITOR_CLIENT_ID, MONITOR_OBJECT_ID, TENANT_ID},
};
use serde_json::{Value, json};

use crate::support::{Raw, cost_by_service, deployed, events, is_status, reads};

/// A token of the monitoring service.
fn monitor(deployment: &Deployment, roles: &[&str]) -> String {
    deployment.lab.service_token(roles).issue().unwrap()
}

/// What a service with the role is told; nothing in it is of a person, of a service or a secret.
async fn diagnosis(deployment: &Deployment) -> Value {
    let token = monitor(deployment, &["Diagnostics.Read"]);
    let answer = deployment.client.call(&token, "diagnostics", json!({})).await.unwrap();
    is_status(&answer, StatusCode::OK);
    let lab = &deployment.lab;
    let (text, body) = (answer.text().unwrap(), answer.body.to_string());
    let people = [lab.alice(), lab.bob()];
    let names = people.iter().flat_map(|person| [&person.object_id, &person.user_principal_name, &person.display_name]);
    let ids = [TENANT_ID, MCP_CLIENT_ID, MONITOR_CLIENT_ID, MONITOR_OBJECT_ID].map(str::to_owned);
    for private in names.cloned().chain(ids).chain(lab.secrets()) {
        assert!(!body.contains(private.as_str()), "{private} in {text}");
    }
    answer.structured().unwrap().clone()
}

/// Hits, misses and joined; exchanges that were good and that failed, lately.
fn figures(diagnosis: &Value) -> [u64; 5] {
    let places = [
        "/uses/hits",
        "/uses/misses",
        "/uses/joined",
        "/exchanges/last15Minutes/ok",
        "/exchanges/last15Minutes/failed",
    ];
    places.map(|place| diagnosis.pointer(place).and_then(Value::as_u64).unwrap())
}

#[tokio::test]
async fn a_fresh_instance_is_well_and_tells_of_its_keys_and_its_certificate() {
    let deployment = deployed().await;
    let told = diagnosis(&deployment).await;
    assert_eq!((&told["well"], &told["problems"]), (&json!(true), &json!([])), "{told:#}");
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(figures(&told), [0, 0, 0, 0, 0]);
    assert!(told["signingKeys"]["count"].as_u64().unwrap() > 0 && told["signingKeys"]["fetchedAt"].is_string());
    assert_eq!(told["signingKeys"]["lastRefreshFailed"], false);
    assert_eq!(told["credential"]["thumbprint"].as_str().map(str::len), Some(64), "{told:#}");
    assert!(told["credential"]["daysLeft"].as_i64().unwrap() > 30, "{told:#}");
    assert_eq!(told["credential"]["lastReload"]["failed"], false);
    assert_eq!(told["cache"]["capacity"], 10_000);
    assert_eq!(deployment.lab.entra().exchanges(deployment.lab.alice()), 0, "it asks nobody");
}

/// As the README shows it.
#[tokio::test]
async fn one_plain_request_is_enough_for_a_monitor() {
    let deployment = deployed().await;
    let token = monitor(&deployment, &["Diagnostics.Read"]);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"diagnostics"}}"#;
    let answer = Raw::post(&token, call).send(&deployment).await;
    assert_eq!(answer.structured().map(|told| &told["well"]), Some(&json!(true)), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_move_when_users_call() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let alice = reads(&deployment, lab.alice());
    for _ in 0..3 {
        cost_by_service(&deployment, &alice).await;
    }
    assert_eq!(figures(&diagnosis(&deployment).await), [2, 1, 0, 1, 0]);

    // Azure refuses Bob, Entra does not: his exchange is as good as hers
    let bob = reads(&deployment, lab.bob());
    lab.entra().faults().next(1, &Fault::Slow(std::time::Duration::from_millis(500)));
    let calls = (0..40).map(|_| cost_by_service(&deployment, &bob));
    futures_util::future::join_all(calls).await;
    let [hits, misses, joined, ok, failed] = figures(&diagnosis(&deployment).await);
    assert_eq!((misses, ok, failed), (2, 2, 0), "forty calls, one exchange");
    assert!(joined > 0 && hits + joined == 2 + 39, "{hits} hits, {joined} joined");

    // what a user must cure is counted, and is no problem of the instance
    lab.entra().require_mfa();
    cost_by_service(&deployment, &reads(&deployment, lab.bob())).await;
    let told = diagnosis(&deployment).await;
    let lately = &told["exchanges"]["last15Minutes"];
    assert_eq!(lately["failedByClass"]["interactionRequired"], 1, "{told:#}");
    assert_eq!((&lately["total"], &lately["failureRatePercent"]), (&json!(3), &json!(33)));
    assert_eq!(told["exchanges"]["sinceStart"], *lately);
    assert_eq!(told["well"], true, "{told:#}");
}

#[tokio::test]
async fn a_fault_of_the_operator_and_an_outage_of_entra_are_problems() {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    lab.entra().faults().next(2, &Fault::Html(StatusCode::OK));
    is_status(&cost_by_service(&deployment, &reads(&deployment, lab.alice())).await, StatusCode::SERVICE_UNAVAILABLE);
    lab.entra().faults().clear();
    let told = diagnosis(&deployment).await;
    assert_eq!(told["exchanges"]["last15Minutes"]["failedByClass"]["operatorFault"], 1, "{told:#}");
    assert_eq!((&told["well"], told["problems"].as_array().unwrap().len()), (&json!(false), 1), "{told:#}");

    lab.entra().faults().next(2, &Fault::Unavailable(RetryAfter::Seconds(30)));
    is_status(&cost_by_service(&deployment, &reads(&deployment, lab.bob())).await, StatusCode::SERVICE_UNAVAILABLE);
    let told = diagnosis(&deployment).await;
    assert_eq!(told["exchanges"]["last15Minutes"]["failedByClass"]["temporarilyUnavailable"], 1, "{told:#}");
    assert_eq!(told["entraGate"]["shut"], true);
    assert!((1..=30).contains(&told["entraGate"]["secondsLeft"].as_u64().unwrap()), "{told:#}");
    assert_eq!(told["problems"].as_array().unwrap().len(), 3, "{told:#}");
}

#[tokio::test]
async fn a_service_without_the_role_learns_what_to_assign() {
    let deployment = deployed().await;
    for roles in [&[][..], &["diagnostics.read"], &["Diagnostics.Read.All", "cost.read"]] {
        let token = monitor(&deployment, roles);
        let answer = deployment.client.call(&token, "diagnostics", json!({})).await.unwrap();
        is_status(&answer, StatusCode::FORBIDDEN);
        assert_eq!(answer.rpc_error().unwrap(), (-31403, "missing_role:Diagnostics.Read"), "{roles:?}");
        assert!(answer.challenge().is_none(), "no new token could cure it");
        let whoami = deployment.client.call(&token, "whoami", json!({})).await.unwrap();
        let text = whoami.text().unwrap();
        assert!(text.contains("| diagnostics | no       | Diagnostics.Read |"), "{text}");
        assert!(text.contains(&format!("servicePrincipals/{MONITOR_OBJECT_ID}/appRoleAssignments")), "{text}");
    }
    let line = &events(&deployment, "audit")[0];
    assert_eq!((&line["decision"], &line["tool"]), (&json!("deny:role"), &json!("diagnostics")));
    assert_eq!((&line["permission"], &line["oid"]), (&json!("Diagnostics.Read"), &json!(MONITOR_OBJECT_ID)));
}

/// Not even a user whose token holds a role of that name.
#[tokio::test]
async fn to_a_user_there_is_no_such_tool() {
    let deployment = deployed().await;
    let token = deployment.lab.token(deployment.lab.alice()).scope("cost.read");
    let token = token.claim("roles", json!(["Diagnostics.Read"])).issue().unwrap();
    let list = deployment.client.list(&token).await.unwrap();
    assert!(!list.body.to_string().contains("diagnostics"), "{}", list.body);
    let mut answers = Vec::new();
    for tool in ["diagnostics", "made_up"] {
        let answer = deployment.client.call(&token, tool, json!({})).await.unwrap();
        is_status(&answer, StatusCode::OK);
        let id = answer.body.pointer("/error/data/correlation_id").and_then(Value::as_str).unwrap();
        answers.push(answer.body.to_string().replace(id, "[id]").replace(tool, "[tool]"));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains("Unknown tool: [tool]"), "{}", answers[0]);
    for line in events(&deployment, "audit") {
        assert_eq!((&line["decision"], &line["reason"]), (&json!("error"), &json!("unknown_tool")));
        assert!(line.get("tool").is_none() && line.get("permission").is_none(), "{line}");
    }
}
