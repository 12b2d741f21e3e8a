//! The function: settings → credential → router → the Functions host, AWS Lambda or a container.
//!
//! It listens or exits within 15 seconds, and it exits loudly: a server that can't act for anybody must not look healthy.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::Router;
use handler::{
    connections::{self, ConnectionsError},
    doctor, http, server,
    settings::{Platform, Problem, Settings},
    telemetry,
};
use identity::{Clock, Random, SystemClock, SystemRandom, caller::SigningKeys, exchange::credential::CredentialError};
use tokio::net::TcpListener;

/// A cost call allocates some seven hundred times; this takes a tenth off its instructions (BENCHMARKS.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Below the 30 seconds after which the Functions host gives a handler up, with room for a second try.
const START_DEADLINE: Duration = Duration::from_secs(15);

const HELP: &str = "\
mcp-cost-server: Azure costs over MCP, as the caller and nobody else

Usage: handler [doctor | --version | --help]

Without an argument it serves. It is configured by environment variables alone; the README lists them. Under the Azure
Functions host it listens where the host says, on AWS Lambda it asks for requests, elsewhere it listens on PORT or on
127.0.0.1:8080. `handler doctor` checks a deployment and says how to repair it; see `handler doctor --help`.
";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{} of the settings can't be used: {}", .0.len(), .0.iter().map(|problem| problem.variable).collect::<Vec<_>>().join(", "))]
    Settings(Vec<Problem>),
    #[error(transparent)]
    Connections(#[from] ConnectionsError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("the start took longer than {} seconds: Key Vault or the managed identity endpoint does not answer", START_DEADLINE.as_secs())]
    TooSlow,
    #[error("the definitions of the tools could not be written: {0}")]
    Tools(#[from] serde_json::Error),
    #[error("the asynchronous runtime could not be started: {0}")]
    Runtime(#[source] std::io::Error),
    #[error("can't listen on {address}: {source}; stop what listens there, or choose another port with PORT")]
    Listen { address: SocketAddr, source: std::io::Error },
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => run(),
        ["doctor", options @ ..] => doctor::run(options, &environment),
        ["--version" | "-V"] => {
            println!("{}", version());
            ExitCode::SUCCESS
        }
        ["--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Name, version and, in what `cargo xtask package` made, the commit.
fn version() -> String {
    let version = concat!("mcp-cost-server ", env!("CARGO_PKG_VERSION"));
    match option_env!("HANDLER_COMMIT") {
        Some(commit) if !commit.is_empty() => format!("{version} ({commit})"),
        _ => version.to_owned(),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn run() -> ExitCode {
    let settings = match Settings::read(&environment) {
        Ok(settings) => settings,
        Err(problems) => {
            telemetry::initialise("info");
            return failed(&StartError::Settings(problems));
        }
    };
    telemetry::initialise(&settings.log_filter);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(StartError::Runtime).and_then(|runtime| runtime.block_on(serve(settings))) {
        Ok(end) => end,
        Err(error) => failed(&error),
    }
}

/// Says it twice: as an event for the log, and on stderr, where the Functions host keeps the last three lines.
fn failed(error: &StartError) -> ExitCode {
    if let StartError::Settings(problems) = error {
        for problem in problems {
            let (variable, problem) = (problem.variable, problem.to_string());
            tracing::error!(event = "start_failed", variable, "{problem}");
            eprintln!("{problem}");
        }
    }
    tracing::error!(event = "start_failed", "{error}");
    eprintln!("mcp-cost-server can't start: {error}");
    ExitCode::FAILURE
}

async fn serve(settings: Settings) -> Result<ExitCode, StartError> {
    let http = connections::client()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let keys = SigningKeys::new(&settings.authority, http.clone(), clock.clone(), random.clone());
    let credential = server::credential(&settings, &http, &clock, &random);
    // the keys' absence ends nothing: callers are told to come back, and the keys are asked for again
    let start = async { tokio::join!(credential, keys.prefetch()).0 };
    let credential = tokio::time::timeout(START_DEADLINE, start).await.map_err(|_| StartError::TooSlow)??;
    for warning in &settings.warnings {
        tracing::warn!(event = "setting_warning", "{warning}");
    }
    let refresh = tokio::spawn(keys.clone().keep_fresh());
    let platform = settings.platform;
    let router = http::router(server::edge(settings, keys, credential, http, clock, random)?);
    let end = match platform {
        // Never by ourselves under the Functions host: it kills what it wants gone, and takes an exit with code 0 for a
        // handler that need not be started again.
        Platform::Functions(address) => listen(address, router, std::future::pending()).await?,
        Platform::Container(address) => listen(address, router, asked_to_stop()).await?,
        Platform::Lambda => ask_lambda(router).await,
    };
    refresh.abort();
    Ok(end)
}

async fn listen(address: SocketAddr, router: Router, stop: impl Future<Output = ()>) -> Result<ExitCode, StartError> {
    let listener = TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
    tracing::info!(event = "started", %address, version = env!("CARGO_PKG_VERSION"), "listening");
    http::serve(listener, router, stop).await;
    Ok(ExitCode::SUCCESS)
}

/// Ends only when there is nobody left to serve, which is a failure: Lambda starts another instance.
async fn ask_lambda(router: Router) -> ExitCode {
    tracing::info!(event = "started", version = env!("CARGO_PKG_VERSION"), "asking Lambda for requests");
    let error = http::serve_lambda(router).await;
    tracing::error!(event = "lambda_lost", %error, "Lambda's Runtime API can't be asked any more");
    ExitCode::FAILURE
}

#[cfg(unix)]
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
