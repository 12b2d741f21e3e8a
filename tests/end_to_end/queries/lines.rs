//! Plays every kind of call and of trouble, and collects what the handler wrote.

use std::time::Duration;

use lab::{
    Deployment, Lab,
    fault::{Fault, RetryAfter},
    host::Source,
    resource_manager::{SHOP_DEV, SHOP_PROD},
};
use serde_json::{Value, json};

use crate::{
    lambda::Function,
    start,
    support::{Raw, cost_by_service, deployed, handler, reads},
};

/// The lines of all plays, in the order of each.
pub(super) async fn collected() -> Vec<Value> {
    let (calls, entra, azure, ends, renewed, failed, lambda) = tokio::join!(
        everyday_calls(),
        troubles_of_entra(),
        troubles_of_azure(),
        a_certificate_that_ends(),
        a_certificate_that_is_renewed(),
        starts_that_fail(),
        a_lambda_that_ends(),
    );
    [calls, entra, azure, ends, renewed, failed, lambda].concat()
}

/// Where nobody asks any more.
async fn a_lambda_that_ends() -> Vec<Value> {
    let function = Function::deployed_logging("info").await;
    function.invoke(&json!({ "rawPath": "/healthz", "requestContext": { "http": { "method": "GET" } } })).await;
    let (_, lines) = function.orphan().await;
    lines
}

/// What is on standard output, up to the line of a call made to mark the end.
async fn lines(deployment: &Deployment) -> Vec<Value> {
    let monitor = deployment.lab.service_token(&["Diagnostics.Read"]).issue().unwrap();
    deployment.client.call(&monitor, "diagnostics", json!({})).await.unwrap();
    let mut console = deployment.host.console().follow();
    let mut lines: Vec<Value> = Vec::new();
    while lines.last().is_none_or(|line| line["tool"] != "diagnostics" || line["decision"] != "accept") {
        let line = console.next().await.expect("the host is there");
        if line.source == Source::Stdout {
            lines.push(serde_json::from_str(&line.text).unwrap());
        }
    }
    lines
}

/// Alice works, Bob looks around, others come with what does not let them in.
async fn everyday_calls() -> Vec<Value> {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    // two at once share an exchange, the third finds its token
    lab.entra().faults().next(1, &Fault::Slow(Duration::from_millis(500)));
    let alice = reads(&deployment, lab.alice());
    tokio::join!(cost_by_service(&deployment, &alice), cost_by_service(&deployment, &alice));
    for _ in 0..20 {
        cost_by_service(&deployment, &alice).await;
    }
    let bob = reads(&deployment, lab.bob());
    for subscription in [SHOP_PROD, SHOP_DEV].into_iter().cycle().take(12) {
        deployment.client.call(&bob, "cost_by_service", json!({ "subscriptionId": subscription })).await.unwrap();
    }
    let about_shop = json!({ "subscriptionId": SHOP_PROD });
    for (tool, arguments) in [
        ("cost_export", about_shop.clone()),
        ("cost_by_service", json!({ "subscriptionId": "nonsense" })),
        ("cost_by_service", json!({ "managementGroupId": "shop" })),
        ("nope", about_shop.clone()),
    ] {
        deployment.client.call(&bob, tool, arguments).await.unwrap();
    }
    let service = lab.service_token(&[]).issue().unwrap();
    for tool in ["cost_by_service", "diagnostics"] {
        deployment.client.call(&service, tool, about_shop.clone()).await.unwrap();
    }
    let traced = |token: &str, body: &Value| {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let raw = Raw::post(token, body.to_string()).with("traceparent", trace);
        raw.with("mcp-protocol-version", "2025-06-18")
    };
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami" } });
    for (token, body) in [(alice.clone(), call), (alice.clone(), json!([])), (format!("{alice}x"), json!({}))] {
        traced(&token, &body).send(&deployment).await;
    }
    lines(&deployment).await
}

/// Policies, consents and outages that end an exchange; each with a fresh sign-in, because failures are remembered.
async fn troubles_of_entra() -> Vec<Value> {
    let deployment = deployed().await;
    let lab = &deployment.lab;
    let entra = lab.entra();
    let ask = async || cost_by_service(&deployment, &reads(&deployment, lab.alice())).await;
    entra.require_mfa();
    ask().await;
    entra.remove_policies();
    entra.block_access();
    ask().await;
    entra.remove_policies();
    entra.withdraw_azure_consent();
    ask().await;
    entra.consents_to_azure(lab.alice());
    entra.revoke(lab.alice());
    ask().await;
    entra.keys_faults().always(Fault::Unavailable(RetryAfter::Unsaid));
    let unknown = lab.token(lab.alice()).scope("cost.read").signed_by_unknown_key().issue().unwrap();
    cost_by_service(&deployment, &unknown).await;
    entra.keys_faults().clear();
    let vault = lab.key_vault();
    entra.unregister(&vault.certificate().unwrap());
    cost_by_service(&deployment, &reads(&deployment, lab.bob())).await;
    // the vault is read again when Entra refuses the certificate; at most once in five minutes
    entra.faults().next(2, &Fault::ConnectionReset);
    cost_by_service(&deployment, &reads(&deployment, lab.bob())).await;
    lines(&deployment).await
}

async fn troubles_of_azure() -> Vec<Value> {
    let deployment = deployed().await;
    let alice = reads(&deployment, deployment.lab.alice());
    let faults = deployment.lab.resource_manager().faults();
    for fault in [Fault::ConnectionReset, Fault::Html(http::StatusCode::OK)] {
        faults.always(fault);
        cost_by_service(&deployment, &alice).await;
        faults.clear();
    }
    lines(&deployment).await
}

async fn a_certificate_that_ends() -> Vec<Value> {
    let lab = Lab::start().await.unwrap();
    let certificate = lab.key_vault().set_expiry(time::OffsetDateTime::now_utc() + time::Duration::days(10)).unwrap();
    lab.entra().register(&certificate);
    let deployment = Deployment::of(lab, handler(), &[], None).await.unwrap();
    deployment.host.console().wait_for_line("credential_expires").await.unwrap();
    lines(&deployment).await
}

/// Nobody registers the successor, and later the vault is away.
async fn a_certificate_that_is_renewed() -> Vec<Value> {
    let refusal = || {
        let body = json!({ "error": "invalid_client", "error_codes": [700_024], "error_description": "no" });
        Fault::Answer(http::Response::builder().status(401).body(body.to_string().into()).unwrap())
    };
    let renewed = deployed().await;
    renewed.lab.key_vault().rotate().unwrap();
    renewed.lab.entra().faults().next(1, &refusal());
    cost_by_service(&renewed, &reads(&renewed, renewed.lab.alice())).await;
    let away = deployed().await;
    away.lab.key_vault().faults().always(Fault::Unavailable(RetryAfter::Unsaid));
    away.lab.entra().faults().next(1, &refusal());
    cost_by_service(&away, &reads(&away, away.lab.alice())).await;
    [lines(&renewed).await, lines(&away).await].concat()
}

/// Without any setting, and without the vault.
async fn starts_that_fail() -> Vec<Value> {
    let lab = Lab::start().await.unwrap();
    lab.key_vault().forbid();
    let outputs = [start::exits(Vec::new()).await, start::exits(start::with(&lab, &[])).await];
    let lines = outputs.iter().flat_map(|output| output.stdout.split(|byte| *byte == b'\n'));
    lines.filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
}
