//! Proves how the handler's process is started, watched and ended. That Azure does the same rests on the host's source.

use std::time::Duration;

use lab::host::{Host, HostError, HostOptions, Level, Source, State};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::App;
use crate::client::{Connection, PATIENCE, ask, get};

#[tokio::test]
async fn any_answer_to_the_first_request_means_ready() {
    let host = App::new().start().await;
    assert_eq!(host.state(), State::Ready);
    assert_eq!(get(&host, "/").await.status, 404, "what the fake handler answered to the host too");
    assert_eq!(get(&host, "/x").await.status, 200);
}

#[tokio::test]
async fn requests_wait_until_the_handler_answers() {
    let app = App::new();
    let file = app.path("go");
    let app = app.set("FAKE_WAIT_FOR", &file.display());
    let host = app.launch().await;
    let mut connection = Connection::open(&host).await;
    connection.send("GET /x HTTP/1.1\r\nHost: public.example\r\nConnection: close\r\n\r\n").await;
    // longer than the tries to connect to a handler that should be there: it is the wait for readiness that is proved
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(host.state(), State::Starting);
    std::fs::write(file, "").unwrap();
    assert!(connection.read_all().await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn the_handler_gets_the_five_variables_and_starts_in_the_script_root() {
    let app = App::new().set("SETTING", &"value");
    let host = app.start().await;
    let answer = get(&host, "/environment").await.json();
    let variable = |name: &str| answer["variables"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(variable("FUNCTIONS_CUSTOMHANDLER_PORT"), variable("FUNCTIONS_HTTPWORKER_PORT"));
    assert_eq!(variable("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"), variable("FUNCTIONS_HTTPWORKER_ID"));
    assert_eq!(variable("FUNCTIONS_CUSTOMHANDLER_WORKER_ID").len(), 36);
    assert_eq!(variable("FUNCTIONS_APP_ROOT_PATH"), app.options.script_root.to_string_lossy());
    assert_eq!(format!("http://{}", variable("WEBSITE_HOSTNAME")), host.url());
    assert_eq!(variable("AZURE_FUNCTIONS_ENVIRONMENT"), "Development");
    assert_eq!(variable("SETTING"), "value");
    assert_eq!(variable("CARGO_MANIFEST_DIR"), "", "of this machine");
    let directory = app.options.script_root.canonicalize().unwrap();
    assert_eq!(answer["directory"], directory.to_string_lossy().as_ref());
}

#[tokio::test]
async fn the_console_shows_both_streams_at_the_hosts_levels() {
    let host = App::new().set("FAKE_STDOUT", &"an ERROR").set("FAKE_STDERR", &"one\nWarning: two").start().await;
    for (text, source, level) in [
        ("an ERROR", Source::Stdout, Level::Information),
        ("one", Source::Stderr, Level::Error),
        ("Warning: two", Source::Stderr, Level::Warning),
    ] {
        let line = host.console().wait_for_line(text).await.unwrap();
        assert_eq!((line.source, line.level, line.text.as_str()), (source, level, text));
    }
}

#[tokio::test]
async fn a_handler_that_fails_at_the_start_is_given_up_after_two_restarts() {
    let app = App::new().set("FAKE_EXIT", &1).set("FAKE_STDERR", &"zero\none\ntwo\nthree");
    let host = app.launch().await;
    let failure = host.ready().await.unwrap_err().to_string();
    let expected = "the handler failed: handler ended with exit status: 1 before it answered\n  one\n  two\n  three";
    assert_eq!(failure, expected);
    assert_eq!(host.restarts(), 2);
    assert_eq!(host.handler_pid(), None);
    let starts = host.console().lines().into_iter().filter(|line| line.text == "zero").count();
    assert_eq!(starts, 3);
    assert_refused_soon(host.address().port()).await;
}

#[tokio::test]
async fn exit_0_before_the_first_answer_is_a_failure() {
    let failure = App::new().set("FAKE_EXIT", &0).try_start().await.unwrap_err();
    assert!(matches!(failure, HostError::HandlerFailed(_)), "{failure}");
}

#[tokio::test]
async fn a_handler_that_does_not_listen_in_time_is_a_failure() {
    let app = App::new().set("FAKE_NEVER_LISTEN", &true).host_json(|host| {
        host["customHandler"]["initializationTimeout"] = "00:00:00.2".into();
    });
    let failure = app.try_start().await.unwrap_err().to_string();
    assert!(failure.contains("did not answer on port"), "{failure}");
}

#[tokio::test]
async fn a_handler_that_fails_later_is_restarted_and_the_request_that_it_had_fails() {
    let host = App::new().start().await;
    let first = host.handler_pid();
    assert_eq!(exit(&host, 1).await, 500);
    host.console().wait_for_line("handler is restarted").await.unwrap();
    host.ready().await.unwrap();
    assert_eq!(get(&host, "/x").await.status, 200);
    assert_eq!(host.restarts(), 1);
    assert_ne!(host.handler_pid(), first);
}

#[tokio::test]
async fn the_third_failure_ends_the_host() {
    let host = App::new().start().await;
    for failures in 1..=3 {
        host.ready().await.unwrap();
        let mut connection = Connection::open(&host).await;
        connection.send("GET /exit/1 HTTP/1.1\r\nHost: public.example\r\nConnection: close\r\n\r\n").await;
        // a 500, or nothing when the host ends first
        connection.read_all().await;
        wait_for_ends(&host, failures).await;
    }
    assert!(matches!(host.ready().await, Err(HostError::HandlerFailed(_))));
    assert_eq!(host.restarts(), 2);
    assert_refused_soon(host.address().port()).await;
}

#[tokio::test]
async fn exit_200_asks_for_a_restart_and_is_not_counted() {
    let host = App::new().start().await;
    for ends in 1..=4 {
        assert_eq!(exit(&host, 200).await, 500);
        wait_for_ends(&host, ends).await;
        host.ready().await.unwrap();
    }
    assert_eq!(host.restarts(), 4);
    assert_eq!(get(&host, "/x").await.status, 200);
}

#[tokio::test]
async fn exit_0_is_final_and_later_requests_fail() {
    let host = App::new().start().await;
    assert_eq!(exit(&host, 0).await, 500);
    wait_for_ends(&host, 1).await;
    assert_eq!(host.state(), State::Finished);
    assert_eq!(host.restarts(), 0);
    assert_eq!(host.handler_pid(), None);
    let answer = get(&host, "/x").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    assert!(matches!(host.ready().await, Err(HostError::HandlerFinished)));
}

#[cfg(unix)]
#[tokio::test]
async fn a_handler_that_the_kernel_killed_is_restarted() {
    let host = App::new().start().await;
    let pid = host.handler_pid().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").args(["-KILL", &pid]).status().await.unwrap().success());
    wait_for_ends(&host, 1).await;
    host.ready().await.unwrap();
    assert_eq!(get(&host, "/x").await.status, 200);
}

#[tokio::test]
async fn a_call_that_takes_longer_than_the_function_timeout_costs_the_handler_its_life() {
    let app = App::new().host_json(|host| host["functionTimeout"] = "00:00:00.3".into());
    let host = app.start().await;
    for ends in 1..=3 {
        assert_eq!(get(&host, "/until-left").await.status, 500);
        wait_for_ends(&host, ends).await;
        host.ready().await.unwrap();
    }
    assert_eq!(host.restarts(), 3, "it is no failure of the handler");
    assert_eq!(get(&host, "/x").await.status, 200);
    host.console().wait_for_line("A function timeout has occurred.").await.unwrap();
}

#[tokio::test]
async fn a_call_without_a_byte_for_four_minutes_fails_and_the_handler_learns_of_it() {
    let host = App::new().start().await;
    let mut connection = Connection::open(&host).await;
    connection.send("GET /until-left HTTP/1.1\r\nHost: public.example\r\n\r\n").await;
    host.console().wait_for_line("a client waits").await.unwrap();
    tokio::time::pause();
    // nothing else is to be done, so the clock runs ahead; 239 s are not enough
    tokio::time::sleep(Duration::from_secs(239)).await;
    assert!(host.console().lines().iter().all(|line| line.text != "the client has left"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    tokio::time::resume();
    connection.read_until("HTTP/1.1 500 ").await;
    host.console().wait_for_line("the client has left").await.unwrap();
}

#[tokio::test]
async fn a_stop_gives_no_warning_and_leaves_nothing_behind() {
    let host = App::new().start().await;
    let (console, port) = (host.console().clone(), handler_port(&host).await);
    host.host.stop().await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(console.lines().iter().all(|line| line.text != "asked to end"), "SIGTERM was sent");
}

#[tokio::test]
async fn a_dropped_host_takes_its_handler_along() {
    let host = App::new().start().await;
    let port = handler_port(&host).await;
    drop(host);
    assert_refused_soon(port).await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let host = App::new().start().await;
    let mut connection = Connection::open(&host).await;
    connection.send("GET /until-left HTTP/1.1\r\nHost: public.example\r\n\r\n").await;
    host.console().wait_for_line("a client waits").await.unwrap();
    drop(connection);
    host.console().wait_for_line("the client has left").await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();

    let app = App::new();
    let taken = Host::start(HostOptions { port: Some(port), ..app.options.clone() }).await.unwrap_err().to_string();
    assert_eq!(taken, format!("port {port} is taken: stop the program that uses it, or choose another with `--port`"));

    let app = app.host_json(|host| host["customHandler"]["port"] = port.into());
    let taken = app.try_start().await.unwrap_err().to_string();
    assert!(taken.starts_with(&format!("port {port}, which host.json fixes")), "{taken}");

    drop(listener);
    let host = app.start().await;
    assert_eq!(handler_port(&host).await, port);
}

/// The status of a request at which the handler exits.
async fn exit(host: &Host, code: u8) -> u16 {
    ask(host, "POST", &format!("/exit/{code}"), &[], "").await.status
}

async fn handler_port(host: &Host) -> u16 {
    let environment = get(host, "/environment").await.json();
    environment["variables"]["FUNCTIONS_CUSTOMHANDLER_PORT"].as_str().unwrap().parse().unwrap()
}

/// Waits until the host has drawn its conclusion from so many ends of the handler.
async fn wait_for_ends(host: &Host, ends: usize) {
    let mut follow = host.console().follow();
    let waiting = async {
        for _ in 0..ends {
            while !follow.next().await.unwrap().text.starts_with("handler is ") {}
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "{:?}", host.console().lines());
}

/// A killed process closes its sockets a moment later.
async fn assert_refused_soon(port: u16) {
    for _ in 0..1000 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("something still listens on port {port}");
}
