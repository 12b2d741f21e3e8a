//! Proves what a package holds, what is refused and what is never deleted. Only a deployment shows whether the execute
//! bit survives the upload and the mounted package, and whether the binary fits the glibc of the image.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::*;

/// A repository with the real Functions files and a handler that is three bytes long.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        for file in ["host.json", "function-defs/mcp/function.json", "function-defs/healthz/function.json"] {
            repository.write(file, &fs::read_to_string(crate::repository_root().join(file)).unwrap());
        }
        repository.write("function-defs/README.md", "not a function");
        repository.write("binary", "ELF");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn stage(&self) -> Result<Package, StageError> {
        stage(self.0.path(), &self.path("binary"), &self.path("out"))
    }

    fn staged() -> (Self, Package) {
        let repository = Self::new();
        let package = repository.stage().unwrap();
        (repository, package)
    }

    #[track_caller]
    fn assert_refused(&self, expected: &str) {
        let refusal = self.stage().expect_err("staged").to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

fn tree(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(tree(&path));
        } else {
            names.push(path.to_string_lossy().into_owned());
        }
    }
    names.sort();
    names
}

#[track_caller]
fn assert_holds(package: &Package, expected: &[&str]) {
    let expected: Vec<_> =
        expected.iter().map(|name| package.root().join(name).to_string_lossy().into_owned()).collect();
    assert_eq!(tree(package.root()), expected);
}

#[test]
fn a_package_holds_host_json_the_binary_and_the_functions_at_its_root() {
    let (_repository, package) = Repository::staged();
    assert_holds(&package, &[&handler_file_name(), "healthz/function.json", "host.json", "mcp/function.json"]);
    assert_eq!(package.functions(), ["healthz", "mcp"]);
    assert!(!package.has_local_settings());
}

#[cfg(unix)]
#[test]
fn the_binary_is_executable_whatever_its_mode_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repository::new();
    fs::set_permissions(repository.path("binary"), fs::Permissions::from_mode(0o600)).unwrap();
    let package = repository.stage().unwrap();
    let mode = fs::metadata(package.root().join("handler")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[cfg(unix)]
#[test]
fn a_package_that_lost_its_execute_bit_is_not_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_repository, package) = Repository::staged();
    fs::set_permissions(package.root().join("handler"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Package::open(package.root()), Err(StageError::Mode { mode: 0o644, .. })));
}

#[test]
fn staging_again_replaces_what_an_earlier_run_left_and_keeps_local_settings() {
    let (repository, _) = Repository::staged();
    repository.write("out/retired/function.json", "{}");
    repository.write(&format!("out/{}", handler_file_name()), "older");
    repository.write("out/local.settings.json", "{}");
    let package = repository.stage().unwrap();
    let handler = handler_file_name();
    let expected = [&handler, "healthz/function.json", "host.json", "local.settings.json", "mcp/function.json"];
    assert_holds(&package, &expected);
    assert_eq!(fs::read_to_string(package.root().join(handler)).unwrap(), "ELF");
    assert!(package.has_local_settings());
}

#[test]
fn a_folder_with_anything_else_in_it_is_left_untouched() {
    for stranger in ["out/thesis.txt", "out/mcp/notes.txt", "out/.git/config", "out/deep/er/function.json"] {
        let (repository, package) = Repository::staged();
        repository.write(stranger, "mine");
        let before = tree(package.root());
        repository.assert_refused("was not made by packaging");
        assert_eq!(tree(package.root()), before, "{stranger}");
    }
}

#[test]
fn a_folder_without_host_json_is_not_taken_for_a_package() {
    let repository = Repository::new();
    let theirs = repository.write(&format!("out/{}", handler_file_name()), "a program of theirs");
    repository.assert_refused("was not made by packaging");
    assert!(theirs.exists());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_destination_is_not_followed() {
    let (repository, package) = Repository::staged();
    let elsewhere = repository.write("elsewhere/function.json", "{}");
    std::os::unix::fs::symlink(repository.path("elsewhere"), package.root().join("linked")).unwrap();
    repository.assert_refused("was not made by packaging");
    assert!(elsewhere.exists());
}

#[test]
fn a_broken_source_is_refused_before_anything_is_deleted() {
    let cases = [
        ("host.json", "{", "host.json is not usable"),
        ("host.json", r#"{"version":"3.0"}"#, "`version` must be"),
        ("host.json", r#"{"version":"2.0"}"#, "must be \"handler\", exactly"),
        (
            "host.json",
            r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"./handler"}}}"#,
            "must be \"handler\", exactly",
        ),
        ("function-defs/mcp/function.json", "{", "function.json is not usable"),
        ("function-defs/mcp/function.json", r#"{"bindings":[]}"#, "at least one binding"),
        ("function-defs/mcp/run.sh", "", "mcp does not belong in a package"),
    ];
    for (file, text, expected) in cases {
        let (repository, package) = Repository::staged();
        repository.write(file, text);
        let before = tree(package.root());
        repository.assert_refused(expected);
        assert_eq!(tree(package.root()), before, "{file}");
    }
}

#[test]
fn a_missing_binary_is_named() {
    let repository = Repository::new();
    fs::remove_file(repository.path("binary")).unwrap();
    repository.assert_refused("binary cannot be read");
}

#[test]
fn the_repositorys_audit_lines_are_never_sampled_and_always_recorded() {
    let host = fs::read_to_string(crate::repository_root().join("host.json")).unwrap();
    let host: Value = serde_json::from_str(&host).unwrap();
    let text = |pointer: &str| host.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    assert!(text("/logging/applicationInsights/samplingSettings/excludedTypes").split(';').any(|kind| kind == "Trace"));
    assert_eq!(text("/logging/logLevel/Host.Function.Console"), "Information");
}

#[test]
fn the_sample_of_local_settings_is_for_a_custom_handler() {
    let sample = fs::read_to_string(crate::repository_root().join("local.settings.sample.json")).unwrap();
    let sample: Value = serde_json::from_str(&sample).unwrap();
    assert_eq!(sample["Values"]["FUNCTIONS_WORKER_RUNTIME"], "custom");
    assert_eq!(sample["IsEncrypted"], false);
}
