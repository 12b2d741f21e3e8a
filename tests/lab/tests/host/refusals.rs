//! Proves that what would hang, be skipped or behave differently once deployed does not start here. A package that
//! starts here may still be refused by the real host for what is not modelled.

use lab::host::{Function, HostError, Level, Source};
use serde_json::json;

use crate::app::{App, Running};
use crate::client::get;

#[track_caller]
fn assert_says(result: Result<Running, HostError>, expected: &str) {
    let message = result.unwrap_err().to_string();
    assert!(message.contains(expected), "{message} should contain {expected}");
}

#[tokio::test]
async fn a_function_that_azure_would_ask_a_key_for_is_refused() {
    for level in [json!("function"), json!("admin"), json!(null)] {
        let app = App::new().function_with("mcp", json!({ "authLevel": level }));
        assert_says(app.try_start().await, "function `mcp`: `authLevel` must be `anonymous`");
    }
}

#[tokio::test]
async fn a_function_that_would_not_be_proxied_is_refused() {
    let trigger = json!({ "type": "httpTrigger", "direction": "in", "authLevel": "anonymous" });
    let answer = json!({ "type": "http", "direction": "out" });
    let queue = json!({ "type": "queue", "direction": "out" });
    for bindings in
        [json!([trigger]), json!([answer]), json!([trigger, answer, queue]), json!([trigger, queue]), json!([queue])]
    {
        let app = App::new().file("mcp/function.json", &json!({ "bindings": bindings }).to_string());
        assert_says(app.try_start().await, "function `mcp`: only exactly one `httpTrigger`");
    }
}

#[tokio::test]
async fn a_route_or_method_list_that_is_not_understood_is_refused() {
    let app = App::new().function("mcp", "{id:int}");
    assert_says(app.try_start().await, "function `mcp`: the route segment `{id:int}`");
    let app = App::new().function_with("mcp", json!({ "methods": "post" }));
    assert_says(app.try_start().await, "function `mcp`: `methods`");
}

#[tokio::test]
async fn a_broken_function_is_reported_and_skipped_and_the_others_run() {
    let broken = [
        ("torn/function.json", "{"),
        ("bare/function.json", r#"{"bindings":[]}"#),
        ("scripted/function.json", r#"{"scriptFile":"run.sh","bindings":[{}]}"#),
        ("9lives/function.json", "{}"),
        ("host/function.json", "{}"),
    ];
    let app =
        broken.iter().fold(App::without_functions().function("mcp", "mcp"), |app, (file, text)| app.file(file, text));
    let host = app.file("docs/README.md", "no function").start().await;
    assert_eq!(host.functions().iter().map(Function::name).collect::<Vec<_>>(), ["mcp"]);
    assert_eq!(get(&host, "/mcp").await.status, 200);
    for (file, _) in broken {
        let name = file.trim_end_matches("/function.json");
        let line = host.console().wait_for_line(&format!("function `{name}` is skipped: ")).await.unwrap();
        assert_eq!((line.source, line.level), (Source::Host, Level::Error));
    }
    assert!(host.console().lines().iter().all(|line| !line.text.contains("docs")));
}

#[tokio::test]
async fn functions_are_looked_for_in_direct_children_only() {
    let app = App::without_functions().function("function-defs/mcp", "mcp");
    assert_says(app.try_start().await, "has no functions");
    let app = App::without_functions().file("torn/function.json", "{");
    assert_says(app.try_start().await, "has no functions:\n  function `torn` is skipped: function.json is not valid");
}

#[tokio::test]
async fn a_host_json_that_the_real_host_would_refuse_is_refused() {
    assert_says(App::new().file("host.json", "{").try_start().await, "host.json is not usable");
    let app = App::new().host_json(|host| host["version"] = "3.0".into());
    assert_says(app.try_start().await, "`version` must be \"2.0\"");
    let app = App::new().host_json(|host| host["configurationProfile"] = "web-custom-handler".into());
    assert_says(app.try_start().await, "there is no `configurationProfile` `web-custom-handler`");
    let app = App::new().set("AzureFunctionsJobHost__version", &"3.0");
    assert_says(app.try_start().await, "`version` must be \"2.0\"");
}

#[tokio::test]
async fn functions_come_from_folders_or_from_routes_and_never_from_both() {
    let routes = |host: &mut serde_json::Value| {
        host["customHandler"]["http"] =
            json!({ "defaultAuthorizationLevel": "anonymous", "routes": [{ "route": "mcp" }] });
    };
    let app = App::without_functions().host_json(routes);
    assert_eq!(get(&app.start().await.host, "/mcp").await.status, 200);
    let app = app.function("other", "other");
    assert_says(app.try_start().await, "both `customHandler.http.routes` in host.json and a function.json, of `other`");
}

#[tokio::test]
async fn a_route_that_azure_would_ask_a_key_for_is_refused() {
    let app = App::without_functions().host_json(|host| host["configurationProfile"] = "mcp-custom-handler".into());
    assert_says(app.try_start().await, "function `http-handler1`: `customHandler.http.defaultAuthorizationLevel`");
}

#[tokio::test]
async fn another_runtime_than_custom_is_refused() {
    let app = App::new().file("local.settings.json", r#"{"Values":{"FUNCTIONS_WORKER_RUNTIME":"node"}}"#);
    assert_eq!(get(&app.start().await.host, "/x").await.status, 200, "what is set wins over the file");
    let app = app.set("FUNCTIONS_WORKER_RUNTIME", &"node");
    assert_says(app.try_start().await, "FUNCTIONS_WORKER_RUNTIME is node: set it to `custom`");
}

#[tokio::test]
async fn a_missing_handler_is_named() {
    let app = App::new();
    std::fs::remove_file(app.path(&format!("handler{}", std::env::consts::EXE_SUFFIX))).unwrap();
    assert_says(app.try_start().await, "handler is missing: build and stage the handler");
}

#[cfg(unix)]
#[tokio::test]
async fn a_handler_without_its_execute_bit_is_not_tried_again() {
    let app = App::new();
    std::fs::remove_file(app.path("handler")).unwrap();
    let app = app.file("handler", "#!/bin/sh\n");
    assert_says(app.try_start().await, "handler cannot be started: Permission denied");
}
