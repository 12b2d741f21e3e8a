//! Proves what each command line asks for, and what is said of answers that a server under test does not give. Calls of a
//! real server are in `tests/end_to_end/call.rs`.

use std::ffi::OsString;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::request::Answer;
use super::*;

fn parse(line: &[&str]) -> Result<Command, UsageError> {
    Command::parse(line.iter().map(OsString::from))
}

#[track_caller]
fn call(line: &[&str]) -> Arguments {
    match parse(line) {
        Ok(Command::Call(arguments)) => *arguments,
        Ok(Command::Help) => panic!("help: {line:?}"),
        Err(error) => panic!("{line:?}: {error}"),
    }
}

#[test]
fn a_tool_or_the_list_is_asked_for() {
    let tool = |name: &str, arguments| Question::Tool { name: name.to_owned(), arguments };
    assert_eq!(call(&[]).question, tool("cost_by_service", None));
    let whoami =
        call(&["--tool", "whoami", "--arguments", "{}", "--json", "--url", "https://costs.contoso.example/mcp"]);
    assert_eq!((whoami.question, whoami.format), (tool("whoami", Some(json!({}))), Format::Json));
    assert_eq!(whoami.url.unwrap().as_str(), "https://costs.contoso.example/mcp");
    assert_eq!(call(&["--list"]).question, Question::List);
    assert!(parse(&["--list", "--help"]) == Ok(Command::Help));
}

#[test]
fn the_token_has_one_source() {
    assert!(call(&[]).credential == Credential::Environment);
    assert!(call(&["--lab", "bob"]).credential == Credential::Lab("bob".into()));
    assert!(call(&["--token", "x"]).credential == Credential::Given(Token::new("x".into())));
    let device = call(&["--tenant", "t", "--client", "c", "--scope", "s"]).credential;
    let Credential::DeviceCode(registration) = device else { panic!("no device code") };
    assert_eq!(registration.authority.as_str(), "https://login.microsoftonline.com/");
}

#[test]
fn what_is_not_understood_is_refused_without_repeating_it() {
    for (line, expected) in [
        (&["--tokne", "secret"][..], UsageError::UnknownOption(1)),
        (&["--json", "secret"], UsageError::UnknownOption(2)),
        (&["--token"], UsageError::NoValue("--token")),
        (&["--token", ""], UsageError::NoValue("--token")),
        (&["--url", "costs.contoso.example/mcp"], UsageError::NotAnAddress("--url")),
        (&["--url", "file:///etc/passwd"], UsageError::NotAnAddress("--url")),
        (&["--arguments", "[1]"], UsageError::NotAnObject),
        (&["--token", "secret", "--lab", "bob"], UsageError::TwoTokens),
        (&["--tenant", "t", "--client", "c"], UsageError::HalfARegistration),
        (&["--authority", "https://login.example"], UsageError::HalfARegistration),
        (&["--list", "--tool", "whoami"], UsageError::ListOfATool),
    ] {
        let Err(error) = parse(line) else { panic!("{line:?} is understood") };
        assert!(!error.to_string().contains("secret"));
        assert_eq!(error, expected, "{line:?}");
    }
}

async fn failure(line: &[&str]) -> String {
    let surroundings = Surroundings { token: None, lab: "/nowhere/tokens.sh".into() };
    run(call(line), &surroundings, &mut Vec::new()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_is_missing_is_named_before_anybody_is_asked() {
    insta::assert_snapshot!(failure(&["--token", "x"]).await, @"say where the server is: --url https://costs.contoso.example/mcp");
    insta::assert_snapshot!(failure(&["--url", "https://localhost:1/mcp"]).await, @"no token: set TOKEN, or use --lab or --tenant; see cargo xtask call --help");
    let clear = failure(&["--url", "http://costs.contoso.example/mcp", "--token", "x"]).await;
    insta::assert_snapshot!(clear, @"the token would travel in the clear to costs.contoso.example: use https (http is for this machine only)");
    assert!(
        failure(&["--lab", "bob"])
            .await
            .ends_with("Start the lab in another terminal (cargo lab) and leave it running")
    );
    let authority = ["--tenant", "t", "--client", "c", "--scope", "s", "--authority", "http://login.example"];
    let url = ["--url", "https://costs.contoso.example/mcp"];
    let clear = failure(&[&authority[..], &url[..]].concat()).await;
    insta::assert_snapshot!(clear, @"the authority must be asked over https (http is for this machine only)");
}

fn refused(status: u16, headers: &[(&'static str, &str)], body: Value) -> String {
    let headers =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
    let status = StatusCode::from_u16(status).unwrap();
    let report = explanation::report(&Answer { status, headers: headers.collect::<HeaderMap>(), body });
    format!("{:?}\n{}{}", report.ending, report.answer, report.advice)
}

#[test]
fn a_challenge_is_told_in_sentences() {
    let scope =
        "Bearer error=\"insufficient_scope\", scope=\"api://costs/cost.export\", resource_metadata=\"https://c/m\"";
    let renamed = refused(403, &[("x-amzn-remapped-www-authenticate", scope)], Value::Null);
    insta::assert_snapshot!(renamed, @r"
    Refused
    HTTP 403: the server does not say why
    Sign in again for the scope the token lacks: --scope api://costs/cost.export
    API Gateway renamed WWW-Authenticate; other clients will not find it, see the README on AWS Lambda.
    ");
    let two = refused(401, &[("www-authenticate", "Basic realm=\"x\", Bearer scope=\"a\"")], Value::Null);
    insta::assert_snapshot!(two, @r"
    Refused
    HTTP 401: the server does not say why
    Sign in first: --scope a
    ");
    insta::assert_snapshot!(refused(401, &[("www-authenticate", "Bearer scope=\"a")], Value::Null), @r"
    Refused
    HTTP 401: the server does not say why
    There is no WWW-Authenticate that says where to sign in: something between here and the server took it away.
    ");
    let claims =
        refused(403, &[("www-authenticate", "Bearer error=\"insufficient_claims\", claims=\"%%\"")], Value::Null);
    insta::assert_snapshot!(claims, @r"
    Refused
    HTTP 403: the server does not say why
    The challenge names claims that can't be read.
    ");
    let keys = json!({ "error": "temporarily_unavailable", "error_description": "no keys yet", "correlation_id": "1" });
    insta::assert_snapshot!(refused(503, &[("retry-after", "5")], keys), @r"
    TryLater
    HTTP 503: no keys yet
    What to do: try again in 5 seconds
    Correlation id: 1
    ");
    insta::assert_snapshot!(refused(502, &[], Value::Null), @r"
    Failed
    HTTP 502: the server does not say why
    ");
}
