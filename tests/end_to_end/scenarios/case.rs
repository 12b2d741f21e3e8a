//! A scenario as it lies in its folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use lab::{fault::Fault, resource_manager::SHOP_PROD};
use serde::Deserialize;
use serde_json::{Value, json};

/// A folder.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) scenario: Scenario,
}

/// `scenario.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    /// What happens, in a sentence.
    pub(super) title: String,
    /// The same for all scenarios with this outcome, for the README; one of them has it.
    pub(super) readme: Option<String>,
    /// What the token endpoint answers, in this order; the proper answer once they are used up.
    #[serde(default)]
    pub(super) entra: Vec<Answer>,
    /// What Resource Manager answers, likewise.
    #[serde(default)]
    pub(super) azure: Vec<Answer>,
    /// Who calls what.
    #[serde(default)]
    pub(super) call: Call,
    /// It pauses exchanges or queries of the whole instance, so it has one of its own.
    #[serde(default)]
    pub(super) alone: bool,
}

/// One call, of `cost_by_service` as Alice unless said otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Call {
    #[serde(rename = "as")]
    pub(super) who: Who,
    pub(super) tool: String,
    pub(super) arguments: Value,
}

/// With whose token.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Who {
    Alice,
    /// Alice, who signed in with a second factor.
    AliceWithSecondFactor,
    Bob,
    /// A service, as itself.
    Service,
    /// No token at all.
    Nobody,
    /// Alice, an hour after her token expired.
    Expired,
    /// Alice, from a registration that still issues version 1.0.
    VersionOne,
}

/// One answer.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Word(Word),
    Http(HttpAnswer),
}

/// An answer that need not be written out.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// What the service answers by itself.
    Proper,
    /// None: the connection is reset.
    Reset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpAnswer {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Text as it is, or JSON.
    body: Option<Value>,
    /// A file of the folder instead.
    file: Option<String>,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

impl Default for Call {
    fn default() -> Self {
        Self { who: Who::Alice, tool: "cost_by_service".to_owned(), arguments: json!({ "subscriptionId": SHOP_PROD }) }
    }
}

impl Answer {
    /// How often it is given.
    pub(super) fn times(&self) -> usize {
        match self {
            Self::Word(_) => 1,
            Self::Http(answer) => answer.times,
        }
    }

    /// How often, and what.
    pub(super) fn fault(&self, folder: &Path) -> (usize, Fault) {
        let fault = match self {
            Self::Word(Word::Proper) => Fault::Slow(Duration::ZERO),
            Self::Word(Word::Reset) => Fault::ConnectionReset,
            Self::Http(answer) => Fault::Answer(answer.response(folder)),
        };
        (self.times(), fault)
    }
}

impl HttpAnswer {
    fn response(&self, folder: &Path) -> http::Response<Bytes> {
        let body = match (&self.body, &self.file) {
            (None, None) => Vec::new(),
            (Some(Value::String(text)), None) => text.clone().into_bytes(),
            (Some(json), None) => json.to_string().into_bytes(),
            (None, Some(file)) => std::fs::read(folder.join(file)).unwrap(),
            (Some(_), Some(file)) => panic!("{}: a body or {file}, not both", folder.display()),
        };
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        response.body(body.into()).unwrap()
    }
}

/// All folders, by name.
pub(super) fn all() -> Vec<Case> {
    let root = super::repository().join("tests").join("scenarios");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.into_iter().map(read).collect()
}

fn read(folder: PathBuf) -> Case {
    let text = std::fs::read(folder.join("scenario.json"))
        .unwrap_or_else(|error| panic!("{}: no scenario.json: {error}", folder.display()));
    let scenario = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    Case { name, folder, scenario }
}
