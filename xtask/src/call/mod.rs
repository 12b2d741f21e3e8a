//! `cargo xtask call`: asks a server as a person would, and says what to do when it refuses.
//!
//! A test client, deliberately without an MCP library: what it explains are statuses, headers and bodies as they are on
//! the wire. The token is never printed, and never sent in the clear over a network.

mod arguments;
mod challenge;
mod device_code;
mod explanation;
mod request;
#[cfg(test)]
mod tests;
mod token;

use std::{io::Write, path::PathBuf};

use serde_json::{Value, json};

pub use arguments::{Arguments, Command, Format, HELP, Question, UsageError};
pub use device_code::{Registration, SignInError};
use token::Lab;
pub use token::{Credential, NoToken, Token};

/// How a call ended. The number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// The tool answered.
    Answered = 0,
    /// There was no token or no answer that can be read.
    Failed = 1,
    /// The server refused: another sign-in, a consent or an administrator is needed.
    Refused = 3,
    /// The tool ran and could not answer, for example because Azure said no.
    ToolFailed = 4,
    /// The server is there and can't serve now.
    TryLater = 5,
}

/// What to print.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// For stdout: the tool's text, or the body.
    pub answer: String,
    /// For stderr: what was refused, and what to do. Empty when there is nothing to do.
    pub advice: String,
}

/// Why there was no answer to report. Whoever called must act.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No token was given, or none was found where it was said to be.
    #[error(transparent)]
    NoToken(#[from] NoToken),
    /// Entra gave no token.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// Neither `--url` nor a lab says where the server is.
    #[error("say where the server is: --url https://costs.contoso.example/mcp")]
    NoUrl,
    /// Over a network that anybody may read.
    #[error("the token would travel in the clear to {0}: use https (http is for this machine only)")]
    InTheClear(String),
    /// The server could not be reached, or hung up.
    #[error("no answer: {}", request::causes(.0))]
    Unreachable(#[source] reqwest::Error),
}

/// What a call finds around it.
pub struct Surroundings {
    /// The variable `TOKEN`.
    pub token: Option<String>,
    /// What `cargo lab` writes.
    pub lab: PathBuf,
}

/// Makes one call. `prompt` is where a person is told to sign in.
pub async fn run(
    arguments: Arguments,
    surroundings: &Surroundings,
    prompt: &mut (dyn Write + Send),
) -> Result<Report, CallError> {
    let lab = match &arguments.credential {
        Credential::Lab(_) => Some(Lab::read(&surroundings.lab)?),
        _ => None,
    };
    let url = match (arguments.url, &lab) {
        (Some(url), _) => url,
        (None, Some(lab)) => lab.url()?,
        (None, None) => return Err(CallError::NoUrl),
    };
    let http = request::client(&url)?;
    let question = match arguments.question {
        Question::Tool { name, arguments: None } => {
            let arguments = lab.as_ref().filter(|_| name == arguments::TOOL).map(Lab::subscription);
            Question::Tool { name, arguments: Some(arguments.transpose()?.unwrap_or_else(|| json!({}))) }
        }
        question => question,
    };
    let token = match arguments.credential {
        Credential::Given(token) => token,
        Credential::Environment => Token::of_environment(surroundings.token.as_deref())?,
        Credential::Lab(person) => lab.ok_or(NoToken::Nowhere)?.token(&person)?,
        Credential::DeviceCode(registration) => device_code::sign_in(&registration, prompt).await?,
    };
    let answer = request::ask(&http, &url, &token, &question).await.map_err(CallError::Unreachable)?;
    let report = match arguments.format {
        Format::Text => explanation::report(&answer),
        Format::Json => Report { answer: format!("{:#}\n", answer.body), ..explanation::report(&answer) },
    };
    let safe = |text: &str| printable(&text.replace(token.secret(), "[token]"));
    Ok(Report { answer: safe(&report.answer), advice: safe(&report.advice), ..report })
}

/// Without what a terminal would obey: names and messages are written by others.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}
