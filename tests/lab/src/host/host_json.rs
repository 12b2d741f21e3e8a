//! `host.json` as .NET's configuration sees it: names without regard to case, and the environment over the file.
//! <https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values>

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::HostError;

/// What an environment variable that changes `host.json` begins with.
const OVERRIDE: &str = "AzureFunctionsJobHost__";

/// What `configurationProfile` sets, whichever of the two names it has.
const PROFILES: [&str; 2] = ["mcp-custom-handler", "web-app-custom-handler"];

pub(super) struct HostJson {
    path: PathBuf,
    document: Value,
}

/// The names that an environment variable sets, if it is one of those.
pub(super) fn overridden(variable: &str) -> Option<&str> {
    let (prefix, names) = variable.split_at_checked(OVERRIDE.len())?;
    prefix.eq_ignore_ascii_case(OVERRIDE).then_some(names)
}

impl HostJson {
    /// `overrides`: names as [`overridden`] gives them, and their values.
    pub(super) fn read<'a>(
        path: &Path,
        overrides: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HostError> {
        let document = std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
            .map_err(|problem| HostError::HostJson { path: path.to_owned(), problem })?;
        let mut host = Self { path: path.to_owned(), document };
        for (names, value) in overrides {
            let names: Vec<_> = names.split("__").collect();
            set(&mut host.document, &names, value.into());
        }
        host.apply_profile()?;
        Ok(host)
    }

    /// A profile sets three values. Which would win where `host.json` says otherwise is documented nowhere, so that is
    /// refused.
    fn apply_profile(&mut self) -> Result<(), HostError> {
        match self.text(&["configurationProfile"])?.map(str::to_owned).as_deref() {
            None | Some("" | "default") => return Ok(()),
            Some(profile) if PROFILES.contains(&profile) => {}
            Some(other) => return Err(self.problem(&format!("there is no `configurationProfile` `{other}`"))),
        }
        let settings: [(&[&str], Value); 3] = [
            (&["customHandler", "enableProxyingHttpRequest"], json!(true)),
            (&["extensions", "http", "routePrefix"], json!("")),
            (&["customHandler", "http", "routes"], json!([{ "route": "{*route}" }])),
        ];
        for (names, value) in settings {
            match self.get(names) {
                Some(given) if *given != value => {
                    let problem = format!("host.json sets `{}` otherwise than its profile", names.join("."));
                    return Err(HostError::Unsupported(problem));
                }
                _ => set(&mut self.document, names, value),
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, names: &[&str]) -> Result<Option<&str>, HostError> {
        match self.get(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.problem(&format!("`{}` must be text", names.join(".")))),
        }
    }

    /// False where there is nothing. The environment has only text for it.
    pub(super) fn flag(&self, names: &[&str]) -> Result<bool, HostError> {
        match self.get(names) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(self.problem(&format!("`{}` must be true or false", names.join(".")))),
        }
    }

    pub(super) fn get(&self, names: &[&str]) -> Option<&Value> {
        names.iter().try_fold(&self.document, |value, name| match value {
            Value::Array(list) => list.get(name.parse::<usize>().ok()?),
            value => member(value.as_object()?, name).and_then(|name| value.get(name)),
        })
    }

    /// The names of what is in a list, or in an object that the environment made of one.
    pub(super) fn children(&self, names: &[&str]) -> Vec<String> {
        match self.get(names) {
            Some(Value::Array(list)) => (0..list.len()).map(|index| index.to_string()).collect(),
            Some(Value::Object(members)) => members.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn problem(&self, problem: &str) -> HostError {
        HostError::HostJson { path: self.path.clone(), problem: problem.to_owned() }
    }
}

/// The name as the object has it.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.keys().find(|member| member.eq_ignore_ascii_case(name)).map(String::as_str)
}

/// Puts `value` where `names` lead, and objects on the way there.
fn set(document: &mut Value, names: &[&str], value: Value) {
    let [name, rest @ ..] = names else {
        *document = value;
        return;
    };
    if let Value::Array(list) = document
        && let Some(entry) = name.parse().ok().and_then(|index: usize| list.get_mut(index))
    {
        return set(entry, rest, value);
    }
    if !document.is_object() {
        *document = json!({});
    }
    if let Value::Object(members) = document {
        let name = member(members, name).unwrap_or(name).to_owned();
        set(members.entry(name).or_insert(Value::Null), rest, value);
    }
}

#[cfg(test)]
mod tests {
    //! Proves what the environment and a profile make of the file. Only the real host shows that it reads them the same
    //! way.
    use super::*;

    fn read(file: &Value, overrides: &[(&str, &str)]) -> Result<HostJson, HostError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.json");
        std::fs::write(&path, file.to_string()).unwrap();
        HostJson::read(&path, overrides.iter().copied())
    }

    #[test]
    fn the_environment_wins_over_the_file_in_any_case() {
        let file = json!({ "Version": "2.0", "customHandler": { "enableProxyingHttpRequest": true, "port": 1 } });
        let overrides = [
            ("CUSTOMHANDLER__EnableProxyingHttpRequest", "false"),
            ("customHandler__http__routes__0__route", "mcp"),
            ("new", "value"),
        ];
        let host = read(&file, &overrides).unwrap();
        assert!(!host.flag(&["customHandler", "enableProxyingHttpRequest"]).unwrap());
        assert_eq!(host.text(&["version"]).unwrap(), Some("2.0"), "the rest is left");
        assert_eq!(host.get(&["customHandler", "port"]), Some(&json!(1)));
        assert_eq!(host.children(&["customHandler", "http", "routes"]), ["0"]);
        assert_eq!(host.text(&["customHandler", "http", "routes", "0", "ROUTE"]).unwrap(), Some("mcp"));
        assert_eq!(host.text(&["new"]).unwrap(), Some("value"));
    }

    #[test]
    fn only_variables_of_the_job_host_override() {
        assert_eq!(overridden("AZUREFUNCTIONSJOBHOST__a__b"), Some("a__b"));
        assert_eq!(overridden("AzureFunctionsJobHost"), None);
        assert_eq!(overridden("AZURE_TENANT_ID"), None);
    }

    #[test]
    fn a_profile_sets_proxying_no_prefix_and_one_route() {
        for profile in PROFILES {
            let host = read(&json!({}), &[("configurationProfile", profile)]).unwrap();
            assert!(host.flag(&["customHandler", "enableProxyingHttpRequest"]).unwrap());
            assert_eq!(host.text(&["extensions", "http", "routePrefix"]).unwrap(), Some(""));
            assert_eq!(host.text(&["customHandler", "http", "routes", "0", "route"]).unwrap(), Some("{*route}"));
        }
        for none in ["", "default"] {
            assert!(read(&json!({ "configurationProfile": none }), &[]).unwrap().get(&["customHandler"]).is_none());
        }
    }

    #[test]
    fn a_profile_that_is_not_there_or_that_the_file_contradicts_is_refused() {
        let message = |file| read(&file, &[]).err().unwrap().to_string();
        assert!(message(json!({ "configurationProfile": "other" })).contains("there is no `configurationProfile`"));
        let contradicted = json!({
            "configurationProfile": "mcp-custom-handler",
            "extensions": { "http": { "routePrefix": "api" } },
        });
        assert!(message(contradicted).contains("otherwise than its profile"));
    }
}
