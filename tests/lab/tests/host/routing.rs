//! Proves which requests reach the handler. What the platform answers before the host does, only a deployment shows.

use std::path::Path;

use lab::host::{Host, HostOptions};
use serde_json::json;

use crate::app::App;
use crate::client::{ask, get};

#[tokio::test]
async fn functions_are_matched_in_alphabetical_order() {
    let app = App::without_functions().function("b", "b").function("C", "{*path}").function("a", "a");
    let host = app.start().await;
    let order: Vec<_> = host.functions().iter().map(|function| (function.name(), function.route())).collect();
    assert_eq!(order, [("a", "a"), ("b", "b"), ("C", "{*path}")]);
}

#[tokio::test]
async fn routes_of_host_json_are_functions_in_the_order_of_their_names() {
    let app = App::without_functions().host_json(|host| {
        let routes: Vec<_> = (1..=10).map(|number| json!({ "route": format!("r{number}") })).collect();
        host["customHandler"]["http"] = json!({ "defaultAuthorizationLevel": "anonymous", "routes": routes });
    });
    let host = app.start().await;
    let names: Vec<_> = host.functions().iter().map(lab::host::Function::name).take(3).collect();
    assert_eq!(names, ["http-handler1", "http-handler10", "http-handler2"]);
    assert_eq!(ask(&host, "DELETE", "/r10", &[], "").await.json()["method"], "DELETE");
    assert_eq!(ask(&host, "PROPFIND", "/r10", &[], "").await.status, 404);
}

#[tokio::test]
async fn the_profile_for_mcp_sends_everything_to_the_handler() {
    let app = App::without_functions()
        .file("host.json", r#"{"version":"2.0","configurationProfile":"mcp-custom-handler","customHandler":{"description":{"defaultExecutablePath":"handler"},"http":{"DefaultAuthorizationLevel":"anonymous"}}}"#);
    let host = app.start().await;
    assert_eq!(get(&host, "/.well-known/x/y").await.json()["target"], "/.well-known/x/y");
}

#[tokio::test]
async fn the_start_lists_the_functions_as_the_core_tools_do() {
    let app =
        App::without_functions().function("mcp", "mcp").function_with("only", json!({ "methods": ["get", "post"] }));
    let host = app.start().await;
    let lines: Vec<_> = host.console().lines().into_iter().take(3).map(|line| line.text).collect();
    let url = host.url();
    assert_eq!(lines, ["Functions:", &format!("\tmcp:  {url}/mcp"), &format!("\tonly: [GET,POST] {url}/only")]);
}

#[tokio::test]
async fn what_no_function_matches_is_an_empty_404() {
    let host = App::without_functions().function("mcp", "mcp").start().await;
    assert_eq!(get(&host, "/MCP/").await.status, 200);
    for target in ["/other", "/mcp/more", "/api/mcp"] {
        let answer = get(&host, target).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{target}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_listed_is_a_404_and_never_a_405() {
    let app = App::without_functions().function_with("mcp", json!({ "methods": ["POST"] })).function("any", "any");
    let host = app.start().await;
    assert_eq!(ask(&host, "POST", "/mcp", &[], "").await.status, 200);
    assert_eq!(get(&host, "/mcp").await.status, 404);
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
        assert_eq!(ask(&host, method, "/any", &[], "").await.json()["method"], method);
    }
}

#[tokio::test]
async fn the_prefix_is_api_and_the_route_is_the_name_unless_they_are_set() {
    let app = App::without_functions().function_with("mcp", json!({}));
    let host = app.host_json(|host| host["extensions"] = json!({})).start().await;
    assert_eq!(get(&host, "/api/mcp").await.status, 200);
    assert_eq!(get(&host, "/mcp").await.status, 404);
}

#[tokio::test]
async fn the_root_is_the_hosts_home_page_unless_a_function_takes_it() {
    let app = App::without_functions().function("mcp", "mcp");
    let page = get(&app.start().await.host, "/").await;
    assert_eq!(page.status, 200);
    assert!(page.has_header("content-type"));
    let app = app.set("AzureWebJobsDisableHomepage", &true);
    assert_eq!(get(&app.start().await.host, "/").await.status, 204);
    assert_eq!(get(&App::new().start().await.host, "/").await.status, 404, "the fake handler's answer");
}

#[tokio::test]
async fn the_hosts_own_paths_never_reach_a_function() {
    let host = App::new().start().await;
    for target in ["/admin/host/status", "/ADMIN/x", "/%61dmin/x", "/runtime/webhooks/x"] {
        assert_eq!(get(&host, target).await.body, "", "{target}");
    }
}

#[tokio::test]
async fn the_products_own_functions_files_serve_its_paths_and_nothing_else() {
    let destination = tempfile::tempdir().unwrap();
    let fake = Path::new(env!("CARGO_BIN_EXE_fake-handler"));
    let package = xtask::stage(xtask::repository_root(), fake, destination.path()).unwrap();
    let host = Host::start(HostOptions::clean(package.root())).await.unwrap();
    for target in
        ["/mcp", "/healthz", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]
    {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            assert_eq!(ask(&host, method, target, &[], "").await.json()["target"], target, "{method}");
        }
    }
    for target in ["/api/mcp", "/mcp/x", "/doctor"] {
        assert_eq!(get(&host, target).await.status, 404, "{target}");
    }
}
