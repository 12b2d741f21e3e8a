//! What the caller, the audit and the operator read of one call, as text that reads well in a review.

use std::fmt::Write as _;

use http::Method;
use lab::{
    Deployment,
    journal::{Journal, ServiceName},
    mcp_client::Answer,
};
use serde_json::Value;

use super::case::{self, Case};

/// The events that are told, and their fields that do not change from run to run.
const EVENTS: [(&str, &[&str]); 5] = [
    ("obo", &["outcome", "class", "aadsts", "cache"]),
    ("obo_operator_fault", &["error", "aadsts", "advice"]),
    ("azure_error", &["reason", "error"]),
    ("audit", &["decision", "reason", "user", "tool", "permission", "subscription_id"]),
    ("token_refused", &["reason"]),
];

/// How often each service was asked during a call.
pub(super) struct Asked {
    entra: usize,
    azure: usize,
}

impl Asked {
    pub(super) fn of(journal: &Journal) -> Self {
        let entra = journal.of(ServiceName::Entra).iter().filter(|entry| entry.method == Method::POST).count();
        Self { entra, azure: journal.of(ServiceName::ResourceManager).len() }
    }

    /// An answer that nobody asked for would prove nothing.
    #[track_caller]
    pub(super) fn met_all(&self, case: &Case) {
        let prepared = |answers: &[case::Answer]| answers.iter().map(case::Answer::times).sum::<usize>();
        assert!(prepared(&case.scenario.entra) <= self.entra, "{}: Entra was asked {} times", case.name, self.entra);
        assert!(prepared(&case.scenario.azure) <= self.azure, "{}: Azure was asked {} times", case.name, self.azure);
    }
}

/// Three parts with an empty line between: the head, the body, and what was asked and logged.
pub(super) fn tell(deployment: &Deployment, answer: &Answer, asked: &Asked, lines: &[Value]) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in ["www-authenticate", "retry-after"] {
        if let Some(value) = answer.headers.get(name) {
            let _ = writeln!(text, "{name}: {}", value.to_str().unwrap());
        }
    }
    let _ = writeln!(text, "\n{:#}\n", body(answer));
    let _ = writeln!(text, "asked: Entra {}, Azure {}", asked.entra, asked.azure);
    for line in lines {
        let Some((event, fields)) = EVENTS.iter().find(|(event, _)| line["event"] == *event) else { continue };
        text.push_str(event);
        for field in *fields {
            match &line[*field] {
                Value::Null => {}
                Value::String(value) if !value.contains(' ') => {
                    let _ = write!(text, " {field}={value}");
                }
                value => {
                    let _ = write!(text, " {field}={value}");
                }
            }
        }
        text.push('\n');
    }
    without_chance(deployment, answer, text)
}

/// Costs are other tests' to judge.
fn body(answer: &Answer) -> Value {
    match answer.structured() {
        Some(_) if !answer.is_tool_error() => "the costs".into(),
        _ => answer.body.clone(),
    }
}

/// Replaces what is new in every run.
fn without_chance(deployment: &Deployment, answer: &Answer, text: String) -> String {
    let encoded = |url: &str| url.replace(':', "%3A").replace('/', "%2F");
    let (server, entra) = (deployment.host.url(), deployment.lab.entra().authority());
    let server = server.trim_end_matches('/');
    let azure = deployment.lab.resource_manager().url();
    let mut text = text;
    for (url, name) in [(server, "[server]"), (entra, "[entra]"), (azure, "[azure]")] {
        text = text.replace(url, name).replace(&encoded(url), name);
    }
    if let Some(id) = correlation_id(&answer.body) {
        text = text.replace(id, "[correlation id]");
    }
    // the wait of a remembered failure shrinks: this gives back the second that may have passed meanwhile
    for (passed, whole) in [
        ("retry-after: 59\n", "retry-after: 60\n"),
        (" 59 seconds", " 60 seconds"),
        ("\"retryAfterSeconds\": 59", "\"retryAfterSeconds\": 60"),
    ] {
        text = text.replace(passed, whole);
    }
    text
}

/// Wherever the answer has it.
fn correlation_id(body: &Value) -> Option<&str> {
    let places =
        ["/correlation_id", "/error/data/correlation_id", "/result/_meta/mcp-cost-server~1error/correlation_id"];
    places.iter().find_map(|place| body.pointer(place)?.as_str())
}
