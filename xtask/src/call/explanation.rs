//! What an answer means, and what to do about it.

use std::fmt::Write as _;

use http::{StatusCode, header};
use serde_json::Value;

use super::{Ending, Report, challenge::Challenge, request::Answer, text};

/// What to print of an answer.
pub(super) fn report(answer: &Answer) -> Report {
    if let Some(result) = answer.body.get("result").filter(|_| answer.status == StatusCode::OK) {
        return match result.get("tools").and_then(Value::as_array) {
            Some(tools) => Report { ending: Ending::Answered, answer: list(tools), advice: String::new() },
            None => of_tool(result),
        };
    }
    let ending = match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ending::Refused,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Ending::TryLater,
        _ => Ending::Failed,
    };
    Report { ending, answer: String::new(), advice: advice(answer) }
}

fn list(tools: &[Value]) -> String {
    let mut list = String::new();
    for tool in tools {
        let permission = text(tool, "/_meta/mcp-cost-server~1permission").unwrap_or("unsaid");
        let (name, title) = (text(tool, "/name").unwrap_or("?"), text(tool, "/title").unwrap_or_default());
        let _ = writeln!(list, "{name:24} {permission:18} {title}");
    }
    list
}

fn of_tool(result: &Value) -> Report {
    let failed = result.get("isError") == Some(&Value::Bool(true));
    let content = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts = content.iter().filter_map(|block| text(block, "/text"));
    let said = texts.flat_map(|text| [text, "\n"]).collect();
    if failed {
        Report { ending: Ending::ToolFailed, answer: String::new(), advice: said }
    } else {
        Report { ending: Ending::Answered, answer: said, advice: String::new() }
    }
}

/// One line each: what is wrong, what the challenge asks for, what the server says to do, and whom to tell of what.
fn advice(answer: &Answer) -> String {
    let body = &answer.body;
    let explained = body.pointer("/error/data").unwrap_or(body);
    let message = text(body, "/error/message").or_else(|| text(body, "/error_description"));
    let mut lines =
        vec![format!("HTTP {}: {}", answer.status.as_u16(), message.unwrap_or("the server does not say why"))];
    match Challenge::read(&answer.headers) {
        Some(challenge) => lines.extend(asked_for(&challenge, answer.status)),
        None if answer.status == StatusCode::UNAUTHORIZED => lines.push(
            "There is no WWW-Authenticate that says where to sign in: something between here and the server took it away."
                .to_owned(),
        ),
        None => {}
    }
    let wait = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    match (text(explained, "/how"), wait) {
        (Some(how), _) => lines.push(format!("What to do: {how}")),
        (None, Some(seconds)) => lines.push(format!("What to do: try again in {seconds} seconds")),
        (None, None) => {}
    }
    // the advice calls them by name
    for name in ["consent_url", "admin_consent_url"] {
        lines.extend(explained.get(name).and_then(Value::as_str).map(|url| format!("{name}: {url}")));
    }
    lines.extend(text(explained, "/correlation_id").map(|id| format!("Correlation id: {id}")));
    lines.join("\n") + "\n"
}

fn asked_for(challenge: &Challenge, status: StatusCode) -> Vec<String> {
    let scope = challenge.get("scope").unwrap_or("that the metadata names");
    let mut lines = vec![match (challenge.get("error"), challenge.claims()) {
        (Some("insufficient_claims"), Some(claims)) => format!(
            "The next token must satisfy these claims, which a client sends as `claims` when it signs in: {claims}"
        ),
        (Some("insufficient_claims"), None) => "The challenge names claims that can't be read.".to_owned(),
        (Some("insufficient_scope"), _) => format!("Sign in again for the scope the token lacks: --scope {scope}"),
        (Some("invalid_token"), _) => format!("The token is not accepted. Sign in again: --scope {scope}"),
        _ if status == StatusCode::UNAUTHORIZED => format!("Sign in first: --scope {scope}"),
        (error, _) => format!("The challenge says {}.", error.unwrap_or("nothing of an error")),
    }];
    if let (StatusCode::UNAUTHORIZED, Some(metadata)) = (status, challenge.get("resource_metadata")) {
        lines.push(format!("Where to sign in: {metadata}"));
    }
    if challenge.renamed {
        let why = "API Gateway renamed WWW-Authenticate; other clients will not find it, see the README on AWS Lambda.";
        lines.push(why.to_owned());
    }
    lines
}
