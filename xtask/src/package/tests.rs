//! Proves what a package holds, what is refused and what is never deleted. Only a deployment shows whether the execute
//! bit survives the upload and the mounted package, and whether the binary fits the glibc of the image.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::Profile;

const TREE: &str = "0handler v0.1.0 (/repository/handler)|MIT|\n1axum v0.8.9|MIT|\n";
const LOCK: &str = "[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\nchecksum = \"aa\"\n";

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
        repository.write("Cargo.lock", LOCK);
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
    assert_holds(&package, &["handler", "healthz/function.json", "host.json", "mcp/function.json"]);
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
    repository.write("out/handler", "older");
    repository.write("out/local.settings.json", "{}");
    let package = repository.stage().unwrap();
    let expected = ["handler", "healthz/function.json", "host.json", "local.settings.json", "mcp/function.json"];
    assert_holds(&package, &expected);
    assert_eq!(fs::read_to_string(package.root().join("handler")).unwrap(), "ELF");
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
    let theirs = repository.write("out/handler", "a program of theirs");
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

/// What was written into the zip: name, permission bits, content.
fn unzipped(bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut entries = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        entries.push((entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o777, content));
    }
    entries
}

#[test]
fn the_zip_holds_the_package_sorted_with_its_modes_and_without_local_settings() {
    let (repository, _) = Repository::staged();
    repository.write("out/local.settings.json", "{\"secret\": 1}");
    let package = Package::open(&repository.path("out")).unwrap();
    let entries = unzipped(&archive::archive(&package).unwrap());
    let shape: Vec<_> = entries.iter().map(|(name, mode, _)| (name.as_str(), *mode)).collect();
    let expected =
        [("handler", 0o755), ("healthz/function.json", 0o644), ("host.json", 0o644), ("mcp/function.json", 0o644)];
    assert_eq!(shape, expected);
    for (name, _, content) in entries {
        assert_eq!(content, fs::read(package.root().join(&name)).unwrap(), "{name}");
    }
}

#[test]
fn the_same_files_make_the_same_zip_whenever_and_wherever_they_were_staged() {
    let (first, second) = (Repository::staged(), Repository::staged());
    let old = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    fs::File::options().write(true).open(second.1.root().join("host.json")).unwrap().set_times(old).unwrap();
    assert_eq!(archive::archive(&first.1).unwrap(), archive::archive(&second.1).unwrap());
}

#[test]
fn checksums_and_bill_describe_the_very_files_that_are_deployed() {
    let (repository, package) = Repository::staged();
    let files = deployable::describe(repository.0.path(), &package, Profile::Release, TREE, Some("c0ffee")).unwrap();
    let named = |name: &str| files.iter().find(|file| file.name == name).unwrap();
    let made: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(made.get(4..).unwrap(), ["handler.zip", "handler.cdx.json", "SHA256SUMS"]);
    // printf ELF | sha256sum
    assert_eq!(named("out/handler").sha256, "706abe3c90152075e656b661079730facf323f3ebccda7547ee1935c90845a09");
    let bill: Value = serde_json::from_slice(&fs::read(repository.path("handler.cdx.json")).unwrap()).unwrap();
    assert_eq!(bill.pointer("/metadata/component/hashes/0/content").unwrap(), &named("out/handler").sha256);
    let sums = fs::read_to_string(repository.path("SHA256SUMS")).unwrap();
    let expected = ["handler.zip", "handler.cdx.json"].map(|name| format!("{}  {name}\n", named(name).sha256)).concat();
    assert_eq!(sums, expected);
}

#[test]
fn a_binary_too_large_for_a_release_is_refused_before_anything_is_written() {
    let repository = Repository::new();
    fs::File::create(repository.path("binary")).unwrap().set_len(33 * 1024 * 1024).unwrap();
    let package = repository.stage().unwrap();
    let refusal = deployable::describe(repository.0.path(), &package, Profile::Release, TREE, None);
    assert!(matches!(refusal, Err(PackageError::Size { .. })));
    assert!(!repository.path("handler.zip").exists());
}

#[test]
fn a_binary_for_linux_keeps_its_name_on_every_os_and_one_for_windows_its_extension() {
    let (repository, package) = Repository::staged();
    assert_eq!(package.executable_name(), "handler");
    let windows = repository.write("built/handler.exe", "MZ");
    let package = stage(repository.0.path(), &windows, &repository.path("windows")).unwrap();
    assert_eq!(package.executable_name(), "handler.exe");
    repository.write("windows/handler", "a second one");
    assert!(matches!(Package::open(package.root()), Err(StageError::Invalid { .. })));
}
