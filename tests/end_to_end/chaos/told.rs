//! What people read of a fault, fit for a cell of a table.

use lab::mcp_client::Answer;

/// What a caller reads: status, code, who must act, `Retry-After`, and the sentences.
pub(super) fn answer(answer: &Answer) -> String {
    if answer.structured().is_some() && !answer.is_tool_error() {
        return "the costs".to_owned();
    }
    let mut head = vec![match answer.rpc_error() {
        Some((code, _)) => format!("{} `{code}`", answer.status.as_u16()),
        None if answer.is_tool_error() => format!("{} `isError`", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }];
    let explained = answer.body.pointer("/error/data").or(answer.body.pointer("/result/_meta/mcp-cost-server~1error"));
    head.push(match explained.and_then(|explained| explained["who"].as_str()) {
        Some(who) => format!("{who} must act"),
        None => format!("`{}`", answer.body["reason"].as_str().unwrap_or("no reason")),
    });
    let mut sentence = answer.sentence().lines().collect::<Vec<_>>().join(" / ");
    if let Some(seconds) = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok()) {
        head.push(format!("`Retry-After` of at most {}", longest_wait(seconds)));
        sentence = sentence.replace(&format!("in {seconds} seconds"), "in … seconds");
    }
    cell(&format!("{}: {sentence}", head.join(", ")))
}

/// What the operator reads who looks why it does not start.
pub(super) fn start(summary: &str) -> String {
    let mut reason = summary.strip_prefix("mcp-cost-server can't start: ").expect("the summary comes last").to_owned();
    // which of the deadlines ended it, that of the connection or of the whole, a busy machine decides
    for deadline in [
        "operation timed out",
        "no answer within 6 seconds",
        "no answer within 8 seconds",
        "no answer within 12 seconds",
    ] {
        reason = reason.replace(deadline, "no answer within … seconds");
    }
    cell(&format!("exit code 1: {reason}"))
}

/// A wait shrinks with each second that a test takes.
fn longest_wait(seconds: u64) -> u64 {
    [5, 60, 300].into_iter().find(|longest| seconds <= *longest).expect("nobody is told to wait longer")
}

/// Without what is another in every run, and without what would end a cell.
fn cell(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_id = uuid::Uuid::parse_str(bare).is_ok();
        let is_moment = bare.len() > 8 && bare.bytes().all(|byte| byte.is_ascii_digit());
        if is_id || is_moment { word.replace(bare, "…") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;").replace('>', "&gt;")
}
