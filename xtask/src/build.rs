//! Builds the handler with cargo and learns from cargo where the binary is.
//!
//! Asking is more reliable than `target/release/handler`: `CARGO_TARGET_DIR` and `build.target` move it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::package::glibc;

/// What the Functions platform runs.
const AZURE: &str = "x86_64-unknown-linux-gnu";

/// How the handler is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Fast to build; for a developer's machine and the tests.
    Debug,
    /// Optimised; what is deployed.
    Release,
}

/// Why there is no handler. Whoever ran the build must act; cargo has printed the details.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo could not be started: it is not on `PATH`.
    #[error("cargo could not be started: {0}. Install Rust from https://rustup.rs and run this again")]
    Cargo(#[source] std::io::Error),
    /// The handler does not compile.
    #[error("the handler could not be built; cargo says why above")]
    Compilation,
    /// cargo-zigbuild, which links for an older glibc than this machine's, is not installed.
    #[error(
        "building for Azure needs cargo-zigbuild: pip install cargo-zigbuild ziglang && rustup target add {AZURE}. To \
         package for this machine instead: cargo xtask package --native"
    )]
    NoZigbuild,
    /// Cargo succeeded without naming the binary: the package or its binary was renamed.
    #[error("cargo built the package `handler` but made no binary `handler`; see handler/Cargo.toml")]
    NoBinary,
}

/// Builds the package `handler`, with cargo's progress on stderr, and returns the path of its binary.
pub fn build_handler(repository_root: &Path, profile: Profile) -> Result<PathBuf, BuildError> {
    build(repository_root, "build", profile, None)
}

/// Builds the package `handler` for the image of the Functions platform, from any machine.
pub fn build_handler_for_azure(repository_root: &Path, profile: Profile) -> Result<PathBuf, BuildError> {
    let mut version = Command::new("cargo-zigbuild");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return Err(BuildError::NoZigbuild);
    }
    build(repository_root, "zigbuild", profile, Some(&format!("{AZURE}.{}", glibc::NEWEST)))
}

fn build(root: &Path, with: &str, profile: Profile, target: Option<&str>) -> Result<PathBuf, BuildError> {
    let mut command = Command::new(cargo());
    command.args([with, "--bin", "handler", "--message-format=json-render-diagnostics"]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    if profile == Profile::Release {
        // by itself: what is deployed has the features that the handler asks for, not those of the lab too
        command.args(["--release", "--package", "handler"]);
    }
    let mut cargo = command.current_dir(root).stdout(Stdio::piped()).spawn().map_err(BuildError::Cargo)?;
    let messages = cargo.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines());
    let binary = messages.map_while(Result::ok).filter_map(|message| handler_binary(&message)).last();
    if !cargo.wait().map_err(BuildError::Cargo)?.success() {
        return Err(BuildError::Compilation);
    }
    binary.ok_or(BuildError::NoBinary)
}

/// The binary's path, if this message of cargo is about it.
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
fn handler_binary(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    (message.pointer("/target/name")? == "handler").then_some(())?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "cargo names itself to what it runs; this is no setting of the product")]
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    //! Proves that the right one of cargo's messages is read. Only a build shows that cargo still writes them so.
    use super::*;

    #[test]
    fn the_binary_is_named_by_the_artifact_of_the_target_handler_that_is_executable() {
        let cases = [
            (
                r#"{"reason":"compiler-artifact","target":{"name":"handler"},"executable":"/t/handler"}"#,
                Some("/t/handler"),
            ),
            (r#"{"reason":"compiler-artifact","target":{"name":"handler"},"executable":null}"#, None),
            (r#"{"reason":"compiler-artifact","target":{"name":"build-script-build"},"executable":"/t/b"}"#, None),
            (r#"{"reason":"build-finished","success":true}"#, None),
            ("warning: not JSON", None),
        ];
        for (message, expected) in cases {
            assert_eq!(handler_binary(message), expected.map(PathBuf::from), "{message}");
        }
    }
}
