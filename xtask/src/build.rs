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
pub(crate) const AZURE: &str = "x86_64-unknown-linux-gnu";

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
    build(cargo(repository_root, "build"), profile)
}

/// Builds the package `handler` for the image of the Functions platform, from any machine and from exactly the crates
/// that `Cargo.lock` names. The commit becomes part of what `handler --version` prints.
pub(crate) fn build_handler_for_azure(
    repository_root: &Path,
    profile: Profile,
    commit: Option<&str>,
) -> Result<PathBuf, BuildError> {
    let mut version = Command::new("cargo-zigbuild");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return Err(BuildError::NoZigbuild);
    }
    let mut command = cargo(repository_root, "zigbuild");
    command.args(["--locked", "--target", &format!("{AZURE}.{}", glibc::NEWEST)]);
    // what the caller's environment says is no fact about these files
    command.env("HANDLER_COMMIT", commit.unwrap_or_default());
    reproducible(&mut command);
    build(command, profile)
}

/// The same commit becomes the same bytes whenever and in whoever's home it is built: the sources of dependencies, whose
/// paths panics and AWS-LC's errors name, are below `/cargo`, and mimalloc names the beginning of time as that of its build.
#[expect(clippy::disallowed_methods, reason = "where cargo keeps its files; this is no setting of the product")]
fn reproducible(command: &mut Command) {
    let home = std::env::home_dir().map(|home| home.join(".cargo"));
    if let Some(cargo) = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home) {
        let cargo = cargo.display();
        command.env("CARGO_ENCODED_RUSTFLAGS", format!("--remap-path-prefix={cargo}=/cargo"));
        // quoted, as a shell would read it: the name of a home may hold a space
        command.env("CFLAGS", format!("'-ffile-prefix-map={cargo}=/cargo'")).env("CC_SHELL_ESCAPED_FLAGS", "1");
    }
    command.env("SOURCE_DATE_EPOCH", "0");
}

/// The commit that is built, marked where files differ from it; `None` where Git can't tell.
pub(crate) fn commit(repository_root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(repository_root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let is_clean = git(&["status", "--porcelain"])?.is_empty();
    Some(if is_clean { commit } else { format!("{commit}-modified") })
}

fn build(mut command: Command, profile: Profile) -> Result<PathBuf, BuildError> {
    command.args(["--bin", "handler", "--message-format=json-render-diagnostics"]);
    if profile == Profile::Release {
        // by itself: what is deployed has the features that the handler asks for, not those of the lab too
        command.args(["--release", "--package", "handler"]);
    }
    let mut cargo = command.stdout(Stdio::piped()).spawn().map_err(BuildError::Cargo)?;
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
pub(crate) fn cargo(repository_root: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.arg(subcommand).current_dir(repository_root);
    command
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
