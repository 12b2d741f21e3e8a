//! `cargo lab`: the main job on a local Azure, told as a story, and then a server to try.

mod invitation;
mod story;

use std::{path::PathBuf, process::ExitCode};

use lab::{
    Deployment, DeploymentError, Lab,
    host::{DEFAULT_PORT, HostError, HostOptions, Place},
};
use xtask::Profile;

const HELP: &str = "\
The main job on a local Azure: two people, one server that may do nothing by itself.

Usage: cargo lab [--once] [--port PORT] [--release] [--azure] [--forwarding]

  --once        end after the story, with exit code 0 if it holds and 1 if not
  --port PORT   where the server listens on 127.0.0.1 (default: 7071; with --once any free port)
  --release     build the handler with optimisations first
  --azure       the host does what it does in Azure and not on a laptop: it answers browsers' preflights itself, takes
                host and scheme of a request from DISGUISED-HOST and X-Forwarded-Proto, sets a lost execute bit
  --forwarding  the host forwards requests (enableForwardingHttpRequest) and does not proxy them: nothing is streamed
  --help        this text

Without --once it stays up after the story and shows how to connect a client. Ctrl-C ends it and all it started.
";

struct Options {
    once: bool,
    port: Option<u16>,
    profile: Profile,
    place: Place,
    forwarding: bool,
}

/// Why there is no story, or none that holds.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Build(#[from] xtask::BuildError),
    #[error("{0}")]
    Start(#[from] DeploymentError),
    #[error("port {0} is taken: end what listens there, or choose another with `cargo lab --port PORT`")]
    PortTaken(u16),
    #[error("the story does not hold: {0}")]
    Story(#[from] story::Broken),
    #[error("the files for clients could not be written: {0}")]
    Files(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = match read(&arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprint!("{problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}

/// The options, or nothing when help was asked for.
fn read(arguments: &[String]) -> Result<Option<Options>, String> {
    let mut options =
        Options { once: false, port: None, profile: Profile::Debug, place: Place::Laptop, forwarding: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--once" => options.once = true,
            "--release" => options.profile = Profile::Release,
            "--azure" => options.place = Place::Azure,
            "--forwarding" => options.forwarding = true,
            "--port" => {
                let port = rest.next().and_then(|port| port.parse().ok()).filter(|port| *port != 0);
                options.port = Some(port.ok_or("--port needs a number from 1 to 65535")?);
            }
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("there is no option {other}")),
        }
    }
    if !options.once {
        options.port = options.port.or(Some(DEFAULT_PORT));
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<(), Failure> {
    println!("Building the handler; the first time takes a few minutes.");
    let handler = xtask::build_handler(xtask::repository_root(), options.profile)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        tokio::select! {
            outcome = tell(options, handler) => outcome,
            // everything started is owned by the story and ends with it
            _ = tokio::signal::ctrl_c() => {
                println!("\nEnded.");
                Ok(())
            }
        }
    })
}

async fn tell(options: &Options, handler: PathBuf) -> Result<(), Failure> {
    let lab = Lab::start().await.map_err(DeploymentError::from)?;
    let hosted = Deployment::hosted(lab, &handler, &[], |host| {
        let host = HostOptions { port: options.port, place: options.place, ..host };
        if options.forwarding { host.forwarding() } else { host }
    });
    let deployment = hosted.await.map_err(|error| match error {
        DeploymentError::Host(HostError::PortTaken(port)) => Failure::PortTaken(port),
        error => Failure::Start(error),
    })?;
    story::tell(&deployment).await?;
    if !options.once {
        invitation::show(&deployment)?;
        std::future::pending::<()>().await;
    }
    deployment.host.stop().await;
    Ok(())
}
