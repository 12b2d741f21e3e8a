//! A script root for one test.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab::host::{Host, HostError, HostOptions, Place};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The fake handler behind functions of a test's choice.
pub(crate) struct App {
    root: Arc<TempDir>,
    pub(crate) options: HostOptions,
}

impl App {
    /// Everything goes to the handler, `/` included.
    pub(crate) fn new() -> Self {
        Self::without_functions().function("everything", "{*path}")
    }

    pub(crate) fn without_functions() -> Self {
        let root = Arc::new(tempfile::tempdir().unwrap());
        let handler = root.path().join(format!("handler{}", std::env::consts::EXE_SUFFIX));
        link(Path::new(env!("CARGO_BIN_EXE_fake-handler")), &handler);
        let options = HostOptions::clean(root.path());
        Self { root, options }.host_json(|_| {})
    }

    /// A `host.json` like the product's, changed by the test.
    pub(crate) fn host_json(self, change: impl FnOnce(&mut Value)) -> Self {
        let mut host = json!({
            "version": "2.0",
            "customHandler": {
                "description": { "defaultExecutablePath": "handler" },
                "enableProxyingHttpRequest": true,
            },
            "extensions": { "http": { "routePrefix": "" } },
        });
        change(&mut host);
        self.file("host.json", &host.to_string())
    }

    pub(crate) fn function(self, name: &str, route: &str) -> Self {
        self.function_with(name, json!({ "route": route }))
    }

    /// An anonymous function whose trigger also has these members.
    pub(crate) fn function_with(self, name: &str, members: Value) -> Self {
        let mut trigger = json!({ "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous" });
        if let (Some(trigger), Value::Object(members)) = (trigger.as_object_mut(), members) {
            trigger.extend(members);
        }
        let answer = json!({ "type": "http", "direction": "out", "name": "res" });
        self.file(&format!("{name}/function.json"), &json!({ "bindings": [trigger, answer] }).to_string())
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn set(mut self, name: &str, value: &dyn ToString) -> Self {
        self.options.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// As in Azure.
    pub(crate) fn in_azure(mut self) -> Self {
        self.options.place = Place::Azure;
        self
    }

    /// Requests are forwarded and not proxied.
    pub(crate) fn forwarding(mut self) -> Self {
        self.options = self.options.forwarding();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) async fn start(&self) -> Running {
        match self.try_start().await {
            Ok(running) => running,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn try_start(&self) -> Result<Running, HostError> {
        Ok(Running { host: Host::start(self.options.clone()).await?, _root: Arc::clone(&self.root) })
    }

    pub(crate) async fn launch(&self) -> Running {
        Running { host: Host::launch(self.options.clone()).await.unwrap(), _root: Arc::clone(&self.root) }
    }
}

/// A host and the script root that it needs for restarts.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) host: Host,
    _root: Arc<TempDir>,
}

impl Deref for Running {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

/// A link and not a copy: a copy that is still open for writing in a child of another test cannot be executed.
#[cfg(unix)]
fn link(original: &Path, link: &Path) {
    std::os::unix::fs::symlink(original, link).unwrap();
}

#[cfg(not(unix))]
fn link(original: &Path, link: &Path) {
    fs::copy(original, link).unwrap();
}
