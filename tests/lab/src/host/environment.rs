//! The handler's environment: what the real host hands down, and the five variables it adds.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::{HostError, HostOptions, Inheritance};

/// What a process needs to start and to open a socket.
const BARE_NECESSITIES: [&str; 2] = ["PATH", "SystemRoot"];

/// Without `Debug`: it may hold the secrets of whoever runs the tests.
pub(super) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Later ones win: inherited, set by `func start`, app settings, the five of the host.
    pub(super) fn of(options: &HostOptions, host_port: u16, handler_port: u16) -> Result<Self, HostError> {
        let mut variables: BTreeMap<OsString, OsString> = match options.inheritance {
            Inheritance::Everything => std::env::vars_os().collect(),
            Inheritance::Nothing => std::env::vars_os()
                .filter(|(name, _)| BARE_NECESSITIES.iter().any(|needed| name.eq_ignore_ascii_case(needed)))
                // a panic should look the same on every machine
                .chain([("RUST_BACKTRACE".into(), "0".into())])
                .collect(),
        };
        let mut set = |name: &str, value: &str| variables.insert(name.into(), value.into());
        set("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
        set("WEBSITE_HOSTNAME", &format!("localhost:{host_port}"));
        for (name, value) in &options.environment {
            set(name, value);
        }
        let port = handler_port.to_string();
        set("FUNCTIONS_HTTPWORKER_PORT", &port);
        set("FUNCTIONS_CUSTOMHANDLER_PORT", &port);
        let id = super::proxy::new_id();
        set("FUNCTIONS_HTTPWORKER_ID", &id);
        set("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id);
        variables.insert("FUNCTIONS_APP_ROOT_PATH".into(), options.script_root.clone().into());
        Self(variables).without_overrides()
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&OsString::from(name))?.to_str()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }

    /// The real host would read them as parts of `host.json`.
    fn without_overrides(self) -> Result<Self, HostError> {
        let is_override = |name: &str| name.to_ascii_lowercase().starts_with("azurefunctionsjobhost__");
        match self.0.keys().find_map(|name| name.to_str().filter(|name| is_override(name))) {
            Some(name) => Err(HostError::Unsupported(format!("the environment overrides host.json with {name}"))),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Proves what the handler inherits and what wins. What else Azure sets only a deployment shows.
    use super::*;

    fn environment(options: &HostOptions) -> Environment {
        Environment::of(options, 7071, 4711).unwrap()
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
            "RUST_BACKTRACE",
            "WEBSITE_HOSTNAME",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_real_hosts_way_is_to_hand_down_everything() {
        let inherited = environment(&HostOptions::new("/app"));
        assert!(std::env::vars_os().all(|(name, _)| inherited.0.contains_key(&name)));
    }

    #[test]
    fn app_settings_win_over_func_start_but_not_over_the_host() {
        let setting = |name: &str| (name.to_owned(), "mine".to_owned());
        let settings = vec![setting("WEBSITE_HOSTNAME"), setting("FUNCTIONS_CUSTOMHANDLER_PORT")];
        let environment = environment(&HostOptions { environment: settings, ..HostOptions::clean("/app") });
        assert_eq!(environment.get("WEBSITE_HOSTNAME"), Some("mine"));
        assert_eq!(environment.get("FUNCTIONS_CUSTOMHANDLER_PORT"), Some("4711"));
        assert_eq!(environment.get("FUNCTIONS_HTTPWORKER_PORT"), Some("4711"));
        assert_eq!(environment.get("AZURE_FUNCTIONS_ENVIRONMENT"), Some("Development"));
    }

    #[test]
    fn an_override_of_host_json_is_refused() {
        let setting = ("AzureFunctionsJobHost__customHandler__port".to_owned(), "1".to_owned());
        let options = HostOptions { environment: vec![setting], ..HostOptions::clean("/app") };
        assert!(matches!(Environment::of(&options, 1, 2), Err(HostError::Unsupported(_))));
    }
}
