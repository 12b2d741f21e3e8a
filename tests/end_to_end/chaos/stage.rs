//! One case played: a lab behind proxies, a handler, a fault, what is told of it, and how long it takes until all is well.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use lab::{
    Lab,
    chaos::{Fault, HUGE, Proxies, Proxy},
    mcp_client::Answer,
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

use super::{
    case::{Case, Dependency, Phase},
    process::{Process, Start},
    told,
};

/// Beside the handler's own deadlines: what a busy machine adds.
const SLACK: Duration = Duration::from_secs(10);
/// Until all must be well again.
const RECOVERY: Duration = Duration::from_secs(30);
/// Between two calls of somebody who waits for that.
const POLL: Duration = Duration::from_millis(50);
/// By how much a huge answer may make the handler grow: what is read of it at most, 8 MiB, is copied when its buffer grows,
/// and the allocator keeps the smaller buffers for a while.
const GROWTH: u64 = 32 << 20;
/// How much of a huge answer may be read or lie in the buffers of connections.
const TAKEN: u64 = 48 << 20;

/// What became of a case.
pub(super) struct Outcome {
    pub(super) told: String,
    pub(super) answered: Duration,
    /// Nothing where that takes minutes, of which the caller is told.
    pub(super) recovered: Option<Duration>,
}

struct Stage<'a> {
    case: &'a Case,
    lab: Lab,
    proxies: Proxies,
    stranger: TcpListener,
    /// What a start in good health takes.
    usual_memory: u64,
}

/// How much memory the handler has taken when it listens.
pub(super) async fn usual_memory() -> u64 {
    let lab = Lab::start().await.unwrap();
    match Process::start(&lab, &lab.settings(), RECOVERY).await {
        Start::Listens(process) => process.memory.peak(),
        Start::Exits { stderr, .. } => panic!("{stderr:?}"),
    }
}

pub(super) async fn play(case: &Case, usual_memory: u64) -> Outcome {
    let (lab, proxies) = Lab::builder().start_behind_proxies().await.unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage { case, lab, proxies, stranger, usual_memory };
    let outcome = match case.phase {
        Phase::Start => stage.at_the_start().await,
        Phase::Run => stage.while_it_runs().await,
    };
    let visit = tokio::time::timeout(Duration::from_millis(1), stage.stranger.accept()).await;
    assert!(visit.is_err(), "{case:?}: a redirect was followed");
    outcome
}

impl Stage<'_> {
    async fn at_the_start(&self) -> Outcome {
        let (Dependency::TokenEndpoint | Dependency::ResourceManager) = self.case.dependency else {
            return self.start_that_asks().await;
        };
        // signing keys come the same way as tokens, so only the path tells that no token is asked for
        let part = if self.case.dependency == Dependency::TokenEndpoint { "/token" } else { "/" };
        self.proxy().fails_at(part, self.case.fault.clone());
        let mut process = self.start().await;
        assert_eq!(self.proxy().met(), 0, "{:?}: it was asked", self.case);
        let began = Instant::now();
        self.proxy().recovers();
        let answered = self.until_well(&mut process, began).await;
        Outcome { told: "the costs".to_owned(), answered, recovered: Some(answered) }
    }

    async fn start_that_asks(&self) -> Outcome {
        self.break_it();
        let began = Instant::now();
        let limit = self.limit();
        match Process::start(&self.lab, &self.settings(), limit).await {
            Start::Exits { status, stdout, stderr, memory } => {
                let answered = began.elapsed();
                self.fault_was_met();
                assert_eq!(status.code(), Some(1), "{:?}: {stderr:?}", self.case);
                let summary = stderr.last().expect("a last line");
                let told = told::start(summary);
                let event = stdout.last().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
                assert_eq!(event.unwrap_or_default()["event"], "start_failed", "{:?}: {stdout:?}", self.case);
                self.no_secret_in(&stdout);
                self.no_secret_in(&stderr);
                self.judge_hunger(memory.peak().saturating_sub(self.usual_memory));
                let began = Instant::now();
                self.proxy().recovers();
                let mut process = self.start().await;
                let recovered = began.elapsed();
                self.until_well(&mut process, began).await;
                Outcome { told, answered, recovered: Some(recovered) }
            }
            Start::Listens(mut process) => {
                self.judge_hunger(process.memory.peak().saturating_sub(self.usual_memory));
                let (told, answered) = self.call(&mut process).await;
                let began = Instant::now();
                self.proxy().recovers();
                let recovered = self.until_well(&mut process, began).await;
                self.no_secret_in(&process.lines());
                Outcome { told, answered, recovered: Some(recovered) }
            }
        }
    }

    async fn while_it_runs(&self) -> Outcome {
        let mut process = self.start().await;
        self.until_well(&mut process, Instant::now()).await;
        let of_known_key = self.token();
        self.provoke();
        self.break_it();
        let (told, answered) = self.call(&mut process).await;
        let recovered = if self.case.dependency == Dependency::SigningKeys && !told.starts_with("the costs") {
            self.known_keys_go_on(&process, &of_known_key).await;
            None
        } else {
            let began = Instant::now();
            self.proxy().recovers();
            Some(self.until_well(&mut process, began).await)
        };
        self.no_secret_in(&process.lines());
        Outcome { told, answered, recovered }
    }

    /// Makes the next call need the dependency.
    fn provoke(&self) {
        let (entra, vault) = (self.lab.entra(), self.lab.key_vault());
        match self.case.dependency {
            Dependency::SigningKeys => entra.roll_over_keys().unwrap(),
            Dependency::Certificate | Dependency::PrivateKey => {
                entra.register(&vault.rotate().unwrap());
                entra.faults().next(1, &refused_certificate());
            }
            Dependency::Signature => {
                let first = vault.certificate().unwrap();
                entra.register(&vault.rotate().unwrap());
                entra.unregister(&first);
            }
            Dependency::TokenEndpoint | Dependency::ManagedIdentity | Dependency::ResourceManager => {}
        }
    }

    /// Alice's call with a fresh token, what she reads, and after how long.
    async fn call(&self, process: &mut Process) -> (String, Duration) {
        let token = self.token();
        process.memory.begin();
        let began = Instant::now();
        let answer = {
            let Process { client, memory, .. } = &mut *process;
            let arguments = json!({ "subscriptionId": lab::resource_manager::SHOP_PROD });
            tokio::select! {
                answer = client.call(&token, "cost_by_service", arguments) => answer.unwrap(),
                () = memory.watch() => unreachable!("it watches for ever"),
            }
        };
        let answered = began.elapsed();
        process.memory.look();
        assert!(answered < self.limit(), "{:?}: answered after {answered:?}", self.case);
        self.fault_was_met();
        self.judge_hunger(process.memory.growth());
        self.judge(&answer);
        (told::answer(&answer), answered)
    }

    /// It says who must act and how, and holds no address of a dependency and no secret.
    fn judge(&self, answer: &Answer) {
        let text = format!("{:?} {}", answer.headers, answer.body);
        self.no_secret_in(std::slice::from_ref(&text));
        assert!(!text.contains("localhost") && !text.contains("127.0.0.1:"), "{:?}: {text}", self.case);
        let explained =
            answer.body.pointer("/error/data").or(answer.body.pointer("/result/_meta/mcp-cost-server~1error"));
        if let Some(explained) = explained {
            for member in ["who", "how", "correlation_id"] {
                assert!(explained[member].as_str().is_some_and(|text| !text.is_empty()), "{:?}: {text}", self.case);
            }
        }
        if answer.status == StatusCode::SERVICE_UNAVAILABLE && !text.contains("operator") {
            assert!(answer.headers.contains_key("retry-after"), "{:?}: {text}", self.case);
        }
    }

    /// A fault that nobody met would prove nothing.
    fn fault_was_met(&self) {
        assert!(self.proxy().met() > 0, "{:?}: nobody met it", self.case);
    }

    fn judge_hunger(&self, growth: u64) {
        if !matches!(self.case.fault, Fault::Huge(_)) {
            return;
        }
        let sent = self.proxy().sent();
        assert!(growth < GROWTH, "{:?}: it grew by {growth} bytes, {sent} were sent", self.case);
        assert!(sent < TAKEN, "{:?}: {sent} of {HUGE} bytes were taken", self.case);
    }

    /// Nobody else is hit: a token of a key that is known needs no fetch.
    async fn known_keys_go_on(&self, process: &Process, known: &str) {
        let whoami = process.client.call(known, "whoami", json!({})).await.unwrap();
        assert_eq!(whoami.status, StatusCode::OK, "{:?}: {}", self.case, whoami.body);
    }

    /// Calls again and again until the costs come.
    async fn until_well(&self, process: &mut Process, began: Instant) -> Duration {
        loop {
            let answer = process.cost_by_service(&self.token()).await;
            if answer.structured().is_some() && !answer.is_tool_error() {
                assert!(process.is_alive());
                return began.elapsed();
            }
            assert!(began.elapsed() < RECOVERY, "{:?}: still {} {}", self.case, answer.status, answer.body);
            sleep(POLL).await;
        }
    }

    async fn start(&self) -> Process {
        match Process::start(&self.lab, &self.settings(), RECOVERY).await {
            Start::Listens(process) => *process,
            Start::Exits { stderr, .. } => panic!("{:?}: {stderr:?}", self.case),
        }
    }

    fn settings(&self) -> Vec<(String, String)> {
        match self.case.dependency {
            Dependency::SigningKeys | Dependency::TokenEndpoint | Dependency::ResourceManager => {
                self.lab.settings_with_file()
            }
            Dependency::ManagedIdentity => {
                // so that every exchange asks for a new one
                self.lab.managed_identity().set_lifetime(300);
                self.lab.settings_with_federated_identity()
            }
            Dependency::Certificate | Dependency::PrivateKey => self.lab.settings(),
            Dependency::Signature => {
                self.lab.key_vault().set_exportable(false);
                self.lab.settings()
            }
        }
    }

    fn break_it(&self) {
        let fault = match self.case.fault.clone() {
            Fault::Redirect(_) => Fault::Redirect(format!("http://{}/", self.stranger.local_addr().unwrap())),
            fault => fault,
        };
        match self.case.dependency.part() {
            Some(part) => self.proxy().fails_at(part, fault),
            None => self.proxy().fails(fault),
        }
    }

    fn proxy(&self) -> &Proxy {
        self.proxies.to(self.case.dependency.service())
    }

    fn limit(&self) -> Duration {
        self.case.dependency.section(self.case.phase).2 + SLACK
    }

    fn token(&self) -> String {
        self.lab.token(self.lab.alice()).scope("cost.read").issue().unwrap()
    }

    fn no_secret_in(&self, lines: &[String]) {
        let secrets = self.lab.secrets();
        for line in lines {
            let leaked = line.contains("eyJ") || secrets.iter().any(|secret| line.contains(secret.as_str()));
            assert!(!leaked, "{:?}: a secret was told: {line}", self.case);
        }
    }
}

/// Entra's refusal that makes the handler read the vault again.
fn refused_certificate() -> lab::fault::Fault {
    let body = json!({ "error": "invalid_client", "error_codes": [700_024], "error_description": "no" });
    let answer = Response::builder().status(StatusCode::UNAUTHORIZED).header("content-type", "application/json");
    lab::fault::Fault::Answer(answer.body(Bytes::from(body.to_string())).unwrap())
}
