//! What may lie in a package, and what its files must say.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{StageError, at};

/// The one name: `host.json`, the zip entry that gets its execute bit, and the file must agree on it.
const HANDLER: &str = "handler";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    HostJson,
    /// The binary, and the name it was staged under.
    Handler(String),
    LocalSettings,
    /// A folder that holds a `function.json` and nothing else.
    Function(String),
    Stray,
}

/// The file name of a staged binary. `host.json` says `handler` everywhere; a binary for Windows must keep its extension
/// to be started, and its developer overrides the setting.
pub(super) fn handler_file_name(binary: &Path) -> String {
    let is_for_windows = binary.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("exe"));
    format!("{HANDLER}{}", if is_for_windows { ".exe" } else { "" })
}

/// The direct children of a folder and what they are; symbolic links are strays, so that nothing outside is touched.
pub(super) fn entries(folder: &Path) -> Result<Vec<(PathBuf, Entry)>, StageError> {
    let mut entries = Vec::new();
    for child in fs::read_dir(folder).map_err(at(folder))? {
        let child = child.map_err(at(folder))?;
        let kind = child.file_type().map_err(at(&child.path()))?;
        let name = child.file_name().to_string_lossy().into_owned();
        let entry = match name.as_str() {
            "host.json" if kind.is_file() => Entry::HostJson,
            "local.settings.json" if kind.is_file() => Entry::LocalSettings,
            HANDLER | "handler.exe" if kind.is_file() => Entry::Handler(name),
            _ if kind.is_dir() && holds_only_function_json(&child.path())? => Entry::Function(name),
            _ => Entry::Stray,
        };
        entries.push((child.path(), entry));
    }
    Ok(entries)
}

fn holds_only_function_json(folder: &Path) -> Result<bool, StageError> {
    let children = fs::read_dir(folder).map_err(at(folder))?.collect::<Result<Vec<_>, _>>().map_err(at(folder))?;
    Ok(matches!(children.as_slice(), [only] if only.file_name() == "function.json" && only.path().is_file()))
}

/// Refuses a `host.json` that the Functions host would refuse or that names another binary.
pub(super) fn read_host_json(path: &Path) -> Result<(), StageError> {
    let host = read_json(path)?;
    if host.get("version").and_then(Value::as_str) != Some("2.0") {
        return Err(invalid(path, &"`version` must be \"2.0\""));
    }
    let executable = host.pointer("/customHandler/description/defaultExecutablePath").and_then(Value::as_str);
    if executable != Some(HANDLER) {
        return Err(invalid(path, &"`customHandler.description.defaultExecutablePath` must be \"handler\", exactly"));
    }
    Ok(())
}

/// Refuses a `function.json` that the Functions host would report and skip.
pub(super) fn read_function(path: &Path) -> Result<(), StageError> {
    match read_json(path)?.get("bindings").and_then(Value::as_array) {
        Some(bindings) if !bindings.is_empty() => Ok(()),
        _ => Err(invalid(path, &"`bindings` must be a list with at least one binding")),
    }
}

fn read_json(path: &Path) -> Result<Value, StageError> {
    let text = fs::read_to_string(path).map_err(at(path))?;
    serde_json::from_str(&text).map_err(|error| invalid(path, &error))
}

fn invalid(path: &Path, problem: &dyn ToString) -> StageError {
    StageError::Invalid { path: path.to_owned(), problem: problem.to_string() }
}
