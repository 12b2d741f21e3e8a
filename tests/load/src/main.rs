//! Load on the real binary: how much it serves, at what price, and that no answer is ever wrong.
//!
//! Driver, upstream stand-in and comparisons share the machine with the handler, so calls a second say little. The figure
//! that holds is the processor time that the kernel books on a process, per 10,000 calls.

mod bare;
mod bench;
mod instructions;
mod people;
mod phase;
mod plan;
mod process;
mod report;
mod scale_out;
mod serve;
mod upstream;
mod wire;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

const HELP: &str = "\
Drives the release build of the handler on loopback and prints what it cost, as Markdown. Every answer is checked; a wrong
one, a lost one, or a broken promise ends it with code 1. It never judges a time.

Usage: cargo run --release -p load -- [options]

  (none)                the whole measurement, about two minutes: saturation, latency at half of it, 1,000 and 10,000
                        people, 1,024 connections at 50 ms upstream latency, overload, an instance killed under load,
                        memory; compared in the same run with a bare server that verifies, and one that verifies, asks
                        upstream and writes the table
  --short               the same checks with few calls, at most a minute
  --instructions        counts instructions a call instead (needs valgrind), and holds them against tests/load/instructions
  --write               with --instructions: writes the counts there
  --handler <path>      measures this binary instead of building one
";

/// Why there is no measurement, or a bad one.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("not a way to use it; see --help")]
    Usage,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the lab: {0}")]
    Lab(#[from] lab::LabError),
    #[error("no token: {0:?}")]
    Token(lab::entra::EntraError),
    #[error("the lab's keys: {0}")]
    Keys(String),
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("no handler: {0}")]
    Build(#[from] xtask::BuildError),
    #[error("`{0}` did not start")]
    NoServer(String),
    #[error("broken promise: {0}")]
    Broken(String),
    #[error("valgrind: {0}")]
    Valgrind(String),
}

impl From<lab::entra::EntraError> for Failure {
    fn from(error: lab::entra::EntraError) -> Self {
        Self::Token(error)
    }
}

#[derive(Default)]
struct Options {
    short: bool,
    instructions: bool,
    write: bool,
    handler: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["serve", server @ ..] => serve(server),
        options => measure(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// One of the servers around the handler, as a process of its own.
fn serve(arguments: &[&str]) -> Result<(), Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match arguments {
        ["upstream", keys] => {
            let upstream = upstream::Upstream::new(PathBuf::from(keys));
            // one thread is enough for it, and leaves the other processor alone
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(serve::serve(move |request| upstream.clone().answer(request)))
        }
        ["verify", keys, issuer, audience, answer] => {
            let server = bare::verify(Path::new(keys), issuer, audience, Path::new(answer));
            runtime.enable_all().build()?.block_on(server)
        }
        ["relay", keys, issuer, audience, upstream] => {
            let upstream = upstream.parse().map_err(|_| Failure::Usage)?;
            runtime.enable_all().build()?.block_on(bare::relay(Path::new(keys), issuer, audience, upstream))
        }
        _ => Err(Failure::Usage),
    }
}

fn measure(arguments: &[&str]) -> Result<(), Failure> {
    let Options { short, instructions, write, handler } = options(arguments)?;
    let handler = match handler {
        Some(handler) => handler,
        None => xtask::build_handler(xtask::repository_root(), xtask::Profile::Release)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match (instructions, short) {
            (true, _) => instructions::run(&handler, write).await,
            (false, true) => plan::short(&handler).await,
            (false, false) => plan::whole(&handler).await,
        }
    })
}

fn options(arguments: &[&str]) -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--short" => options.short = true,
            "--instructions" => options.instructions = true,
            "--write" => options.write = true,
            "--handler" => options.handler = Some(arguments.next().ok_or(Failure::Usage)?.into()),
            _ => return Err(Failure::Usage),
        }
    }
    Ok(options)
}
