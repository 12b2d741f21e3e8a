//! A stand-in for the Azure Functions host: it starts the handler and proxies to it as the real host does.
//!
//! It is strict where the real host is lenient: what would hang, be skipped silently or behave differently once
//! deployed is refused with a sentence. What it models: `host.json` with what the environment and a profile make of it,
//! finding functions and matching routes, the life cycle of the process (environment, readiness, restarts, timeouts, a
//! stop without warning), the proxied or forwarded request and answer, the console; and of Azure what the host itself
//! does there ([`Place::Azure`]).
//!
//! It cannot prove what only the real host does: cold start on Flex Consumption, the execute bit on the mounted
//! package, the glibc of the image, App Service authentication, the limits and CORS of the front end. Function keys,
//! file watching and requests wrapped in JSON are not modelled either.
//!
//! Sources: `Azure/azure-functions-host` (`HttpWorkerProcess`, `WorkerProcess`, `HttpFunctionInvocationDispatcher`,
//! `DefaultHttpProxyService`), `microsoft/reverse-proxy` (`RequestUtilities`, `HttpTransformer`), and
//! <https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers>.
//!
//! A host that is dropped kills its handler. If the process that holds the host is itself killed, the handler lives on,
//! as it does under the real host on Linux: `PR_SET_PDEATHSIG` would have to be set between fork and exec, which is
//! unsafe.

mod activity;
mod configuration;
mod connect;
mod console;
mod environment;
mod error;
mod execute_bit;
mod forwarding;
mod front_end;
mod function;
mod handler;
mod host_json;
mod path;
mod proxy;
mod readiness;
mod server;
mod template;
mod worker;

pub use console::{Console, ConsoleLine, Follow, Level, Source};
pub use error::HostError;
pub use function::Function;
pub use worker::{Failure, State};

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use configuration::Configuration;
use environment::Environment;
use function::Discovery;
use handler::{Handler, Patience};
use server::Server;
use worker::{Status, Worker};

/// The port that `func start` uses, for people; tests leave the choice to the operating system.
pub const DEFAULT_PORT: u16 = 7071;

/// What to run and how.
#[derive(Clone)]
pub struct HostOptions {
    /// The folder with `host.json`, the function folders and the binary, such as [`xtask::Package::root`].
    pub script_root: PathBuf,
    /// App settings: the handler gets them as environment variables. They win over what is inherited.
    pub environment: Vec<(String, String)>,
    /// What else the handler gets.
    pub inheritance: Inheritance,
    /// The port on 127.0.0.1; `None` for any free one.
    pub port: Option<u16>,
    /// Where it pretends to be.
    pub place: Place,
}

/// Where the host runs: `func start` and Azure differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As `func start`: with `local.settings.json`.
    Laptop,
    /// As on Flex Consumption, where the host answers browsers' preflights itself, takes host and scheme of a request from
    /// its front end (`DISGUISED-HOST`, `X-Forwarded-Proto`), and sets the execute bit that a package has lost.
    Azure,
}

/// What the handler inherits from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inheritance {
    /// Everything, as under the real host.
    Everything,
    /// Only what a process needs to start (`PATH`), so that a test says the same on every machine.
    Nothing,
}

impl HostOptions {
    /// As the real host: the handler inherits the environment of this process.
    pub fn new(script_root: impl Into<PathBuf>) -> Self {
        Self {
            script_root: script_root.into(),
            environment: Vec::new(),
            inheritance: Inheritance::Everything,
            port: None,
            place: Place::Laptop,
        }
    }

    /// For tests: the handler gets `environment` and what the host itself sets, nothing of this machine.
    pub fn clean(script_root: impl Into<PathBuf>) -> Self {
        let runtime = ("FUNCTIONS_WORKER_RUNTIME".to_owned(), "custom".to_owned());
        Self { inheritance: Inheritance::Nothing, environment: vec![runtime], ..Self::new(script_root) }
    }

    /// The other way to hand requests on: `enableForwardingHttpRequest`, whatever `host.json` says.
    #[must_use]
    pub fn forwarding(mut self) -> Self {
        for (name, value) in [("enableProxyingHttpRequest", "false"), ("enableForwardingHttpRequest", "true")] {
            self.environment.push((format!("AzureFunctionsJobHost__customHandler__{name}"), value.to_owned()));
        }
        self
    }
}

/// A running host and its handler. Dropping it kills the handler.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    functions: Vec<Function>,
    console: Console,
    status: watch::Receiver<Status>,
    stop: Option<oneshot::Sender<()>>,
    worker: JoinHandle<()>,
    server: JoinHandle<()>,
}

impl Host {
    /// Starts the host and waits until the handler answers.
    pub async fn start(options: HostOptions) -> Result<Self, HostError> {
        let host = Self::launch(options).await?;
        host.ready().await?;
        Ok(host)
    }

    /// Starts the host without waiting for the handler: requests wait until it answers. For a caller that wants to show
    /// the console from the first line on; [`Host::ready`] follows.
    pub async fn launch(options: HostOptions) -> Result<Self, HostError> {
        let listener = listen(options.port).await?;
        let address = listener.local_addr().map_err(HostError::Listen)?;
        let environment = Environment::of(&options, address.port())?;
        let configuration = Configuration::read(&options.script_root, environment.overrides())?;
        let Discovery { functions, skipped } = Discovery::of(&options.script_root, &configuration)?;
        let handler_port = worker::choose_port(configuration.handler_port)?;
        let environment = environment.for_handler(&options.script_root, handler_port);
        if options.place == Place::Azure {
            execute_bit::lose_and_set(&configuration.executable)?;
        }

        let console = Console::new();
        for reason in skipped {
            console.host(Level::Error, reason);
        }
        announce(&console, &functions, address.port());
        let (status_sender, status) = watch::channel(Status::starting());
        let (stop, stopped) = oneshot::channel();
        let overdue = Arc::new(Notify::new());
        let limit = configuration.function_timeout;
        let patience = Patience { limit, console: console.clone(), overdue: Arc::clone(&overdue) };
        let handler = Handler::new(handler_port, configuration.passing, patience);
        let server = Server::new(functions.clone(), options.place, &environment, handler, status.clone());
        let worker = Worker {
            executable: configuration.executable,
            working_directory: configuration.working_directory,
            initialization_timeout: configuration.initialization_timeout,
            environment,
            port: handler_port,
            console: console.clone(),
            status: status_sender,
            overdue,
        };
        let worker = tokio::spawn(worker.supervise(stopped));
        let server = tokio::spawn(server.serve(listener));
        Ok(Self { address, functions, console, status, stop: Some(stop), worker, server })
    }

    /// Waits until the handler answers, or for the reason why it never will.
    pub async fn ready(&self) -> Result<(), HostError> {
        let mut status = self.status.clone();
        // an error means that the worker's task is gone, and then its last word stands
        let _ = status.wait_for(|status| status.state != State::Starting).await;
        match self.state() {
            State::Ready => Ok(()),
            State::Starting | State::Finished => Err(HostError::HandlerFinished),
            State::Failed(failure) => Err(HostError::HandlerFailed(failure)),
        }
    }

    /// Where the functions are, without a trailing slash: `http://localhost:7071`, as `WEBSITE_HOSTNAME` says it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// The socket behind [`Host::url`], for a test that writes its own bytes.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The functions in the order in which they are matched.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// What the handler and the host have written.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// How the handler is.
    #[must_use]
    pub fn state(&self) -> State {
        self.status.borrow().state.clone()
    }

    /// How often the handler was started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.status.borrow().restarts
    }

    /// The process id of the handler; `None` while there is no process.
    #[must_use]
    pub fn handler_pid(&self) -> Option<u32> {
        self.status.borrow().pid
    }

    /// Ends as the real host does: no request is finished, the handler gets SIGKILL and at most a second to be gone. A
    /// handler that relies on SIGTERM loses what it wanted to save.
    pub async fn stop(mut self) {
        self.server.abort();
        if let Some(stop) = self.stop.take() {
            // an error means that the worker's task has ended, and its handler with it
            let _ = stop.send(());
        }
        let _ = (&mut self.worker).await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
        // the task owns the child, and the child is killed on drop
        self.worker.abort();
    }
}

/// The list that the core tools print.
fn announce(console: &Console, functions: &[Function], port: u16) {
    console.host(Level::Information, "Functions:");
    for function in functions {
        console.host(Level::Information, function.listed(&format!("http://localhost:{port}")));
    }
}

/// 127.0.0.1 only, as `func start` since 4.14.
async fn listen(port: Option<u16>) -> Result<TcpListener, HostError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
    TcpListener::bind(address).await.map_err(|error| match port {
        Some(port) if error.kind() == std::io::ErrorKind::AddrInUse => HostError::PortTaken(port),
        _ => HostError::Listen(error),
    })
}
