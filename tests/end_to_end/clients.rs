//! A client library that is not ours, in both eras. Proves that a stranger's client can list, call and read a refusal;
//! other clients are a matter of their own releases.

use lab::resource_manager::SHOP_PROD;
use rmcp::{
    ServiceExt,
    model::{CallToolRequestParams, ProtocolVersion},
    service::{ClientLifecycleMode, ClientServiceExt},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::json;

use crate::support::{deployed, reads};

#[tokio::test]
async fn the_rust_sdk_lists_and_calls_in_both_eras() {
    let deployment = deployed().await;
    for modern in [false, true] {
        for (person, refused) in [(deployment.lab.alice(), false), (deployment.lab.bob(), true)] {
            let token = reads(&deployment, person);
            let config = StreamableHttpClientTransportConfig::with_uri(deployment.client.endpoint()).auth_header(token);
            let transport = StreamableHttpClientTransport::from_config(config);
            let client = if modern {
                let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
                ().serve_with_lifecycle(transport, ClientLifecycleMode::Discover { preferred_versions }).await.unwrap()
            } else {
                ().serve(transport).await.unwrap()
            };
            let tools = client.list_all_tools().await.unwrap();
            assert!(tools.iter().any(|tool| tool.name == "cost_by_service"), "{tools:?}");
            let arguments = json!({ "subscriptionId": SHOP_PROD }).as_object().cloned();
            let mut call = CallToolRequestParams::new("cost_by_service");
            call.arguments = arguments;
            let result = client.call_tool(call).await.unwrap();
            assert_eq!(result.is_error, Some(refused), "{result:?}");
            client.cancel().await.unwrap();
        }
    }
}
