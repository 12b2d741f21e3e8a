//! Proves what of a request arrives when it is forwarded and not proxied, and what does not. The rules were measured with
//! .NET's client; the rarer escapes only the real host would show.

use serde_json::Value;

use crate::app::App;
use crate::client::{Connection, ask, get};

#[tokio::test]
async fn the_handler_sees_the_clients_host_and_all_that_it_claims() {
    let host = App::new().forwarding().start().await;
    let headers = [
        "Authorization: Bearer token",
        "Content-Type: application/json",
        "Content-Encoding: identity",
        "Content-Language: en",
        "User-Agent: client/1",
        "X-Forwarded-For: 198.51.100.7",
        "X-Azure-Functions-InvocationId: forged",
    ];
    let seen = ask(&host, "POST", "/mcp", &headers, "{}").await.json();
    assert_eq!(seen["body"], "{}");
    let seen: Vec<_> =
        seen["headers"].as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect();
    for header in [
        "host: public.example",
        "authorization: Bearer token",
        "content-type: application/json",
        "content-length: 2",
        "user-agent: client/1 Azure-Functions-Host/4.1052.200",
        "x-forwarded-for: 198.51.100.7",
        "x-azure-functions-invocationid: forged",
        "x-azure-functions-hostversion: 4.1052.200",
    ] {
        assert!(seen.iter().any(|it| it == header), "{header} is missing: {seen:?}");
    }
    for name in ["content-encoding", "content-language", "x-ms-invocation-id", "x-forwarded-host"] {
        assert!(!seen.iter().any(|it| it.starts_with(name)), "{name} should not be there: {seen:?}");
    }
    let ids = seen.iter().filter(|it| it.starts_with("x-azure-functions-invocationid")).count();
    assert_eq!(ids, 2, "the host's own is appended");
}

#[tokio::test]
async fn repeated_keys_of_a_query_are_joined() {
    let host = App::new().forwarding().start().await;
    assert_eq!(get(&host, "/x?a=1&b=2&a=3").await.json()["target"], "/x?a=1,3&b=2");
    assert_eq!(get(&host, "/a%2Fb").await.json()["target"], "/a%2Fb");
}

#[tokio::test]
async fn a_chunked_request_fails() {
    let host = App::new().forwarding().start().await;
    let mut connection = Connection::open(&host).await;
    connection.send("POST /x HTTP/1.1\r\nHost: public.example\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    connection.send("3\r\none\r\n0\r\n\r\n").await;
    connection.read_until("HTTP/1.1 500 ").await;
}

#[tokio::test]
async fn an_answer_that_the_handler_does_not_finish_is_a_500() {
    let host = App::new().forwarding().start().await;
    assert_eq!(get(&host, "/exit/1").await.status, 500);
    host.console().wait_for_line("handler is restarted").await.unwrap();
    host.ready().await.unwrap();
    let answer = get(&host, "/redirect").await;
    assert_eq!(answer.status, 302, "is passed through");
    assert!(answer.has_header("content-length"), "the answer was read whole");
}

#[tokio::test]
async fn the_handler_does_not_learn_that_a_client_has_left() {
    let host = App::new().forwarding().start().await;
    let mut connection = Connection::open(&host).await;
    connection.send("GET /until-left HTTP/1.1\r\nHost: public.example\r\n\r\n").await;
    host.console().wait_for_line("a client waits").await.unwrap();
    drop(connection);
    // long enough for a host that would tell it, as the one that proxies does
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(host.console().lines().iter().all(|line| line.text != "the client has left"));
}
