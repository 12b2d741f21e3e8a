//! What the command was asked for.

use std::io::Read;

use identity::BearerToken;
use zeroize::Zeroizing;

/// How to call it.
pub(super) const USAGE: &str = "\
Usage: handler doctor [--json] [--token-stdin | --token TOKEN]

Checks this deployment with the settings in the environment, in place or from a laptop. --token-stdin reads a caller's
access token from standard input and tells whether it would be accepted and exchanged; with --token it can be seen by
every process of this machine. Exits with 0 when nothing is wrong, 1 when something is, 2 when the arguments are.
";

/// No access token is longer, nor is anything longer looked at.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// The arguments, understood.
pub(super) struct Request {
    pub(super) form: Form,
    pub(super) token: Option<BearerToken>,
}

/// Why the arguments are not understood. Repeats nothing of them: one may be a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UsageError {
    /// `--help` was asked for: no mistake, but no request either.
    #[error("help was asked for")]
    Help,
    /// Not an option of this command.
    #[error("there is no such option")]
    Unknown,
    /// An option came twice, or both ways to give a token.
    #[error("give each option once, and one token at most")]
    Twice,
    /// `--token` is the last argument.
    #[error("--token needs a token")]
    NoToken,
    /// Standard input is empty, too long, or not text.
    #[error("standard input holds no token")]
    EmptyInput,
}

impl Request {
    /// `input` is read only when the arguments say so.
    pub(super) fn parse(arguments: &[&str], input: &mut impl Read) -> Result<Self, UsageError> {
        let (mut form, mut token) = (Form::Text, None);
        let mut arguments = arguments.iter().copied();
        while let Some(argument) = arguments.next() {
            match argument {
                "--json" if form == Form::Json => return Err(UsageError::Twice),
                "--json" => form = Form::Json,
                "--token" | "--token-stdin" if token.is_some() => return Err(UsageError::Twice),
                "--token" => token = Some(bearer(arguments.next().ok_or(UsageError::NoToken)?)),
                "--token-stdin" => token = Some(from(input)?),
                "--help" | "-h" => return Err(UsageError::Help),
                _ => return Err(UsageError::Unknown),
            }
        }
        Ok(Self { form, token })
    }
}

fn from(input: &mut impl Read) -> Result<BearerToken, UsageError> {
    let mut text = Zeroizing::new(String::new());
    input.take(LONGEST_TOKEN).read_to_string(&mut text).map_err(|_| UsageError::EmptyInput)?;
    if text.trim().is_empty() { Err(UsageError::EmptyInput) } else { Ok(bearer(&text)) }
}

/// As it is copied from a header, or alone.
fn bearer(text: &str) -> BearerToken {
    let text = text.trim();
    BearerToken::new(text.strip_prefix("Bearer ").unwrap_or(text).trim_start().to_owned())
}

#[cfg(test)]
mod tests {
    //! Proves what is understood, and that a wrong argument is not repeated.

    use super::*;

    fn parse(arguments: &[&str], input: &str) -> Result<(Form, bool), UsageError> {
        Request::parse(arguments, &mut input.as_bytes()).map(|request| (request.form, request.token.is_some()))
    }

    #[test]
    fn options_come_in_any_order_and_once() {
        assert_eq!(parse(&[], "x"), Ok((Form::Text, false)));
        assert_eq!(parse(&["--json"], ""), Ok((Form::Json, false)));
        assert_eq!(parse(&["--token-stdin", "--json"], "Bearer a.b.c\n"), Ok((Form::Json, true)));
        assert_eq!(parse(&["--token", "a.b.c"], ""), Ok((Form::Text, true)));
        for (arguments, error) in [
            (["--json", "--json"].as_slice(), UsageError::Twice),
            (&["--token", "a", "--token-stdin"], UsageError::Twice),
            (&["--token-stdin", "--token", "a"], UsageError::Twice),
            (&["--token"], UsageError::NoToken),
            (&["a.b.c"], UsageError::Unknown),
            (&["--help"], UsageError::Help),
        ] {
            assert_eq!(parse(arguments, "x"), Err(error), "{arguments:?}");
        }
        assert_eq!(parse(&["--token-stdin"], " \n"), Err(UsageError::EmptyInput));
    }

    #[test]
    fn no_usage_error_repeats_an_argument() {
        for arguments in [["eyJhbGciOi.b.c", "x"], ["--token=eyJhbGciOi.b.c", "x"]] {
            let Err(error) = parse(&arguments, "") else { panic!("{arguments:?}") };
            assert!(!error.to_string().contains("eyJ"), "{error}");
        }
    }
}
