//! `host.json`: what of it matters here, and a refusal for what would behave differently.
//! <https://learn.microsoft.com/azure/azure-functions/functions-host-json>

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::HostError;

/// `customHandler.initializationTimeout`, unless it is set.
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, PartialEq)]
pub(super) struct Configuration {
    pub(super) executable: PathBuf,
    pub(super) working_directory: PathBuf,
    pub(super) route_prefix: String,
    /// `None` for any free port.
    pub(super) handler_port: Option<u16>,
    pub(super) initialization_timeout: Duration,
}

impl Configuration {
    pub(super) fn read(script_root: &Path) -> Result<Self, HostError> {
        let path = script_root.join("host.json");
        let document = std::fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
            .map_err(|problem| HostError::HostJson { path: path.clone(), problem })?;
        HostJson { path, document }.interpret(script_root)
    }
}

struct HostJson {
    path: PathBuf,
    document: Value,
}

impl HostJson {
    fn interpret(&self, script_root: &Path) -> Result<Configuration, HostError> {
        if self.text(&["version"])? != Some("2.0") {
            return Err(self.problem("`version` must be \"2.0\""));
        }
        self.refuse_what_is_not_modelled()?;
        // against the script root, not against the working directory
        let executable = match self.text(&["customHandler", "description", "defaultExecutablePath"])? {
            None | Some("") => return Err(self.problem("`customHandler.description.defaultExecutablePath` is empty")),
            Some(path) => find_executable(&script_root.join(path))?,
        };
        let working_directory = self.text(&["customHandler", "description", "workingDirectory"])?.unwrap_or_default();
        Ok(Configuration {
            executable,
            working_directory: script_root.join(working_directory),
            route_prefix: self.text(&["extensions", "http", "routePrefix"])?.unwrap_or("api").to_owned(),
            handler_port: self.handler_port()?,
            initialization_timeout: self.initialization_timeout()?,
        })
    }

    /// The same `host.json` must mean the same here and in Azure, or not start here.
    fn refuse_what_is_not_modelled(&self) -> Result<(), HostError> {
        const CUSTOM_HANDLER: &str = "customHandler";
        let proxying = self.get(&[CUSTOM_HANDLER, "enableProxyingHttpRequest"]);
        if proxying != Some(&Value::Bool(true)) {
            return Err(HostError::Unsupported(
                "without `customHandler.enableProxyingHttpRequest`: true, host.json asks for forwarding or for requests \
                 wrapped in JSON"
                    .to_owned(),
            ));
        }
        let not_modelled: [&[&str]; 6] = [
            &["configurationProfile"],
            &["httpWorker"],
            &[CUSTOM_HANDLER, "http"],
            &[CUSTOM_HANDLER, "description", "arguments"],
            &[CUSTOM_HANDLER, "description", "workerDirectory"],
            &[CUSTOM_HANDLER, "description", "useStdErrorStreamForErrorsOnly"],
        ];
        match not_modelled.into_iter().find(|names| self.get(names).is_some()) {
            Some(names) => Err(HostError::Unsupported(format!("host.json sets `{}`", names.join(".")))),
            None => Ok(()),
        }
    }

    fn handler_port(&self) -> Result<Option<u16>, HostError> {
        let port = match self.get(&["customHandler", "port"]) {
            None => return Ok(None),
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        };
        match port {
            None | Some(0) => Err(self.problem("`customHandler.port` must be a port")),
            port => Ok(port),
        }
    }

    fn initialization_timeout(&self) -> Result<Duration, HostError> {
        match self.text(&["customHandler", "initializationTimeout"])? {
            None => Ok(INITIALIZATION_TIMEOUT),
            Some(text) => duration(text)
                .ok_or_else(|| self.problem("`customHandler.initializationTimeout` must be like \"00:00:30\"")),
        }
    }

    fn text(&self, names: &[&str]) -> Result<Option<&str>, HostError> {
        match self.get(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.problem(&format!("`{}` must be text", names.join(".")))),
        }
    }

    /// Names are compared without regard to case, as .NET's configuration does.
    fn get(&self, names: &[&str]) -> Option<&Value> {
        names.iter().try_fold(&self.document, |value, name| {
            let members = value.as_object()?;
            members.iter().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
    }

    fn problem(&self, problem: &str) -> HostError {
        HostError::HostJson { path: self.path.clone(), problem: problem.to_owned() }
    }
}

/// With the suffix that Windows wants, if the file is only there with it.
fn find_executable(path: &Path) -> Result<PathBuf, HostError> {
    let mut with_suffix = path.as_os_str().to_owned();
    with_suffix.push(std::env::consts::EXE_SUFFIX);
    let found = [path.to_owned(), with_suffix.into()].into_iter().find(|candidate| candidate.is_file());
    found.ok_or_else(|| HostError::MissingExecutable(path.to_owned()))
}

/// .NET's `TimeSpan` without days: `hh:mm:ss`, with a fraction if need be.
fn duration(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if parts.next().is_some() || ![hours, minutes, seconds].into_iter().all(digits) {
        return None;
    }
    let minutes = hours.parse::<u64>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
    let seconds = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
    Duration::from_secs(minutes.checked_mul(60)?).checked_add(seconds).filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    //! Proves what a `host.json` means and which are refused. Only the real host shows that it reads them the same way.
    use super::*;

    const PROXYING: &str = r#""enableProxyingHttpRequest":true"#;

    fn read(host_json: &str) -> Result<Configuration, HostError> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("bin")).unwrap();
        std::fs::write(root.path().join("bin/handler"), "").unwrap();
        std::fs::write(root.path().join("host.json"), host_json).unwrap();
        let configuration = Configuration::read(root.path())?;
        assert_eq!(configuration.executable, root.path().join("bin/handler"));
        Ok(Configuration {
            working_directory: configuration.working_directory.strip_prefix(root.path()).unwrap().to_owned(),
            ..configuration
        })
    }

    fn custom_handler(members: &str) -> Result<Configuration, HostError> {
        read(&format!(
            r#"{{"version":"2.0","customHandler":{{"description":{{"defaultExecutablePath":"bin/handler"}},{members}}}}}"#
        ))
    }

    #[test]
    fn what_is_left_out_has_the_real_hosts_defaults() {
        let configuration = custom_handler(PROXYING).unwrap();
        assert_eq!(configuration.working_directory, PathBuf::new());
        assert_eq!(configuration.route_prefix, "api");
        assert_eq!(configuration.handler_port, None);
        assert_eq!(configuration.initialization_timeout, Duration::from_secs(30));
    }

    #[test]
    fn names_are_read_in_any_case_and_the_executable_is_not_looked_for_in_the_working_directory() {
        let configuration = read(
            r#"{"Version":"2.0","CUSTOMHANDLER":{"Description":{"DefaultExecutablePath":"bin/handler",
                "workingDirectory":"elsewhere"},"EnableProxyingHttpRequest":true,"port":"4711",
                "initializationTimeout":"00:01:00.5"},"Extensions":{"Http":{"RoutePrefix":""}}}"#,
        );
        let configuration = configuration.unwrap();
        assert_eq!(configuration.working_directory, PathBuf::from("elsewhere"));
        assert_eq!(configuration.handler_port, Some(4711));
        assert_eq!(configuration.initialization_timeout, Duration::from_millis(60_500));
        assert_eq!(configuration.route_prefix, "");
    }

    #[test]
    fn a_host_json_that_is_wrong_or_means_something_else_in_azure_is_refused() {
        let cases = [
            (read("{ // comment"), "host.json is not usable"),
            (read(r#"{"version":"1.0"}"#), "`version` must be"),
            (read(r#"{"version":2.0}"#), "`version` must be text"),
            (read(r#"{"version":"2.0","customHandler":{"enableProxyingHttpRequest":true}}"#), "is empty"),
            (custom_handler(r#""enableForwardingHttpRequest":true"#), "asks for forwarding"),
            (custom_handler(r#""enableProxyingHttpRequest":false"#), "asks for forwarding"),
            (custom_handler(&format!(r#"{PROXYING},"http":{{"routes":[]}}"#)), "`customHandler.http`, which"),
            (custom_handler(&format!(r#"{PROXYING},"port":0"#)), "must be a port"),
            (custom_handler(&format!(r#"{PROXYING},"port":"http"#)), "host.json is not usable"),
            (custom_handler(&format!(r#"{PROXYING},"initializationTimeout":"30"#)), "host.json is not usable"),
            (custom_handler(&format!(r#"{PROXYING},"initializationTimeout":"30""#)), "must be like"),
            (custom_handler(&format!(r#"{PROXYING},"initializationTimeout":"00:00:00""#)), "must be like"),
        ];
        for (result, expected) in cases {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(expected), "{message} should contain {expected}");
        }
    }

    #[test]
    fn a_binary_that_is_not_there_is_not_looked_for_on_the_path() {
        let host_json = r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"ls"},
            "enableProxyingHttpRequest":true}}"#;
        assert!(matches!(read(host_json), Err(HostError::MissingExecutable(path)) if path.ends_with("ls")));
    }
}
