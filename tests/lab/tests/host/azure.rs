//! Proves what the host itself does to requests and to the package in Azure. What the front end does before, and whether
//! the mounted package can be changed, only a deployment shows.

use crate::app::App;
use crate::client::ask;

#[tokio::test]
async fn a_browsers_preflight_is_answered_by_the_host_and_no_other_options_are() {
    let preflight = ["Origin: https://app.example", "Access-Control-Request-Method: POST"];
    let host = App::new().in_azure().start().await;
    let answer = ask(&host, "OPTIONS", "/mcp", &preflight, "").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert!(!answer.has_header("access-control-allow-origin"), "no origin is configured");
    assert_eq!(ask(&host, "OPTIONS", "/mcp", &preflight[..1], "").await.json()["method"], "OPTIONS");
    let host = App::new().start().await;
    assert_eq!(ask(&host, "OPTIONS", "/mcp", &preflight, "").await.json()["method"], "OPTIONS", "on a laptop");
}

#[tokio::test]
async fn the_handler_is_told_the_name_and_the_scheme_that_the_client_used() {
    let headers =
        ["DISGUISED-HOST: costs.contoso.example", "X-Forwarded-Proto: https, http", "X-Forwarded-For: 198.51.100.7"];
    let told = async |app: App| {
        let seen = ask(&app.start().await.host, "GET", "/x", &headers, "").await.json();
        let headers = seen["headers"].as_array().unwrap().clone();
        let mut told: Vec<_> = headers.iter().map(|header| header.as_str().unwrap().to_owned()).collect();
        told.retain(|header| header.starts_with("x-forwarded-"));
        told.sort();
        told
    };
    assert_eq!(
        told(App::new().in_azure()).await,
        ["x-forwarded-for: 127.0.0.1", "x-forwarded-host: costs.contoso.example", "x-forwarded-proto: https"],
    );
    assert_eq!(
        told(App::new()).await,
        ["x-forwarded-for: 127.0.0.1", "x-forwarded-host: public.example", "x-forwarded-proto: http"],
        "on a laptop"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_handler_that_lost_its_execute_bit_is_started() {
    use std::os::unix::fs::PermissionsExt as _;

    let app = App::new();
    let handler = app.path("handler");
    std::fs::remove_file(&handler).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_fake-handler"), &handler).unwrap();
    std::fs::set_permissions(&handler, std::fs::Permissions::from_mode(0o644)).unwrap();
    let host = app.in_azure().start().await;
    assert_eq!(crate::client::get(&host, "/x").await.status, 200);
}
