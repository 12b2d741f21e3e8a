//! Stages the folder that the Functions host runs and that is deployed.
//!
//! ```text
//! package/host.json
//!         handler                     mode 0755, named by host.json
//!         mcp/function.json           one folder for each function, at the root: the host looks nowhere else
//!         local.settings.json         only if a developer put it there; never deleted, never deployed
//! ```
//!
//! [`package_for_azure`] makes of it what is deployed. A folder is emptied only if everything in it is of this shape. A
//! [`Package`] exists only after the staged folder was read back and found right.

mod archive;
mod bill_of_materials;
mod deployable;
pub(crate) mod glibc;
mod layout;

use std::fs;
use std::path::{Path, PathBuf};

pub use bill_of_materials::BillOfMaterialsError;
pub use deployable::{Deployable, Made, PackageError, package_for_azure};

use layout::{Entry, entries, handler_file_name, read_function, read_host_json};

/// A folder that the Functions host can run: made only by [`stage`] and [`Package::open`], which verify it.
#[derive(Debug)]
pub struct Package {
    root: PathBuf,
    executable_name: String,
    functions: Vec<String>,
    has_local_settings: bool,
}

/// Why there is no package. Whoever packages must act; the message says how.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A file cannot be read or written: missing, no permission, disk full.
    #[error("{} cannot be read or written: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A Functions file is broken.
    #[error("{} is not usable: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The destination holds something that no earlier run put there, so it is not emptied.
    #[error(
        "{} was not made by packaging, so nothing beside it is deleted: choose another folder or empty this one yourself",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// The package holds something the Functions host does not need.
    #[error("{} does not belong in a package", .0.display())]
    Stray(PathBuf),
    /// The binary could not be started from the package: it lost its execute bit.
    #[error("{} has mode {mode:o} instead of 755: does this file system keep modes?", path.display())]
    Mode {
        /// The binary.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Stages `host.json` and `function-defs/` of the repository and the binary into `destination`, and verifies the
/// result.
///
/// Nothing is deleted before the sources are known to be there and the destination to be a package or empty.
pub fn stage(repository_root: &Path, handler_binary: &Path, destination: &Path) -> Result<Package, StageError> {
    let host_json = repository_root.join("host.json");
    read_host_json(&host_json)?;
    let functions = definitions(&repository_root.join("function-defs"))?;
    fs::metadata(handler_binary).map_err(at(handler_binary))?;

    empty(destination)?;
    // host.json comes first and goes last: whatever interrupts this, the folder is still known as ours
    copy(&host_json, &destination.join("host.json"))?;
    for (name, definition) in functions {
        let folder = destination.join(name);
        fs::create_dir(&folder).map_err(at(&folder))?;
        copy(&definition, &folder.join("function.json"))?;
    }
    let binary = destination.join(handler_file_name(handler_binary));
    copy(handler_binary, &binary)?;
    make_executable(&binary)?;
    Package::open(destination)
}

impl Package {
    /// Reads a staged folder and verifies it: `host.json` and every `function.json` parse, the binary is there under
    /// the name that `host.json` gives it and can be executed, and there is nothing else.
    pub fn open(root: &Path) -> Result<Self, StageError> {
        read_host_json(&root.join("host.json"))?;
        let mut functions = Vec::new();
        let mut executables = Vec::new();
        let mut has_local_settings = false;
        for (path, entry) in entries(root)? {
            match entry {
                Entry::HostJson => {}
                Entry::Handler(name) => executables.push(name),
                Entry::LocalSettings => has_local_settings = true,
                Entry::Function(name) => {
                    read_function(&path.join("function.json"))?;
                    functions.push(name);
                }
                Entry::Stray => return Err(StageError::Stray(path)),
            }
        }
        if functions.is_empty() {
            return Err(StageError::Invalid { path: root.to_owned(), problem: "it has no functions".to_owned() });
        }
        let Ok([executable_name]) = <[String; 1]>::try_from(executables) else {
            let problem = "it must have one binary, `handler` or `handler.exe`".to_owned();
            return Err(StageError::Invalid { path: root.to_owned(), problem });
        };
        verify_mode(&root.join(&executable_name))?;
        functions.sort_unstable();
        Ok(Self { root: root.to_owned(), executable_name, functions, has_local_settings })
    }

    /// The folder: the host's script root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the binary runs on the image of the Functions platform; the glibc that it needs.
    ///
    /// # Errors
    /// What keeps it from running there.
    pub fn fits_azure(&self) -> Result<glibc::Version, glibc::UnfitBinary> {
        glibc::judge(&self.root.join(&self.executable_name))
    }

    /// The names of the functions, in alphabetical order.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.functions
    }

    /// The file name of the binary: `handler`, with `.exe` where it was built for Windows.
    #[must_use]
    pub fn executable_name(&self) -> &str {
        &self.executable_name
    }

    /// The files that are deployed, relative to the root with `/` on every OS, in alphabetical order.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let functions = self.functions.iter().map(|function| format!("{function}/function.json"));
        let mut files: Vec<_> = functions.chain(["host.json".to_owned(), self.executable_name.clone()]).collect();
        files.sort_unstable();
        files
    }

    /// Whether a developer has put a `local.settings.json` into it.
    #[must_use]
    pub fn has_local_settings(&self) -> bool {
        self.has_local_settings
    }
}

/// The functions' names and their files. A `README.md` beside the folders is no function and stays behind.
fn definitions(folder: &Path) -> Result<Vec<(String, PathBuf)>, StageError> {
    let mut functions = Vec::new();
    for (path, entry) in entries(folder)? {
        match entry {
            Entry::Function(name) => {
                let definition = path.join("function.json");
                read_function(&definition)?;
                functions.push((name, definition));
            }
            _ if path.is_dir() => return Err(StageError::Stray(path)),
            _ => {}
        }
    }
    Ok(functions)
}

/// Creates the folder, or deletes what an earlier run left in it.
fn empty(destination: &Path) -> Result<(), StageError> {
    fs::create_dir_all(destination).map_err(at(destination))?;
    let entries = entries(destination)?;
    let is_package = entries.iter().any(|(_, entry)| *entry == Entry::HostJson);
    if let Some((path, _)) = entries.iter().find(|(_, entry)| !is_package || *entry == Entry::Stray) {
        return Err(StageError::NotOurs(path.clone()));
    }
    for (path, entry) in entries {
        match entry {
            Entry::Function(_) => fs::remove_dir_all(&path).map_err(at(&path))?,
            Entry::Handler(_) => fs::remove_file(&path).map_err(at(&path))?,
            // host.json is overwritten, so that the folder never stops being known as ours
            Entry::HostJson | Entry::LocalSettings | Entry::Stray => {}
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), StageError> {
    fs::copy(from, to).map(drop).map_err(at(from))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), StageError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(at(path))
}

#[cfg(unix)]
fn verify_mode(path: &Path) -> Result<(), StageError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(at(path))?.permissions().mode() & 0o777;
    if mode == 0o755 { Ok(()) } else { Err(StageError::Mode { path: path.to_owned(), mode }) }
}

/// Windows decides by the file name.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn make_executable(_path: &Path) -> Result<(), StageError> {
    Ok(())
}

#[cfg(not(unix))]
fn verify_mode(path: &Path) -> Result<(), StageError> {
    fs::metadata(path).map(drop).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> StageError {
    |source| StageError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
