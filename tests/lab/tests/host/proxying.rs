//! Proves what of a request reaches the handler and what of its answer reaches the client. What Azure's front end adds
//! before, only a deployment shows.

use serde_json::Value;

use crate::app::App;
use crate::client::{Connection, ask, get, parse};

#[tokio::test]
async fn the_handler_sees_the_clients_headers_but_for_those_of_the_connection_and_the_hosts_own() {
    let host = App::new().start().await;
    let headers = [
        "Authorization: Bearer token",
        "Cookie: a=1",
        "MCP-Protocol-Version: 2025-06-18",
        "Origin: https://app.example",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "X-Custom: one",
        "X-Custom: two",
        "Keep-Alive: timeout=5",
        "TE: trailers",
        "Proxy-Authorization: Basic x",
        "Upgrade-Insecure-Requests: 1",
        "Alt-Svc: h3",
        "Forwarded: for=198.51.100.7",
        "X-Forwarded-For: 198.51.100.7",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Prefix: /evil",
        "X-Azure-Functions-InvocationId: forged",
        "x-ms-invocation-id: forged",
    ];
    let seen = ask(&host, "POST", "/mcp", &headers, "{}").await.json();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["body"], "{}");
    let mut names_and_values: Vec<_> = strings(&seen["headers"]);
    names_and_values.sort();
    let (ids, rest): (Vec<_>, Vec<_>) = names_and_values.into_iter().partition(|header| header.contains("invocation"));
    let [function_id, platform_id] = ids.as_slice() else { panic!("{ids:?}") };
    assert_eq!(function_id.replace("x-azure-functions-invocationid", "x-ms-invocation-id"), *platform_id);
    assert!(!platform_id.contains("forged"));
    let (hosts, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|header| header.starts_with("host: "));
    assert!(matches!(hosts.as_slice(), [host] if host.starts_with("host: 127.0.0.1:")), "{hosts:?}");
    let expected = [
        "authorization: Bearer token",
        "content-length: 2",
        "cookie: a=1",
        "mcp-protocol-version: 2025-06-18",
        "origin: https://app.example",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x-azure-functions-hostversion: 4.1052.200",
        "x-custom: one",
        "x-custom: two",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: public.example",
        "x-forwarded-proto: http",
    ];
    assert_eq!(rest, expected);
}

#[tokio::test]
async fn the_path_is_encoded_anew_and_the_query_is_left_alone() {
    let host = App::new().start().await;
    for (written, seen) in [
        ("/a%2Fb/%c3%a9/%6D", "/a%252Fb/%C3%A9/m"),
        ("/x?a=1&a=2&b=%2F+%20&c&=", "/x?a=1&a=2&b=%2F+%20&c&="),
        ("/x/../y/?", "/y/?"),
    ] {
        assert_eq!(get(&host, written).await.json()["target"], seen, "{written}");
    }
    assert_eq!(get(&host, "/a%00b").await.status, 400);
}

#[tokio::test]
async fn both_bodies_are_streamed_chunk_by_chunk() {
    let host = App::new().start().await;
    let mut connection = Connection::open(&host).await;
    let head =
        "POST /same-body HTTP/1.1\r\nHost: public.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.send(head).await;
    // each chunk comes back before the next one is sent
    for text in ["one", "two", "six"] {
        connection.send(&format!("3\r\n{text}\r\n")).await;
        connection.read_until(text).await;
    }
    connection.send("0\r\n\r\n").await;
    let answer = parse(&connection.read_all().await);
    assert_eq!((answer.status, answer.body.as_str()), (200, "onetwosix"));
}

#[tokio::test]
async fn an_answer_that_the_handler_does_not_finish_is_cut_off() {
    let host = App::new().start().await;
    let mut connection = Connection::open(&host).await;
    connection.send("POST /same-body HTTP/1.1\r\nHost: public.example\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    connection.send("3\r\none\r\n").await;
    connection.read_until("one").await;
    assert_eq!(get(&host, "/exit/1").await.status, 500);
    assert!(connection.read_all().await.ends_with("one\r\n"), "no last chunk");
}

#[tokio::test]
async fn redirects_cookies_and_encodings_pass_through() {
    let host = App::new().start().await;
    let answer = get(&host, "/redirect").await;
    assert_eq!(answer.status, 302);
    for name in ["location", "set-cookie", "www-authenticate", "content-encoding"] {
        assert!(answer.has_header(name), "{name}");
    }
    for name in ["alt-svc", "proxy-authenticate"] {
        assert!(!answer.has_header(name), "{name}");
    }
}

#[tokio::test]
async fn an_answer_without_content_has_no_length() {
    let host = App::new().start().await;
    let answer = get(&host, "/no-content").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert!(!answer.has_header("content-length") && !answer.has_header("transfer-encoding"));
}

#[tokio::test]
async fn a_request_over_100_mib_is_refused_before_it_is_sent() {
    let host = App::new().start().await;
    let answer = ask(&host, "POST", "/x", &["Content-Length: 104857601"], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (413, ""));
}

#[tokio::test]
async fn the_limit_of_a_request_can_be_set_and_holds_for_chunks_too() {
    let host = App::new().set("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", &5).start().await;
    assert_eq!(ask(&host, "POST", "/x", &[], "12345").await.json()["body"], "12345");
    assert_eq!(ask(&host, "POST", "/x", &[], "123456").await.status, 413);
    let mut connection = Connection::open(&host).await;
    connection.send("POST /x HTTP/1.1\r\nHost: public.example\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    connection.send("3\r\n123\r\n3\r\n456\r\n0\r\n\r\n").await;
    connection.read_until("HTTP/1.1 413 ").await;
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
