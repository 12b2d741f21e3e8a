//! The handler's environment: what the real host hands down, and the five variables it adds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use serde_json::{Map, Value};

use super::{HostError, HostOptions, Inheritance, Place, host_json};

/// What a process needs to start and to open a socket.
const BARE_NECESSITIES: [&str; 2] = ["PATH", "SystemRoot"];
/// The setting that says which kind of functions there are.
const WORKER_RUNTIME: &str = "FUNCTIONS_WORKER_RUNTIME";

/// Without `Debug`: it may hold the secrets of whoever runs the tests.
pub(super) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// What the host itself has. Later ones win: `local.settings.json`, inherited, set by `func start` or by Azure, app
    /// settings.
    pub(super) fn of(options: &HostOptions, host_port: u16) -> Result<Self, HostError> {
        let mut variables: BTreeMap<OsString, OsString> = BTreeMap::new();
        if options.place == Place::Laptop {
            let values = local_settings(&options.script_root)?;
            variables.extend(values.into_iter().map(|(name, value)| (name.into(), value.into())));
        }
        match options.inheritance {
            Inheritance::Everything => variables.extend(std::env::vars_os()),
            Inheritance::Nothing => {
                let is_needed = |name: &OsString| BARE_NECESSITIES.iter().any(|it| name.eq_ignore_ascii_case(it));
                variables.extend(std::env::vars_os().filter(|(name, _)| is_needed(name)));
                // a panic should look the same on every machine
                variables.insert("RUST_BACKTRACE".into(), "0".into());
            }
        }
        let mut set = |name: &str, value: &str| {
            variables.insert(name.into(), value.into());
        };
        set("WEBSITE_HOSTNAME", &format!("localhost:{host_port}"));
        match options.place {
            Place::Laptop => set("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
            Place::Azure => {
                set(WORKER_RUNTIME, "custom");
                set("WEBSITE_INSTANCE_ID", &super::proxy::new_id());
            }
        }
        for (name, value) in &options.environment {
            set(name, value);
        }
        let environment = Self(variables);
        match environment.get(WORKER_RUNTIME) {
            Some(runtime) if runtime.eq_ignore_ascii_case("custom") => Ok(environment),
            other => Err(HostError::WorkerRuntime(other.map(str::to_owned))),
        }
    }

    /// What the handler gets beside it: its port and the host's five variables.
    pub(super) fn for_handler(mut self, script_root: &Path, handler_port: u16) -> Self {
        let port = handler_port.to_string();
        let id = super::proxy::new_id();
        for (name, value) in [
            ("FUNCTIONS_HTTPWORKER_PORT", &port),
            ("FUNCTIONS_CUSTOMHANDLER_PORT", &port),
            ("FUNCTIONS_HTTPWORKER_ID", &id),
            ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id),
        ] {
            self.0.insert(name.into(), value.into());
        }
        self.0.insert("FUNCTIONS_APP_ROOT_PATH".into(), script_root.into());
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&OsString::from(name))?.to_str()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }

    /// What changes `host.json`: names within it, and values.
    pub(super) fn overrides(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter_map(|(name, value)| Some((host_json::overridden(name.to_str()?)?, value.to_str()?)))
    }
}

/// The `Values` that `func start` puts into the environment; none without the file. Azure has no such file.
fn local_settings(script_root: &Path) -> Result<Vec<(String, String)>, HostError> {
    let path = script_root.join("local.settings.json");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let refuse = |problem: &str| HostError::LocalSettings(problem.to_owned());
    let text = std::fs::read_to_string(&path).map_err(|error| refuse(&error.to_string()))?;
    let settings: Map<String, Value> = serde_json::from_str(&text).map_err(|error| refuse(&error.to_string()))?;
    if settings.get("IsEncrypted") == Some(&Value::Bool(true)) {
        return Err(refuse("it is encrypted, which is not modelled: `func settings decrypt`"));
    }
    if settings.contains_key("Host") {
        return Err(refuse("`Host` is not modelled"));
    }
    let values = settings.get("Values").and_then(Value::as_object).ok_or_else(|| refuse("it has no `Values`"))?;
    let texts = values.iter().map(|(name, value)| match value {
        Value::String(value) => Ok((name.clone(), value.clone())),
        _ => Err(refuse(&format!("the value of `{name}` must be text"))),
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    //! Proves what the handler inherits and what wins. What else Azure sets only a deployment shows.
    use super::*;

    fn environment(options: &HostOptions) -> Environment {
        Environment::of(options, 7071).unwrap().for_handler(&options.script_root, 4711)
    }

    fn with(settings: &[(&str, &str)]) -> HostOptions {
        let mut options = HostOptions::clean("/app");
        options.environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        options
    }

    fn with_local_settings(file: &str, settings: &[(&str, &str)]) -> Result<Environment, HostError> {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("local.settings.json"), file).unwrap();
        Environment::of(&HostOptions { script_root: root.path().to_owned(), ..with(settings) }, 7071)
    }

    #[test]
    fn a_clean_environment_has_nothing_of_this_machine_but_the_path() {
        let clean = environment(&HostOptions::clean("/app"));
        let mut names: Vec<_> = clean.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        names.retain(|name| !BARE_NECESSITIES.contains(name));
        let expected = [
            "AZURE_FUNCTIONS_ENVIRONMENT",
            "FUNCTIONS_APP_ROOT_PATH",
            "FUNCTIONS_CUSTOMHANDLER_PORT",
            "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
            "FUNCTIONS_HTTPWORKER_ID",
            "FUNCTIONS_HTTPWORKER_PORT",
            "FUNCTIONS_WORKER_RUNTIME",
            "RUST_BACKTRACE",
            "WEBSITE_HOSTNAME",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_real_hosts_way_is_to_hand_down_everything() {
        let runtime = vec![(WORKER_RUNTIME.to_owned(), "custom".to_owned())];
        let inherited = environment(&HostOptions { environment: runtime, ..HostOptions::new("/app") });
        assert!(std::env::vars_os().all(|(name, _)| inherited.0.contains_key(&name)));
    }

    #[test]
    fn app_settings_win_over_func_start_but_not_over_the_host() {
        let settings = [("WEBSITE_HOSTNAME", "mine"), ("FUNCTIONS_CUSTOMHANDLER_PORT", "mine")];
        let environment = environment(&with(&settings));
        assert_eq!(environment.get("WEBSITE_HOSTNAME"), Some("mine"));
        assert_eq!(environment.get("FUNCTIONS_CUSTOMHANDLER_PORT"), Some("4711"));
        assert_eq!(environment.get("FUNCTIONS_HTTPWORKER_PORT"), Some("4711"));
        assert_eq!(environment.get("AZURE_FUNCTIONS_ENVIRONMENT"), Some("Development"));
    }

    #[test]
    fn local_settings_fill_in_what_is_not_set() {
        let file = r#"{"IsEncrypted":false,"Values":{"A":"of the file","B":"of the file"}}"#;
        let environment = with_local_settings(file, &[("B", "set")]).unwrap();
        assert_eq!((environment.get("A"), environment.get("B")), (Some("of the file"), Some("set")));
    }

    #[test]
    fn local_settings_that_func_start_reads_otherwise_are_refused() {
        for (file, expected) in [
            ("{", "is not usable"),
            ("{}", "no `Values`"),
            (r#"{"IsEncrypted":true,"Values":{}}"#, "encrypted"),
            (r#"{"Values":{},"Host":{"CORS":"*"}}"#, "`Host` is not modelled"),
            (r#"{"Values":{"A":1}}"#, "`A` must be text"),
        ] {
            let message = with_local_settings(file, &[]).err().unwrap().to_string();
            assert!(message.contains(expected), "{message} should contain {expected}");
        }
    }

    #[test]
    fn the_runtime_must_be_custom() {
        let other = Environment::of(&with(&[(WORKER_RUNTIME, "node")]), 1).err().unwrap().to_string();
        assert!(other.contains("FUNCTIONS_WORKER_RUNTIME is node"), "{other}");
        let none = Environment::of(&HostOptions { environment: Vec::new(), ..HostOptions::clean("/app") }, 1);
        assert!(matches!(none, Err(HostError::WorkerRuntime(None))));
    }

    #[test]
    fn azure_says_which_runtime_and_instance_it_is_and_has_no_local_settings() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("local.settings.json"), "{").unwrap();
        let options = HostOptions { environment: Vec::new(), place: Place::Azure, ..HostOptions::clean(root.path()) };
        let environment = environment(&options);
        assert_eq!(environment.get(WORKER_RUNTIME), Some("custom"));
        assert!(environment.get("WEBSITE_INSTANCE_ID").is_some());
        assert_eq!(environment.get("AZURE_FUNCTIONS_ENVIRONMENT"), None);
    }

    #[test]
    fn overrides_of_host_json_are_found() {
        let environment = environment(&with(&[("AzureFunctionsJobHost__customHandler__port", "1")]));
        assert_eq!(environment.overrides().collect::<Vec<_>>(), [("customHandler__port", "1")]);
    }
}
