//! Where a token is from.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use super::device_code::Registration;

/// An access token. No `Debug`: it is never printed.
#[derive(PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

/// Where the token is from.
#[derive(PartialEq, Eq)]
pub enum Credential {
    /// The variable `TOKEN`.
    Environment,
    /// The command line.
    Given(Token),
    /// The lab's, for one of its people: `alice`, `bob`, `alice-export` or `bob-export`.
    Lab(String),
    /// Entra's, for who signs in.
    DeviceCode(Registration),
}

/// There is no token where one was looked for.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// Nothing says who calls.
    #[error("no token: set TOKEN, or use --lab or --tenant; see cargo xtask call --help")]
    Nowhere,
    /// No lab has run here.
    #[error("{}: {source}. Start the lab in another terminal (cargo lab) and leave it running", path.display())]
    NoLab {
        /// Where the lab's tokens would be.
        path: PathBuf,
        /// Why they could not be read.
        source: io::Error,
    },
    /// An older lab, or somebody the lab does not know.
    #[error("the lab wrote no {0}: its people are alice, bob, alice-export and bob-export")]
    NotOfTheLab(String),
}

impl Token {
    /// Not judged here.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(Zeroizing::new(token))
    }

    pub(super) fn of_environment(variable: Option<&str>) -> Result<Self, NoToken> {
        let token = variable.map(str::trim).filter(|token| !token.is_empty());
        token.map(|token| Self::new(token.to_owned())).ok_or(NoToken::Nowhere)
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

/// What `cargo lab` wrote: lines such as `export NAME='value'`.
pub(super) struct Lab(BTreeMap<String, Zeroizing<String>>);

impl Lab {
    pub(super) fn read(path: &Path) -> Result<Self, NoToken> {
        let lines = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|source| NoToken::NoLab { path: path.into(), source })?;
        let variable = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once("='")?;
            Some((name.to_owned(), Zeroizing::new(value.strip_suffix('\'')?.to_owned())))
        };
        Ok(Self(lines.lines().filter_map(variable).collect()))
    }

    pub(super) fn token(&self, person: &str) -> Result<Token, NoToken> {
        let name = format!("{}_TOKEN", person.to_ascii_uppercase().replace('-', "_"));
        self.get(&name).map(|token| Token::new(token.to_owned()))
    }

    pub(super) fn url(&self) -> Result<Url, NoToken> {
        let name = "MCP_SERVER_URL";
        self.get(name)?.parse().map_err(|_| NoToken::NotOfTheLab(name.to_owned()))
    }

    /// The arguments that name the subscription Alice may read.
    pub(super) fn subscription(&self) -> Result<Value, NoToken> {
        Ok(json!({ "subscriptionId": self.get("AZURE_SUB")? }))
    }

    fn get(&self, name: &str) -> Result<&str, NoToken> {
        self.0.get(name).map(|value| value.as_str()).ok_or_else(|| NoToken::NotOfTheLab(name.to_owned()))
    }
}
