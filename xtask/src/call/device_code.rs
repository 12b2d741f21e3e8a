//! The device authorization grant (RFC 8628), as Entra speaks it: a person signs in on any device, with their own second
//! factor, while this waits.
//!
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-device-code>

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep};
use url::Url;

use super::{
    printable,
    request::{causes, client},
    token::Token,
};

/// RFC 8628 section 3.2: the wait between two questions, if the answer names none.
const INTERVAL: u64 = 5;
/// RFC 8628 section 3.5: how much longer to wait after `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);

/// Who signs in at which registration, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// For example `https://login.microsoftonline.com`.
    pub authority: Url,
    /// GUID or domain.
    pub tenant: String,
    /// A registration that allows public client flows.
    pub client: String,
    /// Full names, separated by spaces.
    pub scope: String,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// `authorization_declined`: the person, or a policy, said no.
    #[error("the sign-in was declined")]
    Declined,
    /// The person did not come in time.
    #[error("nobody entered the code in time: start again")]
    Expired,
    /// Something else that Entra says; most often the registration is not a public client, or unknown.
    #[error("Entra refused ({error}): {description}")]
    Refused {
        /// The OAuth error code.
        error: String,
        /// Entra's own words, printable.
        description: String,
    },
    /// The authority could not be asked.
    #[error("Entra gave no answer: {}", causes(.0))]
    Unreachable(#[source] reqwest::Error),
    /// The authority's address would show the token to a network.
    #[error("the authority must be asked over https (http is for this machine only)")]
    InTheClear,
    /// What answers is not Entra.
    #[error("what answers at the authority is not Entra: {0}")]
    NotEntra(#[source] serde_json::Error),
    /// The person can't be told where to sign in.
    #[error("the code could not be shown: {0}")]
    Prompt(#[from] io::Error),
}

/// RFC 8628 section 3.2.
#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

/// RFC 6749 section 5: a token or an error.
#[derive(Deserialize)]
#[serde(untagged)]
enum Granted {
    Token { access_token: String },
    Error { error: String, error_description: Option<String> },
}

/// Shows a code at `prompt`, and waits until somebody has signed in with it.
pub(super) async fn sign_in(
    registration: &Registration,
    prompt: &mut (dyn Write + Send),
) -> Result<Token, SignInError> {
    let Registration { authority, tenant, client: id, scope } = registration;
    let http = client(authority).map_err(|_| SignInError::InTheClear)?;
    let endpoint = |name| {
        let mut url = authority.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([tenant.as_str(), "oauth2", "v2.0", name]);
        }
        url
    };
    let (device, token) = (endpoint("devicecode"), endpoint("token"));
    let body = ask(&http, &device, &[("client_id", id), ("scope", scope)]).await?;
    let started: Started = match read(&body) {
        Ok(started) => started,
        Err(_) => return Err(refusal(read(&body)?)),
    };
    let (page, code) = (printable(&started.verification_uri), printable(&started.user_code));
    writeln!(prompt, "Sign in: open {page} on any device and enter {code}")?;
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", id),
        ("device_code", &started.device_code),
    ];
    redeem(&started, async || read(&ask(&http, &token, &form).await?)).await
}

/// Asks until there is a token, as often as it is allowed to and as long as the code lives.
async fn redeem(
    started: &Started,
    mut ask: impl AsyncFnMut() -> Result<Granted, SignInError>,
) -> Result<Token, SignInError> {
    let mut interval = Duration::from_secs(started.interval.unwrap_or(INTERVAL));
    let end = Instant::now() + Duration::from_secs(started.expires_in);
    loop {
        sleep(interval).await;
        if Instant::now() >= end {
            return Err(SignInError::Expired);
        }
        match ask().await? {
            Granted::Token { access_token } => return Ok(Token::new(access_token)),
            Granted::Error { error, .. } if error == "authorization_pending" => {}
            Granted::Error { error, .. } if error == "slow_down" => interval += SLOWER,
            refused @ Granted::Error { .. } => return Err(refusal(refused)),
        }
    }
}

fn refusal(answer: Granted) -> SignInError {
    match answer {
        Granted::Error { error, .. } if matches!(&*error, "authorization_declined" | "access_denied") => {
            SignInError::Declined
        }
        Granted::Error { error, .. } if error == "expired_token" => SignInError::Expired,
        Granted::Error { error, error_description } => SignInError::Refused {
            error: printable(&error),
            description: printable(&error_description.unwrap_or_default()),
        },
        Granted::Token { .. } => {
            SignInError::Refused { error: "a token".to_owned(), description: "where a code was asked for".to_owned() }
        }
    }
}

async fn ask(http: &reqwest::Client, url: &Url, form: &[(&str, &str)]) -> Result<Vec<u8>, SignInError> {
    let answer = async { http.post(url.clone()).form(form).send().await?.bytes().await };
    answer.await.map(Vec::from).map_err(SignInError::Unreachable)
}

/// Entra's errors are JSON too, whatever the status.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SignInError> {
    serde_json::from_slice(body).map_err(SignInError::NotEntra)
}

#[cfg(test)]
mod tests;
