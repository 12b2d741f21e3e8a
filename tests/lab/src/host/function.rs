//! Finds the functions of a script root.
//! <https://learn.microsoft.com/azure/azure-functions/functions-reference#folder-structure>

use std::path::Path;

use serde::Deserialize as _;
use serde_json::Value;

use super::HostError;
use super::configuration::{Configuration, Route};
use super::template::Template;

/// What the function of a route answers to.
const METHODS_OF_ROUTES: [&str; 9] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

/// One function with an HTTP trigger.
#[derive(Debug, Clone)]
pub struct Function {
    name: String,
    route: String,
    template: Template,
    /// `None` for every method.
    methods: Option<Vec<String>>,
}

impl Function {
    /// The name of its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its route without a leading slash, prefix included.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Its line in the list that the core tools print at the start.
    pub(super) fn listed(&self, host: &str) -> String {
        let methods = self.methods.as_ref().map(|methods| format!("[{}]", methods.join(",").to_uppercase()));
        format!("\t{}: {} {host}/{}", self.name, methods.unwrap_or_default(), self.route)
    }

    /// A method that is not listed is no match: the host answers 404, never 405.
    pub(super) fn matches(&self, method: &str, path: &str) -> bool {
        let has_method = |methods: &Vec<String>| methods.iter().any(|listed| listed.eq_ignore_ascii_case(method));
        self.methods.as_ref().is_none_or(has_method) && self.template.matches(path)
    }
}

/// The functions in the order in which they are matched, and the folders that are not functions although they look so.
#[derive(Debug)]
pub(super) struct Discovery {
    pub(super) functions: Vec<Function>,
    pub(super) skipped: Vec<String>,
}

impl Discovery {
    /// Looks in the direct children of the script root, as the real host does. A broken function is reported and
    /// skipped, as there; a function that would not be proxied, or only with a key, is an error.
    pub(super) fn of(script_root: &Path, configuration: &Configuration) -> Result<Self, HostError> {
        let route_prefix = &configuration.route_prefix;
        let unreadable =
            |error: std::io::Error| HostError::HostJson { path: script_root.to_owned(), problem: error.to_string() };
        let mut discovery = Self { functions: Vec::new(), skipped: Vec::new() };
        for child in std::fs::read_dir(script_root).map_err(unreadable)? {
            let folder = child.map_err(unreadable)?.path();
            let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            if !folder.join("function.json").is_file() {
                continue;
            }
            if !configuration.routes.is_empty() {
                return Err(HostError::TwoSources { function: name });
            }
            match read(&folder, &name) {
                Ok(definition) => discovery.functions.push(interpret(&name, route_prefix, &definition)?),
                Err(reason) => discovery.skipped.push(format!("function `{name}` is skipped: {reason}")),
            }
        }
        for (index, route) in configuration.routes.iter().enumerate() {
            discovery.functions.push(of_route(index + 1, route_prefix, route)?);
        }
        if discovery.functions.is_empty() {
            let Self { skipped, .. } = discovery;
            return Err(HostError::NoFunctions { script_root: script_root.to_owned(), skipped });
        }
        // by name, without regard to case, and not by how specific a route is
        discovery.functions.sort_by_key(|function| function.name.to_ascii_uppercase());
        Ok(discovery)
    }
}

/// The definition, if the real host would accept it as one.
fn read(folder: &Path, name: &str) -> Result<Value, String> {
    let starts_with_letter = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !starts_with_letter || name.len() > 128 || !name.bytes().all(is_valid) || name.eq_ignore_ascii_case("host") {
        return Err("its name must be a letter and then letters, digits, `_` or `-`, and not `host`".to_owned());
    }
    let text = std::fs::read_to_string(folder.join("function.json")).map_err(|error| error.to_string())?;
    let definition: Value =
        serde_json::from_str(&text).map_err(|error| format!("function.json is not valid: {error}"))?;
    if definition.get("bindings").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err("function.json has no bindings".to_owned());
    }
    if let Some(script) = definition.get("scriptFile").and_then(Value::as_str)
        && !folder.join(script).is_file()
    {
        return Err(format!("its scriptFile `{script}` is missing"));
    }
    Ok(definition)
}

fn interpret(name: &str, route_prefix: &str, definition: &Value) -> Result<Function, HostError> {
    let refuse = |problem: String| HostError::Function { name: name.to_owned(), problem };
    let trigger = trigger(definition).ok_or_else(|| {
        refuse(
            "only exactly one `httpTrigger` (in) and one `http` (out) binding are proxied; with any other the host \
             wraps the request in JSON"
                .to_owned(),
        )
    })?;
    if !is_anonymous(text(trigger, "authLevel").unwrap_or_default()) {
        return Err(refuse("`authLevel` must be `anonymous`, or Azure asks for a function key".to_owned()));
    }
    let route = text(trigger, "route").unwrap_or(name);
    let methods = match trigger.get("methods").map(Vec::<String>::deserialize) {
        None => None,
        Some(Ok(methods)) => Some(methods),
        Some(Err(error)) => return Err(refuse(format!("`methods`: {error}"))),
    };
    let template = Template::parse(route_prefix, route).map_err(refuse)?;
    Ok(Function { name: name.to_owned(), route: prefixed(route_prefix, route), template, methods })
}

/// The function that the host makes of the `number`th route of `host.json`.
fn of_route(number: usize, route_prefix: &str, route: &Route) -> Result<Function, HostError> {
    let name = format!("http-handler{number}");
    let refuse = |problem: String| HostError::Function { name: name.clone(), problem };
    if !is_anonymous(&route.authorization_level) {
        return Err(refuse(
            "`customHandler.http.defaultAuthorizationLevel` must be `anonymous`, or Azure asks for a function key"
                .to_owned(),
        ));
    }
    let template = Template::parse(route_prefix, &route.template).map_err(refuse)?;
    let methods = METHODS_OF_ROUTES.map(str::to_owned).to_vec();
    Ok(Function { name, route: prefixed(route_prefix, &route.template), template, methods: Some(methods) })
}

fn is_anonymous(level: &str) -> bool {
    level.eq_ignore_ascii_case("anonymous")
}

fn prefixed(prefix: &str, route: &str) -> String {
    if prefix.is_empty() { route.to_owned() } else { format!("{prefix}/{route}") }
}

/// The trigger of a function that the host proxies.
fn trigger(definition: &Value) -> Option<&Value> {
    let bindings = definition.get("bindings")?.as_array()?;
    let is = |binding: &&Value, kind: &str, direction: &str| {
        text(binding, "type").is_some_and(|it| it.eq_ignore_ascii_case(kind))
            && text(binding, "direction").is_some_and(|it| it.eq_ignore_ascii_case(direction))
    };
    let trigger = bindings.iter().find(|binding| is(binding, "httpTrigger", "in"))?;
    bindings.iter().find(|binding| is(binding, "http", "out"))?;
    (bindings.len() == 2).then_some(trigger)
}

fn text<'a>(binding: &'a Value, name: &str) -> Option<&'a str> {
    binding.get(name)?.as_str()
}
