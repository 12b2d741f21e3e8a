//! The zip that is deployed: the same bytes from the same files, on every OS and every day.
//!
//! Entries are sorted, all of 1980-01-01 (a zip knows nothing earlier), compressed by one pure-Rust compressor, and written
//! as by Unix, so that Azure reads the execute bit even of a zip made on Windows. `local.settings.json` stays behind: what
//! a developer wrote there is not for others.

use std::fs;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::{Package, PackageError, at};

/// Everybody reads and executes: the platform mounts the zip read-only, owned by somebody else.
const EXECUTABLE: u32 = 0o755;
const FILE: u32 = 0o644;

/// The package's files as a zip.
pub(super) fn archive(package: &Package) -> Result<Vec<u8>, PackageError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in package.files() {
        let path = package.root().join(&name);
        let mode = if name == package.executable_name() { EXECUTABLE } else { FILE };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default())
            .system(System::Unix)
            .unix_permissions(mode);
        zip.start_file(name, options)?;
        zip.write_all(&fs::read(&path).map_err(at(&path))?).map_err(at(&path))?;
    }
    Ok(zip.finish()?.into_inner())
}
