//! A deployment, and what the command says of it.

use std::process::Stdio;

use lab::{
    Lab,
    people::{Person, SERVER_CLIENT_ID, TENANT_ID},
};
use tokio::io::AsyncWriteExt;

use crate::support::handler;

/// A lab and what the command is given.
pub(super) struct Patient {
    pub(super) lab: Lab,
    pub(super) settings: Vec<(String, String)>,
}

impl Patient {
    pub(super) async fn new() -> Self {
        let lab = Lab::start().await.unwrap();
        let settings = lab.settings();
        Self { lab, settings }.with("PUBLIC_URL", "https://costs.contoso.example")
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Alice's token for reading.
    pub(super) fn alice(&self) -> String {
        self.reads(self.lab.alice())
    }

    fn reads(&self, person: &Person) -> String {
        self.lab.token(person).scope("cost.read").issue().unwrap()
    }

    /// Exit code and report, with everything replaced that differs from run to run.
    pub(super) async fn diagnosis(&self, token: Option<&str>) -> String {
        let (code, report) = self.examine(&[], token).await;
        format!("{}\nexit code {code}", self.masked(&report))
    }

    pub(super) async fn examine(&self, options: &[&str], token: Option<&str>) -> (i32, String) {
        let mut command = tokio::process::Command::new(handler());
        command.arg("doctor").args(options).args(token.map(|_| "--token-stdin"));
        command.env_clear().envs(self.settings.clone()).kill_on_drop(true);
        let mut doctor = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // a command that does not read its input may be gone already
        let _ = doctor.stdin.take().unwrap().write_all(token.unwrap_or_default().as_bytes()).await;
        let output = doctor.wait_with_output().await.unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for secret in self.lab.secrets() {
            assert!(!shown.contains(&secret), "a secret was shown: {shown}");
        }
        assert!(!shown.contains("eyJ"), "something like a token was shown: {shown}");
        (output.status.code().unwrap(), shown)
    }

    pub(super) fn masked(&self, report: &str) -> String {
        let report = report
            .replace(self.lab.entra().authority(), "<authority>")
            .replace(self.lab.resource_manager().url(), "<arm>")
            .replace(&self.lab.resource_manager().url().replace(':', "%3A").replace('/', "%2F"), "<arm>")
            .replace(TENANT_ID, "<tenant>")
            .replace(SERVER_CLIENT_ID, "<client>");
        let report = masked(&report, 64, |text| text.bytes().all(|byte| byte.is_ascii_hexdigit()), "<thumbprint>");
        let report = masked(&report, 36, |text| text.parse::<identity::ObjectId>().is_ok(), "<id>");
        let report = masked(&report, 10, is_day, "<day>");
        report.replace("(in 365 days)", "(in 364 days)").replace("75 minutes", "74 minutes")
    }
}

/// Replaces each part of `length` bytes that `is` what is looked for.
fn masked(text: &str, length: usize, is: impl Fn(&str) -> bool, name: &str) -> String {
    let (mut masked, mut rest) = (String::new(), text);
    while let Some(letter) = rest.chars().next() {
        if rest.get(..length).is_some_and(&is) {
            masked.push_str(name);
            rest = &rest[length..];
        } else {
            masked.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    masked
}

fn is_day(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}
