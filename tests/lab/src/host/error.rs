//! Why there is no host, or no handler behind it.

use std::path::PathBuf;

use super::worker::Failure;

/// Each message says what to change; whoever packaged or started the handler must act.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// `host.json` is missing or the real host would refuse it too.
    #[error("{} is not usable: {problem}", path.display())]
    HostJson {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// `local.settings.json` can't be read as `func start` reads it.
    #[error("local.settings.json is not usable: {0}")]
    LocalSettings(String),
    /// Another runtime, or none, is configured: then the real host looks for functions of another kind.
    #[error(
        "FUNCTIONS_WORKER_RUNTIME is {}: set it to `custom`, in local.settings.json or in the environment",
        .0.as_deref().unwrap_or("not set")
    )]
    WorkerRuntime(Option<String>),
    /// Functions come from their folders or from `customHandler.http.routes`; the real host refuses both together.
    #[error("there are both `customHandler.http.routes` in host.json and a function.json, of `{function}`: remove one")]
    TwoSources {
        /// A function that has a `function.json`.
        function: String,
    },
    /// The execute bit could not be changed.
    #[error("the execute bit of {} can't be changed: {error}", path.display())]
    ExecuteBit {
        /// The handler.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The configuration asks for something that works differently, or not at all, under this stand-in.
    #[error("{0}, which this stand-in for the Functions host does not model")]
    Unsupported(String),
    /// The real host would look for a command of this name on `PATH`, find none, and let the first request hang.
    #[error("{} is missing: build and stage the handler (`cargo xtask package --native`)", .0.display())]
    MissingExecutable(PathBuf),
    /// A function would not be proxied as it is, or not be reachable without a key.
    #[error("function `{name}`: {problem}")]
    Function {
        /// The function's name, which is its folder's.
        name: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// Without functions the real host starts no handler.
    #[error("{} has no functions{}", script_root.display(), as_list(skipped))]
    NoFunctions {
        /// Where they were looked for.
        script_root: PathBuf,
        /// The folders that were skipped, and why.
        skipped: Vec<String>,
    },
    /// Another program, perhaps an earlier run of this one, listens there.
    #[error("port {0} is taken: stop the program that uses it, or choose another with `--port`")]
    PortTaken(u16),
    /// `customHandler.port` fixes the handler's port and something listens there.
    #[error(
        "port {0}, which host.json fixes for the handler, is taken: remove `customHandler.port` to use any free one"
    )]
    HandlerPortTaken(u16),
    /// The operating system gives no port.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] std::io::Error),
    /// The handler could not be started, or failed too often.
    #[error("the handler failed: {0}")]
    HandlerFailed(Failure),
    /// The handler ended with exit code 0: the host takes that for intended and never starts it again.
    #[error("the handler ended with exit code 0, so the host does not start it again; under Functions it must not end")]
    HandlerFinished,
    /// A line that was waited for did not come.
    #[error("no line with `{part}` within {seconds} s; the console says:\n{}", seen.join("\n"))]
    NoSuchLine {
        /// The part of the line.
        part: String,
        /// How long was waited.
        seconds: u64,
        /// What was written instead.
        seen: Vec<String>,
    },
}

fn as_list(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!(":\n  {}", lines.join("\n  ")) }
}
