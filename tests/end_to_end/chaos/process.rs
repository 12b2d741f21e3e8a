//! The handler as a process of its own, without a host: how it starts, what it writes, how much memory it takes.

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lab::{
    Lab,
    mcp_client::{Answer, McpClient},
    resource_manager::SHOP_PROD,
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::support::handler;

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A running handler. Dropping it ends it.
pub(super) struct Process {
    child: Child,
    pub(super) client: McpClient,
    pub(super) memory: Memory,
    stdout: Output,
    stderr: Output,
}

/// How a start went.
pub(super) enum Start {
    Listens(Box<Process>),
    Exits { status: ExitStatus, stdout: Vec<String>, stderr: Vec<String>, memory: Memory },
}

impl Process {
    /// Starts it, and waits until it listens or ends. A port that was free a moment ago may be taken: then with another.
    pub(super) async fn start(lab: &Lab, settings: &[(String, String)], limit: Duration) -> Start {
        loop {
            match Self::start_once(lab, settings, limit).await {
                Start::Exits { stderr, .. } if stderr.iter().any(|line| line.contains("can't listen on")) => {}
                start => return start,
            }
        }
    }

    async fn start_once(lab: &Lab, settings: &[(String, String)], limit: Duration) -> Start {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let mut child = Command::new(handler())
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .envs([("FUNCTIONS_CUSTOMHANDLER_PORT", &port.to_string()), ("PUBLIC_URL", &url)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (stdout, stderr) = (Output::of(child.stdout.take().unwrap()), Output::of(child.stderr.take().unwrap()));
        let mut memory = Memory::of(child.id().unwrap());
        let deadline = Instant::now() + limit;
        loop {
            memory.look();
            if let Some(status) = child.try_wait().unwrap() {
                return Start::Exits { status, stdout: stdout.whole().await, stderr: stderr.whole().await, memory };
            }
            if stdout.lines().iter().any(|line| line.contains(r#""event":"started""#)) {
                let client = McpClient::new(lab.client().clone(), format!("{url}/mcp"));
                return Start::Listens(Box::new(Self { child, client, memory, stdout, stderr }));
            }
            assert!(Instant::now() < deadline, "it neither listens nor exits: {:?}", stdout.lines());
            sleep(LOOK).await;
        }
    }

    /// `cost_by_service` of Alice's subscription.
    pub(super) async fn cost_by_service(&self, token: &str) -> Answer {
        self.client.call(token, "cost_by_service", json!({ "subscriptionId": SHOP_PROD })).await.unwrap()
    }

    /// What it has written so far.
    pub(super) fn lines(&self) -> Vec<String> {
        [self.stdout.lines(), self.stderr.lines()].concat()
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// The lines of a stream, as they come.
struct Output {
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Output {
    fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let reader = tokio::spawn(async move {
            let mut stream = BufReader::new(stream).lines();
            while let Ok(Some(line)) = stream.next_line().await {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { lines, reader }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All of a process that has ended.
    async fn whole(mut self) -> Vec<String> {
        (&mut self.reader).await.unwrap();
        self.lines()
    }
}

/// How much memory a process holds (`proc_pid_status(5)`), in bytes.
pub(super) struct Memory {
    process: u32,
    first: u64,
    peak: u64,
}

impl Memory {
    fn of(process: u32) -> Self {
        Self { process, first: 0, peak: 0 }
    }

    /// Growth counts from here.
    pub(super) fn begin(&mut self) {
        (self.first, self.peak) = (0, 0);
        self.look();
    }

    /// Looks again. A process that is gone has nothing to show.
    pub(super) fn look(&mut self) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let Some(resident) = resident.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok()) else { return };
        let resident = resident * 1024;
        if self.first == 0 {
            self.first = resident;
        }
        self.peak = self.peak.max(resident);
    }

    /// Looks again and again, for ever.
    pub(super) async fn watch(&mut self) {
        loop {
            self.look();
            sleep(LOOK).await;
        }
    }

    pub(super) fn peak(&self) -> u64 {
        self.peak
    }

    pub(super) fn growth(&self) -> u64 {
        self.peak - self.first
    }
}
