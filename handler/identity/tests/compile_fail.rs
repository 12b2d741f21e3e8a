//! Proves from outside the crate that there is one way to Azure, and that the others do not compile.
//!
//! Each file in `compile_fail` is one attempt. Where the compiler must refuse it stands `//~` and the error's code, or a
//! part of its message if it has none. The compiler that built this test is asked directly, with the crate it built:
//! that takes a second where a build of its own would take minutes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use identity::{ArmConnection, ArmFailure, ArmRequest, ArmResponse, Caller, PermissionRefusal, Scope};
use serde_json::Value;
use uuid::Uuid;

/// The way that is meant compiles, so the attempts fail for the reason they name.
#[expect(dead_code, reason = "it is compiled, not called")]
async fn the_way_that_is_meant(
    connection: &ArmConnection,
    caller: &Caller,
    correlation_id: Uuid,
) -> Result<Result<ArmResponse, ArmFailure>, PermissionRefusal> {
    let grant = caller.as_user(Scope::CostRead)?;
    let arm = match connection.as_caller(grant, correlation_id).await {
        Ok(arm) => arm,
        Err(failure) => return Ok(Err(failure.into())),
    };
    Ok(arm.send(&ArmRequest::get(&["subscriptions"], &[("api-version", "2022-12-01")])).await)
}

#[test]
fn no_other_way_to_azure_compiles() {
    let attempts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut files: Vec<PathBuf> = fs::read_dir(attempts).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "an attempt is missing: {files:?}");
    for file in files {
        let expected = expected(&file);
        assert!(!expected.is_empty(), "{} says nothing of what must fail", file.display());
        let found = refusals(&file);
        let lines = |of: &BTreeMap<usize, String>| of.keys().copied().collect::<Vec<_>>();
        assert_eq!(lines(&found), lines(&expected), "{}: {found:#?}", file.display());
        for (line, part) in &expected {
            assert!(found[line].contains(part), "{}:{line}: {}", file.display(), found[line]);
        }
    }
}

/// What the file says of its lines.
fn expected(file: &Path) -> BTreeMap<usize, String> {
    let text = fs::read_to_string(file).unwrap();
    let marked = text.lines().enumerate();
    marked.filter_map(|(index, line)| Some((index + 1, line.split_once("//~ ")?.1.to_owned()))).collect()
}

/// What the compiler says of them: code and message of each error.
fn refusals(file: &Path) -> BTreeMap<usize, String> {
    let dependencies = dependencies();
    let output = Command::new(option_env!("RUSTC").unwrap_or("rustc"))
        .args(["--edition", "2024", "--emit", "metadata", "--error-format", "json", "--out-dir"])
        .arg(std::env::temp_dir())
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()))
        .arg(format!("--extern=identity={}", newest_identity(&dependencies).display()))
        .arg(file)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{} compiles", file.display());
    let messages = String::from_utf8_lossy(&output.stderr);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["level"] == "error");
    errors
        .filter_map(|error| {
            let line =
                error["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?["line_start"].as_u64()?;
            Some((usize::try_from(line).ok()?, format!("{} {}", error["code"]["code"], error["message"])))
        })
        .collect()
}

/// Where cargo put what this test is linked with.
fn dependencies() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The crate as it was built last: cargo keeps one for each set of features.
fn newest_identity(dependencies: &Path) -> PathBuf {
    let libraries = fs::read_dir(dependencies).unwrap().map(|entry| entry.unwrap()).filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("libidentity-") && Path::new(&name).extension().is_some_and(|extension| extension == "rlib")
    });
    libraries.max_by_key(|entry| entry.metadata().unwrap().modified().unwrap()).unwrap().path()
}
