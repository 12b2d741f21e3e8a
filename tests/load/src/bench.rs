//! Everything a measurement needs around the handler: the stand-in upstream, the tenant, the people, the comparisons.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::TempDir;

use crate::{
    Failure,
    people::{Person, Tenant},
    phase::{Outcome, Phase, Question},
    process::{Cpu, Process},
    wire::{self, Connection},
};

/// What stays while handlers come and go.
pub(crate) struct Bench {
    handler: PathBuf,
    upstream: Process,
    tenant: Tenant,
    files: TempDir,
    /// The answer to `tools/list`, whole.
    tools: Bytes,
    pub(crate) people: Vec<Person>,
}

/// What a phase cost one server.
pub(crate) struct Cost {
    pub(crate) outcome: Outcome,
    pub(crate) cpu: Cpu,
}

impl Bench {
    /// Starts the stand-in and signs the tokens of as many people.
    pub(crate) async fn start(handler: &Path, people: usize) -> Result<Self, Failure> {
        let files = tempfile::tempdir()?;
        let keys = files.path().join("keys.json");
        let upstream = Process::own(&[], &["serve", "upstream", &keys.to_string_lossy()])?;
        let tenant = Tenant::new(upstream.address, &keys).await?;
        let people = tenant.people(people)?;
        let (handler, tools) = (handler.to_owned(), Bytes::new());
        let mut bench = Self { handler, upstream, tenant, files, tools, people };
        bench.tools = bench.list_tools().await?;
        std::fs::write(bench.answer_file(), &bench.tools)?;
        Ok(bench)
    }

    /// What the handler answers to the first of the people, which every other answer must equal.
    async fn list_tools(&self) -> Result<Bytes, Failure> {
        let handler = self.handler(&[], &[]).await?;
        let person = self.people.first().ok_or(Failure::Usage)?;
        let answer = Connection::open(handler.address).await?.call(&person.list_tools).await?;
        let body = Bytes::copy_from_slice(answer.body());
        let parsed: serde_json::Value = serde_json::from_slice(&body)?;
        match parsed.pointer("/result/tools").and_then(serde_json::Value::as_array) {
            Some(tools) if !tools.is_empty() => Ok(body),
            _ => Err(Failure::Broken(answer.excerpt())),
        }
    }

    pub(crate) fn list_question(&self) -> Question {
        Question::ListTools(self.tools.clone())
    }

    pub(crate) async fn handler(&self, wrapper: &[&str], settings: &[(&str, &str)]) -> Result<Process, Failure> {
        Process::handler(&self.handler, &self.tenant, wrapper, settings).await
    }

    /// The bare server that verifies.
    pub(crate) fn verifier(&self, wrapper: &[&str]) -> Result<Process, Failure> {
        self.comparison(wrapper, "verify", &self.answer_file().to_string_lossy())
    }

    /// The bare server that verifies, asks upstream, and writes the table.
    pub(crate) fn relay(&self, wrapper: &[&str]) -> Result<Process, Failure> {
        self.comparison(wrapper, "relay", &self.upstream.address.to_string())
    }

    fn comparison(&self, wrapper: &[&str], server: &str, last: &str) -> Result<Process, Failure> {
        let keys = self.files.path().join("keys.json");
        let keys = keys.to_string_lossy();
        Process::own(wrapper, &["serve", server, &keys, &self.tenant.issuer(), Tenant::audience(), last])
    }

    fn answer_file(&self) -> PathBuf {
        self.files.path().join("tools.json")
    }

    /// How long Resource Manager takes from now on.
    pub(crate) async fn set_latency(&self, milliseconds: u64) -> Result<(), Failure> {
        self.ask_upstream(&format!("/latency/{milliseconds}")).await.map(|_| ())
    }

    /// How many tokens were exchanged so far.
    pub(crate) async fn exchanges(&self) -> Result<usize, Failure> {
        let count = self.ask_upstream("/exchanges").await?;
        count.parse().map_err(|_| Failure::NoServer("upstream".to_owned()))
    }

    async fn ask_upstream(&self, path: &str) -> Result<String, Failure> {
        let answer = Connection::open(self.upstream.address).await?.call(&wire::get(path)).await?;
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// Runs a phase with the first `people` of all; no answer may be wrong and no call lost.
    pub(crate) async fn cost(&self, server: &Process, phase: &Phase, people: usize) -> Result<Cost, Failure> {
        let before = server.cpu()?;
        let people = self.people.get(..people).ok_or(Failure::Usage)?;
        let outcome = phase.run(server.address, people, |_| ()).await;
        let cpu = server.cpu()?.since(before);
        all_right(&outcome)?;
        if outcome.lost > 0 {
            return Err(Failure::Broken(format!("{} calls got no answer", outcome.lost)));
        }
        Ok(Cost { outcome, cpu })
    }
}

/// No answer was somebody else's, or anything but what was asked for.
pub(crate) fn all_right(outcome: &Outcome) -> Result<(), Failure> {
    if outcome.wrong > 0 {
        return Err(Failure::Broken(format!("{} wrong answers: {}", outcome.wrong, outcome.quotes.join("\n"))));
    }
    Ok(())
}
