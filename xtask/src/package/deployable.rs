//! What leaves this machine: built, staged, verified, and described so that whoever receives it can verify it again.
//!
//! ```text
//! dist/package/           what `func` and azd publish
//! dist/handler.zip        the same, for a release
//! dist/handler.cdx.json   which crates are in it
//! dist/SHA256SUMS         of these two, for `sha256sum --check`
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest as hash};

use super::archive::archive;
use super::bill_of_materials::{BillOfMaterialsError, Subject, bill_of_materials, linked_crates};
use super::glibc::{UnfitBinary, Version};
use super::{Package, StageError, at, stage};
use crate::build::{self, BuildError, Profile, build_handler_for_azure};

/// A stripped release build has about a third of this; a larger one has something in it that nobody meant to deploy.
const LARGEST_HANDLER: u64 = 32 * 1024 * 1024;

/// Why there is nothing to deploy. Whoever packages must act; the message says how.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The handler could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The folder could not be staged, or a file beside it not be written.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The binary would not start on the image.
    #[error("the binary does not fit Azure: {0}")]
    Unfit(#[from] UnfitBinary),
    /// The binary is too large to be a release build.
    #[error("{} has {bytes} bytes, more than {LARGEST_HANDLER}: was it built with `[profile.release]`?", path.display())]
    Size {
        /// The binary.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The crates in it could not be listed.
    #[error(transparent)]
    BillOfMaterials(#[from] BillOfMaterialsError),
    /// The zip could not be written.
    #[error("the zip could not be written: {0}")]
    Archive(#[from] zip::result::ZipError),
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Relative to the folder that holds the package, with `/` on every OS.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// What can be deployed; made only after everything in it was verified.
#[derive(Debug)]
pub struct Deployable {
    /// The staged folder.
    pub package: Package,
    /// The package's files, then the zip, the bill of materials and the checksums.
    pub files: Vec<Made>,
    /// The newest glibc that the binary needs.
    pub glibc: Version,
    /// The commit it was built from, where Git knows.
    pub commit: Option<String>,
}

/// Builds the handler for Azure and stages it into `destination`, with its zip, its bill of materials and their checksums
/// beside that folder.
pub fn package_for_azure(
    repository_root: &Path,
    profile: Profile,
    destination: &Path,
) -> Result<Deployable, PackageError> {
    let commit = build::commit(repository_root);
    let binary = build_handler_for_azure(repository_root, profile, commit.as_deref())?;
    let package = stage(repository_root, &binary, destination)?;
    let glibc = package.fits_azure()?;
    let files = describe(repository_root, &package, profile, &linked_crates(repository_root)?, commit.as_deref())?;
    Ok(Deployable { package, files, glibc, commit })
}

/// Writes the zip, the bill and the checksums beside the package.
pub(super) fn describe(
    repository_root: &Path,
    package: &Package,
    profile: Profile,
    tree: &str,
    commit: Option<&str>,
) -> Result<Vec<Made>, PackageError> {
    let folder = last_name(package.root());
    let mut files = Vec::new();
    for name in package.files() {
        let path = package.root().join(&name);
        files.push(made(format!("{folder}/{name}"), &fs::read(&path).map_err(at(&path))?));
    }
    let path = package.root().join(package.executable_name());
    let handler = fs::read(&path).map_err(at(&path))?;
    let bytes = handler.len() as u64;
    if profile == Profile::Release && bytes > LARGEST_HANDLER {
        return Err(PackageError::Size { path, bytes });
    }
    let lock = repository_root.join("Cargo.lock");
    let lock = fs::read_to_string(&lock).map_err(at(&lock))?;
    let bill = bill_of_materials(tree, &lock, &Subject { commit, sha256: &digest(&handler) })?;

    let beside = |name: &str| package.root().with_file_name(name);
    let archive = write(&beside("handler.zip"), &archive(package)?)?;
    let bill = write(&beside("handler.cdx.json"), format!("{bill:#}\n").as_bytes())?;
    let sums = [&archive, &bill].map(|file| format!("{}  {}\n", file.sha256, file.name)).concat();
    files.extend([archive, bill, write(&beside("SHA256SUMS"), sums.as_bytes())?]);
    Ok(files)
}

fn write(path: &Path, content: &[u8]) -> Result<Made, StageError> {
    fs::write(path, content).map_err(at(path))?;
    Ok(made(last_name(path), content))
}

fn made(name: String, content: &[u8]) -> Made {
    Made { name, size: content.len() as u64, sha256: digest(content) }
}

fn digest(content: &[u8]) -> String {
    hash(&SHA256, content).as_ref().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

fn last_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
