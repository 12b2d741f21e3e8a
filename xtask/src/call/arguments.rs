//! The command line of `cargo xtask call`.

use std::ffi::OsString;

use serde_json::Value;
use url::Url;

use super::{
    device_code::Registration,
    token::{Credential, Token},
};

/// The tool that is asked unless another is named.
pub(super) const TOOL: &str = "cost_by_service";

/// What `cargo xtask call --help` prints.
pub const HELP: &str = "\
Asks a server, prints what it answers, and says what to do when it refuses. The token is never printed.

Usage: cargo xtask call --url <endpoint> [--tool <name>] [--arguments <JSON object>] [<token>] [--json]
       cargo xtask call --url <endpoint> --list [<token>] [--json]
       cargo xtask call --lab alice|bob [...]

  --url <endpoint>       for example https://costs.contoso.example/mcp; with --lab, the lab's own is the default
  --tool <name>          the default is cost_by_service
  --arguments <JSON>     an object; the default is {}, and with --lab the subscription that Alice may read
  --list                 lists the tools instead of calling one
  --json                 prints the whole body instead of its text

Where the token is from, one of:

  TOKEN                  the environment variable, if nothing else is said
  --token <token>        everybody on this machine can read a command line: prefer the variable
  --lab alice|bob        what `cargo lab`, still running, wrote to target/lab/tokens.sh; alice-export and bob-export
                         have the scope cost.export too
  --tenant <tenant> --client <client id> --scope <scope>
                         signs a person in by device code (RFC 8628): open the page that is shown, on any device, and
                         enter the code. The client is the client id of a registration that allows public client flows;
                         the scope is <APP_ID_URI>/cost.read or <APP_ID_URI>/cost.export
  --authority <address>  with --tenant; the default is https://login.microsoftonline.com

Exit codes: 0 the tool answered, 1 no answer or no token, 2 the command line was not understood, 3 refused (sign in,
consent or an administrator is needed; it says which), 4 the tool could not answer (Azure said no, a bad argument), 5 try
again later.
";

/// What was asked for.
#[derive(PartialEq, Eq)]
pub enum Command {
    /// The help.
    Help,
    /// A call.
    Call(Box<Arguments>),
}

/// One call.
#[derive(PartialEq, Eq)]
pub struct Arguments {
    /// Where the server is; `None` for the lab's.
    pub url: Option<Url>,
    /// What to ask.
    pub question: Question,
    /// Where the token is from.
    pub credential: Credential,
    /// What to print.
    pub format: Format,
}

/// What to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which tools there are.
    List,
    /// `tools/call`.
    Tool {
        /// The tool.
        name: String,
        /// An object; `None` for what suits the server.
        arguments: Option<Value>,
    },
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What a person reads.
    Text,
    /// The body.
    Json,
}

/// The command line was not understood: whoever typed it must act.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UsageError {
    /// A misspelt option, or a value without one. Its text is not repeated: it may be a token.
    #[error("argument {0} of `call` is no option of it; see cargo xtask call --help")]
    UnknownOption(usize),
    /// An option at the end, or before something that is not text.
    #[error("{0} needs a value")]
    NoValue(&'static str),
    /// Not an address.
    #[error("{0} is not an http or https address")]
    NotAnAddress(&'static str),
    /// `--arguments` is no JSON object.
    #[error("--arguments is not a JSON object, such as '{{\"subscriptionId\":\"...\"}}'")]
    NotAnObject,
    /// Nobody could say which token is meant.
    #[error("use one of --token, --lab and --tenant")]
    TwoTokens,
    /// Device code needs all three.
    #[error("--tenant, --client and --scope go together")]
    HalfARegistration,
    /// Both a tool and the list.
    #[error("--list asks for no tool")]
    ListOfATool,
}

#[derive(Default)]
struct Options {
    url: Option<String>,
    tool: Option<String>,
    arguments: Option<String>,
    token: Option<String>,
    lab: Option<String>,
    tenant: Option<String>,
    client: Option<String>,
    scope: Option<String>,
    authority: Option<String>,
    list: bool,
    json: bool,
}

impl Command {
    /// Reads what follows `call`.
    pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut arguments = arguments.enumerate();
        let mut options = Options::default();
        while let Some((index, argument)) = arguments.next() {
            let mut value = |option| {
                let value = arguments.next().and_then(|(_, value)| value.into_string().ok());
                value.filter(|value| !value.is_empty()).map(Some).ok_or(UsageError::NoValue(option))
            };
            match argument.to_str() {
                Some("--help" | "-h") => return Ok(Self::Help),
                Some("--url") => options.url = value("--url")?,
                Some("--tool") => options.tool = value("--tool")?,
                Some("--arguments") => options.arguments = value("--arguments")?,
                Some("--token") => options.token = value("--token")?,
                Some("--lab") => options.lab = value("--lab")?,
                Some("--tenant") => options.tenant = value("--tenant")?,
                Some("--client") => options.client = value("--client")?,
                Some("--scope") => options.scope = value("--scope")?,
                Some("--authority") => options.authority = value("--authority")?,
                Some("--list") => options.list = true,
                Some("--json") => options.json = true,
                _ => return Err(UsageError::UnknownOption(index + 1)),
            }
        }
        Ok(Self::Call(Box::new(options.read()?)))
    }
}

impl Options {
    fn read(self) -> Result<Arguments, UsageError> {
        let url = self.url.map(|url| address("--url", &url)).transpose()?;
        let format = if self.json { Format::Json } else { Format::Text };
        let question = match (self.list, self.tool, self.arguments) {
            (true, None, None) => Question::List,
            (true, ..) => return Err(UsageError::ListOfATool),
            (false, name, arguments) => Question::Tool {
                name: name.unwrap_or_else(|| TOOL.to_owned()),
                arguments: arguments.as_deref().map(object).transpose()?,
            },
        };
        let registration = match (self.tenant, self.client, self.scope, self.authority) {
            (Some(tenant), Some(client), Some(scope), authority) => {
                let authority = authority.as_deref().unwrap_or("https://login.microsoftonline.com");
                let authority = address("--authority", authority)?;
                Some(Registration { authority, tenant, client, scope })
            }
            (None, None, None, None) => None,
            _ => return Err(UsageError::HalfARegistration),
        };
        let credential = match (self.token, self.lab, registration) {
            (Some(token), None, None) => Credential::Given(Token::new(token)),
            (None, Some(person), None) => Credential::Lab(person),
            (None, None, Some(registration)) => Credential::DeviceCode(registration),
            (None, None, None) => Credential::Environment,
            _ => return Err(UsageError::TwoTokens),
        };
        Ok(Arguments { url, question, credential, format })
    }
}

fn address(option: &'static str, text: &str) -> Result<Url, UsageError> {
    let url = text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or(UsageError::NotAnAddress(option))
}

fn object(text: &str) -> Result<Value, UsageError> {
    serde_json::from_str(text).ok().filter(Value::is_object).ok_or(UsageError::NotAnObject)
}
