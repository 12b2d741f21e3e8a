//! The processes that are measured, each the same way: what the kernel says they used.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Failure,
    people::Tenant,
    wire::{self, Connection},
};

/// Under callgrind everything takes fifty times as long.
const START_DEADLINE: Duration = Duration::from_mins(2);

/// Of `/proc/<pid>/stat`: `USER_HZ`, which Linux fixes for programs at 100.
const TICKS_PER_SECOND: f64 = 100.0;

/// A server under load. Killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Processor time in seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) program: f64,
    /// Of the kernel on its behalf.
    pub(crate) kernel: f64,
}

impl Cpu {
    pub(crate) fn total(self) -> f64 {
        self.program + self.kernel
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self { program: self.program - before.program, kernel: self.kernel - before.kernel }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// A server of this crate, which prints where it listens, behind `wrapper` if there is one.
    pub(crate) fn own(wrapper: &[&str], arguments: &[&str]) -> Result<Self, Failure> {
        let this = std::env::current_exe()?;
        let mut child = behind(wrapper, &this).args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match line.trim().parse() {
            Ok(address) => Ok(Self { child, address }),
            Err(_) => Err(Failure::NoServer(arguments.join(" "))),
        }
    }

    /// The handler, behind `wrapper` if there is one, with `settings` beside the tenant's. Its log goes nowhere, but is written.
    pub(crate) async fn handler(
        binary: &Path,
        tenant: &Tenant,
        wrapper: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = behind(wrapper, binary);
        command.env_clear().envs(tenant.settings(port)).envs(settings.iter().copied()).stdout(Stdio::null());
        let handler = Self { child: command.spawn()?, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        let began = Instant::now();
        while !handler.is_ready().await {
            if began.elapsed() > START_DEADLINE {
                return Err(Failure::NoServer(binary.display().to_string()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(handler)
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut connection) = Connection::open(self.address).await else { return false };
        connection.call(&wire::get("/healthz")).await.is_ok_and(|answer| answer.status() == 200)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As an instance ends that the platform takes away.
    pub(crate) fn kill(&mut self) {
        // it may have ended by itself, which its missing answers have told
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Processor time so far.
    pub(crate) fn cpu(&self) -> Result<Cpu, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // the second field is the program's name, in parentheses and free to hold spaces
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let mut seconds =
            || fields.next().and_then(|ticks| ticks.parse::<f64>().ok()).map(|ticks| ticks / TICKS_PER_SECOND);
        let (program, kernel) = (seconds(), seconds());
        program.zip(kernel).map(|(program, kernel)| Cpu { program, kernel }).ok_or(Failure::Usage)
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = resident.and_then(|text| text.split_whitespace().next()).and_then(|text| text.parse().ok());
        Ok(kibibytes.unwrap_or_default())
    }
}

/// A program as the last argument of another, or alone.
fn behind(wrapper: &[&str], program: &Path) -> Command {
    let mut words = wrapper.iter().map(OsStr::new).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().unwrap_or(program.as_os_str()));
    command.args(words);
    command
}
