//! Runs every kind of call with the loudest log there is, and looks for every secret the lab made or saw in every line the
//! handler wrote. What the platform itself logs of a request, only a live deployment can show.

use lab::fault::{Fault, RetryAfter};
use serde_json::json;

use crate::support::{Raw, cost_by_service, deployed_with, reads};

#[tokio::test]
async fn no_secret_is_ever_logged() {
    let deployment = deployed_with(&[("RUST_LOG", "trace")]).await;
    let lab = &deployment.lab;
    lab.entra().admin_consents("cost.export");
    let alice = lab.token(lab.alice()).scope("cost.read").scope("cost.export").issue().unwrap();
    let bob = reads(&deployment, lab.bob());
    for tool in ["cost_by_service", "cost_export", "whoami", "nope"] {
        for token in [&alice, &bob] {
            let arguments =
                json!({ "subscriptionId": lab::resource_manager::SHOP_PROD, "note": "an argument of the caller" });
            deployment.client.call(token, tool, arguments).await.unwrap();
        }
    }
    let monitor = lab.service_token(&["Diagnostics.Read"]).issue().unwrap();
    deployment.client.call(&monitor, "diagnostics", json!({})).await.unwrap();
    for hostile in [
        lab.token(lab.alice()).scope("cost.read").expired().issue().unwrap(),
        lab.token(lab.alice()).scope("cost.read").for_graph().issue().unwrap(),
        format!("{alice}x"),
    ] {
        Raw::post(&hostile, "{}").send(&deployment).await;
    }
    lab.entra().require_mfa();
    cost_by_service(&deployment, &reads(&deployment, lab.bob())).await;
    lab.entra().remove_policies();
    for fault in [
        Fault::Throttled(RetryAfter::Seconds(1)),
        Fault::Html(http::StatusCode::BAD_GATEWAY),
        Fault::Truncated,
        Fault::ConnectionReset,
    ] {
        lab.entra().faults().next(2, &fault);
        cost_by_service(&deployment, &reads(&deployment, lab.bob())).await;
        lab.entra().faults().clear();
        lab.resource_manager().faults().next(1, &fault);
        cost_by_service(&deployment, &alice).await;
    }

    let secrets = lab.secrets();
    assert!(secrets.len() > 10, "the lab must have seen secrets for this to prove anything: {}", secrets.len());
    let lines = deployment.host.console().lines();
    assert!(lines.len() > 20, "the handler must have logged for this to prove anything: {}", lines.len());
    for line in &lines {
        for secret in &secrets {
            assert!(!line.text.contains(secret.as_str()), "a secret was logged: {}", line.text);
            // a token's last third is its signature: a part of it is as bad as the whole
            if let Some((_, signature)) = secret.rsplit_once('.') {
                assert!(!line.text.contains(signature), "a signature was logged: {}", line.text);
            }
        }
        assert!(!line.text.contains("an argument of the caller"), "an argument was logged: {}", line.text);
        assert!(!holds_a_token(&line.text), "something like a token was logged: {}", line.text);
    }
}

/// The beginning of a JSON object in base64url, and far more of it than an id has: `eyJ` alone comes up in ids by chance.
fn holds_a_token(line: &str) -> bool {
    const LONGEST_ID: usize = 40;
    let is_base64url = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    line.match_indices("eyJ").any(|(start, _)| line[start..].chars().take_while(is_base64url).count() > LONGEST_ID)
}
