//! `handler doctor`: checks a deployment with its own settings, and says how to repair what is wrong.
//!
//! It asks what the server would ask, through the same code: the signing keys, the credential, the token endpoint, and
//! with a token of somebody's the validator and the exchange. It changes nothing and shows no secret: no token,
//! assertion or key, and nothing that a token says but this server's verdict on it. What could not be looked at is
//! never shown as sound.

mod commands;
mod deployment;
mod exchange;
mod finding;
mod report;
mod request;
mod token;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use commands::Commands;
use finding::{Check, Finding};
use identity::{
    BearerToken, Caller, Clock, Exchange, Random, SystemClock, SystemRandom, Validator,
    caller::{SigningKeys, TokenOutline},
};
use report::Report;
use request::{Request, UsageError};
use tokio::time::Instant;

use crate::{connections, server, settings::Settings};

/// For all checks together. Each has shorter deadlines of its own, which leave their own words.
const DEADLINE: Duration = Duration::from_mins(1);

/// Runs the command with the `arguments` after its name, and prints the report.
///
/// Exits with 0 when nothing is wrong, 1 when something is, 2 when the arguments are. `lookup` reads the settings.
pub fn run(arguments: &[&str], lookup: &dyn Fn(&str) -> Option<String>) -> ExitCode {
    let request = match Request::parse(arguments, &mut io::stdin().lock()) {
        Ok(request) => request,
        Err(UsageError::Help) => {
            say(&mut io::stdout(), request::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            say(&mut io::stderr(), &format!("handler doctor: {error}\n\n{}", request::USAGE));
            return ExitCode::from(2);
        }
    };
    let Request { form, token } = request;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&mut io::stderr(), &format!("the asynchronous runtime could not be started: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let report = runtime.block_on(examine(lookup, token));
    // a name that is still being resolved must not keep the report back
    runtime.shutdown_background();
    say(&mut io::stdout(), &report.render(form));
    if report.is_healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Nobody reads any more when this fails: the exit code still tells.
fn say(stream: &mut impl Write, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

async fn examine(lookup: &dyn Fn(&str) -> Option<String>, token: Option<BearerToken>) -> Report {
    let mut report = Report::default();
    let settings = match Settings::read(lookup) {
        Ok(settings) => settings,
        Err(problems) => {
            report.extend(problems.iter().map(deployment::problem));
            report.push(deployment::roots(connections::root_certificates()));
            report.skip_the_rest("the settings must be right first");
            return report;
        }
    };
    report.push(Finding::ok(Check::Settings, "complete and valid"));
    report.push(deployment::public_url(&settings));
    report.push(deployment::roots(connections::root_certificates()));
    match connections::client() {
        Ok(http) => Examination::new(settings, http).run(&mut report, token).await,
        Err(error) => {
            report.push(Finding::failed(Check::TlsRoots, error.to_string()));
            report.skip_the_rest("there is no HTTP client");
        }
    }
    report
}

/// What the checks that ask somebody share.
struct Examination {
    settings: Settings,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    keys: Arc<SigningKeys>,
    deadline: Instant,
}

impl Examination {
    fn new(settings: Settings, http: reqwest::Client) -> Self {
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let keys = SigningKeys::new(&settings.authority, http.clone(), clock.clone(), random.clone());
        Self { settings, http, clock, random, keys, deadline: Instant::now() + DEADLINE }
    }

    async fn run(&self, report: &mut Report, token: Option<BearerToken>) {
        let commands = Commands::new(&self.settings);
        let (keys, credential) = tokio::join!(
            self.in_time(self.keys.fetch_now()),
            self.in_time(server::credential(&self.settings, &self.http, &self.clock, &self.random)),
        );
        report.push(deployment::authority(&commands, keys.as_ref()));
        report.push(deployment::credential(credential.as_ref(), self.clock.now()));
        let is_reachable =
            keys.as_ref().is_some_and(|keys| !keys.as_ref().is_err_and(|failure| failure.is_unreachable));
        let has_keys = matches!(keys, Some(Ok(_)));
        let exchange = credential.and_then(Result::ok).map(|credential| {
            let (http, clock, random) = (self.http.clone(), self.clock.clone(), self.random.clone());
            Exchange::new(self.settings.exchange(), credential, http, clock, random)
        });

        let is_registered = match &exchange {
            None => report.skip(Check::Registration, "there is no credential"),
            Some(_) if !is_reachable => report.skip(Check::Registration, "the authority can't be reached"),
            Some(exchange) => {
                let answer = self.in_time(exchange.probe_credential(self.random.uuid())).await;
                report.push(exchange::registration(&commands, answer.as_ref()))
            }
        };
        let Some(token) = token else {
            report.skip_the_rest("no token was given; see handler doctor --help");
            return;
        };
        let caller = self.token(report, &commands, token, has_keys).await;
        match (caller, &exchange) {
            (Some(caller), Some(exchange)) if is_registered => {
                let answer = self.on_behalf_of(exchange, &caller).await;
                report.push(exchange::on_behalf_of(&commands, &caller, answer.as_ref()));
            }
            (Some(_), _) => report.skip_the_rest("Entra must accept this server's credential first"),
            (None, _) => report.skip_the_rest("the token must be acceptable first"),
        }
    }

    /// Explains the token, then judges it as a request's would be.
    async fn token(
        &self,
        report: &mut Report,
        commands: &Commands<'_>,
        token: BearerToken,
        has_keys: bool,
    ) -> Option<Caller> {
        let expected = self.settings.validator();
        let outline = TokenOutline::of(&token, &expected, &self.settings.application, self.clock.now());
        report.extend(token::explained(commands, outline.as_ref()));
        if !has_keys {
            report.skip(Check::TokenAccepted, "there are no signing keys to verify it with");
            return None;
        }
        let validator = Validator::new(expected, self.keys.clone(), self.clock.clone());
        let judged = self.in_time(validator.validate(token)).await;
        report.push(token::accepted(judged.as_ref()));
        judged?.ok()
    }

    /// The exchange that a call would make; its token is dropped.
    async fn on_behalf_of(&self, exchange: &Exchange, caller: &Caller) -> Option<exchange::Outcome> {
        let Some(grant) = identity::Scope::ALL.into_iter().find_map(|scope| caller.as_user(scope).ok()) else {
            return Some(exchange::Outcome::NotForThisCaller);
        };
        let answer = self.in_time(exchange.token(&grant, self.random.uuid())).await?;
        Some(exchange::Outcome::Asked(answer.map(drop)))
    }

    /// Nothing when the time for all checks is up.
    async fn in_time<T>(&self, check: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.deadline, check).await.ok()
    }
}
