//! `host.json`: what of it matters here, and a refusal for what would behave differently.
//! <https://learn.microsoft.com/azure/azure-functions/functions-host-json>

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::HostError;
use super::host_json::HostJson;

/// `customHandler.initializationTimeout`, unless it is set.
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);

/// `functionTimeout`, unless it is set: what Flex Consumption and `func start` have.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(30);

#[derive(Debug, PartialEq)]
pub(super) struct Configuration {
    pub(super) executable: PathBuf,
    pub(super) working_directory: PathBuf,
    pub(super) route_prefix: String,
    /// Functions without a `function.json`: one for each route, if there are any.
    pub(super) routes: Vec<Route>,
    /// `None` for any free port.
    pub(super) handler_port: Option<u16>,
    pub(super) initialization_timeout: Duration,
    /// How long a call may take before the handler is killed; `None` for ever.
    pub(super) function_timeout: Option<Duration>,
    pub(super) passing: Passing,
}

/// An entry of `customHandler.http.routes`.
#[derive(Debug, PartialEq)]
pub(super) struct Route {
    pub(super) template: String,
    /// Its own authorization level, or the default one.
    pub(super) authorization_level: String,
}

/// How a request gets to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// `enableProxyingHttpRequest`: both bodies are streamed.
    Proxying,
    /// `enableForwardingHttpRequest`: the request is built anew and the answer read whole.
    Forwarding,
}

impl Configuration {
    /// `overrides` are environment variables that change `host.json`.
    pub(super) fn read<'a>(
        script_root: &Path,
        overrides: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HostError> {
        interpret(&HostJson::read(&script_root.join("host.json"), overrides)?, script_root)
    }
}

fn interpret(host: &HostJson, script_root: &Path) -> Result<Configuration, HostError> {
    if host.text(&["version"])? != Some("2.0") {
        return Err(host.problem("`version` must be \"2.0\""));
    }
    refuse_what_is_not_modelled(host)?;
    // against the script root, not against the working directory
    let executable = match host.text(&["customHandler", "description", "defaultExecutablePath"])? {
        None | Some("") => return Err(host.problem("`customHandler.description.defaultExecutablePath` is empty")),
        Some(path) => find_executable(&script_root.join(path))?,
    };
    let working_directory = host.text(&["customHandler", "description", "workingDirectory"])?.unwrap_or_default();
    Ok(Configuration {
        executable,
        working_directory: script_root.join(working_directory),
        route_prefix: host.text(&["extensions", "http", "routePrefix"])?.unwrap_or("api").to_owned(),
        routes: routes(host)?,
        handler_port: handler_port(host)?,
        initialization_timeout: initialization_timeout(host)?,
        function_timeout: function_timeout(host)?,
        passing: passing(host)?,
    })
}

/// The same `host.json` must mean the same here and in Azure, or not start here.
fn refuse_what_is_not_modelled(host: &HostJson) -> Result<(), HostError> {
    const CUSTOM_HANDLER: &str = "customHandler";
    let not_modelled: [&[&str]; 4] = [
        &["httpWorker"],
        &[CUSTOM_HANDLER, "description", "arguments"],
        &[CUSTOM_HANDLER, "description", "workerDirectory"],
        &[CUSTOM_HANDLER, "description", "useStdErrorStreamForErrorsOnly"],
    ];
    match not_modelled.into_iter().find(|names| host.get(names).is_some()) {
        Some(names) => Err(HostError::Unsupported(format!("host.json sets `{}`", names.join(".")))),
        None => Ok(()),
    }
}

/// Proxying wins where both are asked for.
fn passing(host: &HostJson) -> Result<Passing, HostError> {
    if host.flag(&["customHandler", "enableProxyingHttpRequest"])? {
        Ok(Passing::Proxying)
    } else if host.flag(&["customHandler", "enableForwardingHttpRequest"])? {
        Ok(Passing::Forwarding)
    } else {
        Err(HostError::Unsupported(
            "without `customHandler.enableProxyingHttpRequest`: true, host.json asks for requests wrapped in JSON"
                .to_owned(),
        ))
    }
}

fn routes(host: &HostJson) -> Result<Vec<Route>, HostError> {
    let default_level = host.text(&["customHandler", "http", "defaultAuthorizationLevel"])?.unwrap_or("function");
    let routes = host.children(&["customHandler", "http", "routes"]).into_iter().map(|index| {
        let member = |name| host.text(&["customHandler", "http", "routes", &index, name]);
        let template =
            member("route")?.ok_or_else(|| host.problem("each of `customHandler.http.routes` has a `route`"))?;
        let authorization_level = member("authorizationLevel")?.unwrap_or(default_level);
        Ok(Route { template: template.to_owned(), authorization_level: authorization_level.to_owned() })
    });
    routes.collect()
}

fn handler_port(host: &HostJson) -> Result<Option<u16>, HostError> {
    let port = match host.get(&["customHandler", "port"]) {
        None => return Ok(None),
        Some(Value::String(digits)) => digits.parse().ok(),
        Some(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    match port {
        None | Some(0) => Err(host.problem("`customHandler.port` must be a port")),
        port => Ok(port),
    }
}

fn initialization_timeout(host: &HostJson) -> Result<Duration, HostError> {
    match host.text(&["customHandler", "initializationTimeout"])? {
        None => Ok(INITIALIZATION_TIMEOUT),
        Some(text) => duration(text)
            .ok_or_else(|| host.problem("`customHandler.initializationTimeout` must be like \"00:00:30\"")),
    }
}

fn function_timeout(host: &HostJson) -> Result<Option<Duration>, HostError> {
    match host.text(&["functionTimeout"])? {
        None => Ok(Some(FUNCTION_TIMEOUT)),
        Some("-1") => Ok(None),
        Some(text) => match duration(text) {
            None => Err(host.problem("`functionTimeout` must be like \"00:02:00\", or \"-1\" for none")),
            limit => Ok(limit),
        },
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
        let configuration = Configuration::read(root.path(), [].into_iter())?;
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
        assert_eq!(configuration.function_timeout, Some(Duration::from_mins(30)));
        assert_eq!(configuration.routes, []);
    }

    #[test]
    fn proxying_wins_over_forwarding() {
        let both = format!(r#"{PROXYING},"enableForwardingHttpRequest":true"#);
        assert_eq!(custom_handler(&both).unwrap().passing, Passing::Proxying);
        let forwarding = r#""enableProxyingHttpRequest":"False","enableForwardingHttpRequest":"True""#;
        assert_eq!(custom_handler(forwarding).unwrap().passing, Passing::Forwarding);
    }

    #[test]
    fn a_function_timeout_may_be_none_at_all() {
        let read = |limit: &str| custom_handler(&format!(r#"{PROXYING}}},"functionTimeout":"{limit}","x":{{"#));
        assert_eq!(read("00:02:00").unwrap().function_timeout, Some(Duration::from_mins(2)));
        assert_eq!(read("-1").unwrap().function_timeout, None);
        assert!(read("2 minutes").unwrap_err().to_string().contains("`functionTimeout` must be like"));
    }

    #[test]
    fn a_route_has_the_default_authorization_level_unless_it_has_its_own() {
        let routes = |members: &str| custom_handler(&format!(r#"{PROXYING},"http":{{{members}}}"#)).unwrap().routes;
        let route = |template: &str, level: &str| Route {
            template: template.to_owned(),
            authorization_level: level.to_owned(),
        };
        assert_eq!(routes(r#""routes":[{"route":"mcp"}]"#), [route("mcp", "function")]);
        let given = r#""defaultAuthorizationLevel":"anonymous","routes":[{"route":"a"},{"route":"b","AuthorizationLevel":"admin"}]"#;
        assert_eq!(routes(given), [route("a", "anonymous"), route("b", "admin")]);
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
            (custom_handler(r#""enableProxyingHttpRequest":false"#), "asks for requests wrapped in JSON"),
            (custom_handler(r#""enableProxyingHttpRequest":"yes""#), "must be true or false"),
            (custom_handler(&format!(r#"{PROXYING},"http":{{"routes":[{{}}]}}"#)), "has a `route`"),
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
