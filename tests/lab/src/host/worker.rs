//! The handler's process: started, watched, started again, and ended without warning.
//!
//! What an exit means is the real host's doctrine: 0 is intended and final, 200 asks for a restart, anything else is a
//! failure. Two failures are forgiven with a restart; the third ends the host. A quiet half hour wipes the slate. A call
//! that takes longer than `functionTimeout` costs the process its life too, and is no failure of it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::console::{Console, Level};
use super::environment::Environment;
use super::{HostError, readiness};

/// How long a killed process is waited for.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// How long the console of an ended process is read: a grandchild may hold it open.
const DRAIN_GRACE: Duration = Duration::from_secs(1);
/// The failure that is not forgiven.
const LAST_FAILURE: u32 = 3;
/// How long after a failure it is forgotten.
const MEMORY: Duration = Duration::from_mins(30);

/// How the handler is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Started, for the first time or again, and not answering yet: requests wait.
    Starting,
    /// It answers.
    Ready,
    /// It ended with exit code 0 and is not started again: requests get 500.
    Finished,
    /// It cannot be started, or failed too often: the real host ends now, and this one no longer listens.
    Failed(Failure),
}

/// Why the handler was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened last.
    pub reason: String,
    /// The last three lines of its standard error.
    pub stderr: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)?;
        self.stderr.iter().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

#[derive(Debug)]
pub(super) struct Status {
    pub(super) state: State,
    pub(super) pid: Option<u32>,
    pub(super) restarts: u32,
}

impl Status {
    pub(super) fn starting() -> Self {
        Self { state: State::Starting, pid: None, restarts: 0 }
    }
}

/// The port the handler is told to listen on: the one of `host.json`, else any that is free at this moment.
pub(super) fn choose_port(fixed: Option<u16>) -> Result<u16, HostError> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, fixed.unwrap_or(0)));
    match (listener.and_then(|listener| listener.local_addr()), fixed) {
        (Ok(address), _) => Ok(address.port()),
        (Err(_), Some(port)) => Err(HostError::HandlerPortTaken(port)),
        (Err(error), None) => Err(HostError::Listen(error)),
    }
}

pub(super) struct Worker {
    pub(super) executable: PathBuf,
    pub(super) working_directory: PathBuf,
    pub(super) initialization_timeout: Duration,
    pub(super) environment: Environment,
    pub(super) port: u16,
    pub(super) console: Console,
    pub(super) status: watch::Sender<Status>,
    /// Told when a call has taken too long.
    pub(super) overdue: Arc<Notify>,
}

/// Why one process is watched no longer.
enum Cause {
    Exit(io::Result<ExitStatus>),
    NeverAnswered,
    /// The host kills the handler, and with it every call that it has.
    FunctionTimeout,
}

/// How one process ended.
enum End {
    Finished,
    AsksForRestart,
    Failed(Failure),
    NeverStarted(Failure),
}

impl Worker {
    /// Runs the handler until `stop` is sent or dropped, or there is nothing left to run.
    pub(super) async fn supervise(self, stop: oneshot::Receiver<()>) {
        let mut child = None;
        tokio::select! {
            _ = stop => {}
            () = self.keep_running(&mut child) => {}
        }
        if let Some(mut child) = child {
            kill(&mut child).await;
        }
        self.status.send_modify(|status| status.pid = None);
    }

    async fn keep_running(&self, child: &mut Option<Child>) {
        let mut failures = Failures::default();
        loop {
            let end = self.run_once(child).await;
            let last_state = match end {
                End::Finished => Some(State::Finished),
                End::NeverStarted(failure) => Some(State::Failed(failure)),
                End::Failed(failure) if failures.are_too_many(Instant::now()) => Some(State::Failed(failure)),
                End::Failed(_) | End::AsksForRestart => None,
            };
            let is_over = last_state.is_some();
            self.status.send_modify(|status| {
                status.pid = None;
                status.restarts += u32::from(!is_over);
                status.state = last_state.unwrap_or(State::Starting);
            });
            self.console.host(
                Level::Information,
                if is_over { "handler is not started again" } else { "handler is restarted" },
            );
            if is_over {
                return;
            }
        }
    }

    /// One process from its start to its end.
    async fn run_once(&self, slot: &mut Option<Child>) -> End {
        let mark = self.console.mark();
        let failure = |reason: String| Failure { reason, stderr: self.console.last_errors(mark) };
        let child = match self.spawn().await {
            Ok(child) => slot.insert(child),
            Err(error) => {
                let reason = format!("{} cannot be started: {error}", self.executable.display());
                self.console.host(Level::Error, &reason);
                return End::NeverStarted(failure(reason));
            }
        };
        let pid = child.id();
        self.status.send_modify(|status| status.pid = pid);
        let readers = self.read_console(child);

        let (cause, was_ready) = self.watch(child).await;
        kill(child).await;
        *slot = None;
        for reader in readers {
            let _ = timeout(DRAIN_GRACE, reader).await;
        }
        let reason = match &cause {
            Cause::Exit(Ok(status)) => {
                format!("handler ended with {status}{}", if was_ready { "" } else { " before it answered" })
            }
            Cause::Exit(Err(error)) => format!("handler cannot be watched: {error}"),
            Cause::NeverAnswered => {
                format!("handler did not answer on port {} within {:?}", self.port, self.initialization_timeout)
            }
            Cause::FunctionTimeout => "handler was killed because a function timed out".to_owned(),
        };
        self.console.host(Level::Error, &reason);
        let code = match cause {
            Cause::FunctionTimeout => return End::AsksForRestart,
            Cause::Exit(Ok(status)) => status.code(),
            Cause::Exit(Err(_)) | Cause::NeverAnswered => None,
        };
        match code {
            // the real host would wait out the initialization timeout, and then count it as a failure too
            Some(0) if was_ready => End::Finished,
            Some(200) => End::AsksForRestart,
            _ => End::Failed(failure(reason)),
        }
    }

    /// Until the process ends or must; and whether it has answered before.
    async fn watch(&self, child: &mut Child) -> (Cause, bool) {
        tokio::select! {
            exit = child.wait() => return (Cause::Exit(exit), false),
            answered = timeout(self.initialization_timeout, readiness::until_ready(self.port)) => {
                if answered.is_err() {
                    return (Cause::NeverAnswered, false);
                }
            }
        }
        self.console.host(Level::Information, format!("handler answers on 127.0.0.1:{}", self.port));
        let overdue = self.overdue.notified();
        self.status.send_modify(|status| status.state = State::Ready);
        tokio::select! {
            exit = child.wait() => (Cause::Exit(exit), true),
            () = overdue => (Cause::FunctionTimeout, true),
        }
    }

    /// Starts the process. A binary that was staged a moment ago may be "busy": another thread of this process was just
    /// starting a child, which held the file open for writing until its own exec.
    async fn spawn(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.executable);
        command
            .current_dir(&self.working_directory)
            .env_clear()
            .envs(self.environment.iter())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for _ in 0..20 {
            match command.spawn() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(10)).await,
                result => return result,
            }
        }
        command.spawn()
    }

    fn read_console(&self, child: &mut Child) -> Vec<JoinHandle<()>> {
        let stdout =
            child.stdout.take().map(|pipe| tokio::spawn(read_lines(pipe, self.console.clone(), Console::stdout)));
        let stderr =
            child.stderr.take().map(|pipe| tokio::spawn(read_lines(pipe, self.console.clone(), Console::stderr)));
        stdout.into_iter().chain(stderr).collect()
    }
}

async fn read_lines(pipe: impl AsyncRead + Unpin, console: Console, write: fn(&Console, String)) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        write(&console, String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
        line.clear();
    }
}

/// SIGKILL, which cannot be caught, and a second for the kernel.
async fn kill(child: &mut Child) {
    // an error means that it has ended already
    let _ = child.start_kill();
    let _ = timeout(STOP_GRACE, child.wait()).await;
}

#[derive(Debug, Default)]
struct Failures {
    count: u32,
    latest: Option<Instant>,
}

impl Failures {
    /// Counts one more.
    fn are_too_many(&mut self, now: Instant) -> bool {
        if self.latest.is_some_and(|latest| now.duration_since(latest) > MEMORY) {
            self.count = 0;
        }
        self.count += 1;
        self.latest = Some(now);
        self.count >= LAST_FAILURE
    }
}

#[cfg(test)]
mod tests {
    //! Proves when the host gives up. The integration tests prove it with processes.
    use super::*;

    fn counts(minutes: &[u64]) -> Vec<bool> {
        let start = Instant::now();
        let mut failures = Failures::default();
        minutes.iter().map(|minute| failures.are_too_many(start + Duration::from_mins(*minute))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_third_failure_is_too_many() {
        assert_eq!(counts(&[0, 0, 0]), [false, false, true]);
        assert_eq!(counts(&[0, 30, 60]), [false, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_half_an_hour_of_quiet_wipes_the_slate() {
        assert_eq!(counts(&[0, 1, 32, 33, 34]), [false, false, false, false, true]);
    }
}
