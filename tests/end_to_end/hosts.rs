//! The same answers whichever way the host hands requests on. Proves that the handler relies on nothing that only one of
//! them gives it. What Azure's front end adds to that, only a deployment shows.

use http::{Method, StatusCode};
use lab::{
    Deployment, Lab,
    host::{HostOptions, Place},
};

use crate::support::{Raw, challenge, cost_by_service, handler, is_status, reads};

/// A front end's headers, on every request of a test.
const FRONT_END: [(&str, &str); 3] =
    [("disguised-host", "evil.example"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example")];

async fn hosted(change: fn(HostOptions) -> HostOptions) -> Deployment {
    let origins = [("ALLOWED_ORIGINS", "https://app.contoso.example")];
    Deployment::hosted(Lab::start().await.unwrap(), handler(), &origins, change).await.unwrap()
}

fn in_azure(options: HostOptions) -> HostOptions {
    HostOptions { place: Place::Azure, ..options }
}

#[tokio::test]
async fn alice_reads_and_bob_is_refused_behind_every_host() {
    for (name, change) in
        [("azure", in_azure as fn(HostOptions) -> HostOptions), ("forwarding", HostOptions::forwarding)]
    {
        let deployment = hosted(change).await;
        let alice = cost_by_service(&deployment, &reads(&deployment, deployment.lab.alice())).await;
        is_status(&alice, StatusCode::OK);
        assert!(!alice.is_tool_error(), "{name}: {}", alice.body);
        let bob = cost_by_service(&deployment, &reads(&deployment, deployment.lab.bob())).await;
        assert!(bob.sentence().contains("lacks Cost Management Reader"), "{name}: {}", bob.body);

        let nobody = FRONT_END
            .iter()
            .fold(Raw::post("", "{}").without("authorization"), |raw, (header, value)| raw.with(header, *value));
        let refused = nobody.send(&deployment).await;
        is_status(&refused, StatusCode::UNAUTHORIZED);
        let metadata = &challenge(&refused.headers)["resource_metadata"];
        assert!(metadata.starts_with(&deployment.host.url()), "{name}: no header names this server: {metadata}");
    }
}

#[tokio::test]
async fn in_azure_a_browsers_preflight_never_reaches_the_handler() {
    let preflight =
        |raw: Raw| raw.with("origin", "https://app.contoso.example").with("access-control-request-method", "POST");
    for (change, handler_answers) in [(in_azure as fn(HostOptions) -> HostOptions, false), (|options| options, true)] {
        let deployment = hosted(change).await;
        let answer = preflight(Raw::new(Method::OPTIONS, "/mcp")).send(&deployment).await;
        is_status(&answer, StatusCode::NO_CONTENT);
        // whoever wants browsers in Azure allows their origins at the platform, too
        assert_eq!(answer.headers.contains_key("access-control-allow-origin"), handler_answers);
    }
}
