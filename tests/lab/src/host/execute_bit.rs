//! The execute bit of the handler in Azure: a zip may have lost it, and the host sets it before it starts the handler.
//!
//! Only a deployment shows whether the package is mounted in a way that lets it.

use std::path::Path;

use super::HostError;

/// The handler without the bit, as it would come out of such a zip, and then with the bits that the host adds.
#[cfg(unix)]
pub(super) fn lose_and_set(executable: &Path) -> Result<(), HostError> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let at = |error| HostError::ExecuteBit { path: executable.to_owned(), error };
    // a copy, because the file may be a link to one that others run
    let unpacked = executable.with_extension("unpacked");
    fs::copy(executable, &unpacked).map_err(at)?;
    fs::set_permissions(&unpacked, Permissions::from_mode(0o644)).map_err(at)?;
    fs::rename(&unpacked, executable).map_err(at)?;
    fs::set_permissions(executable, Permissions::from_mode(0o755)).map_err(at)
}

/// There is none.
#[cfg(not(unix))]
pub(super) fn lose_and_set(_: &Path) -> Result<(), HostError> {
    Ok(())
}
