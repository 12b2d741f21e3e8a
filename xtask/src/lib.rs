//! Chores of the repository, the same on every OS: no shell, nothing to install.
//!
//! The lab stages the handler with the same [`stage`] as the command line does, so what the tests run is what is
//! deployed.

mod build;
pub mod call;
pub mod capacity;
mod package;

pub use build::{BuildError, Profile, build_handler};
pub use package::{
    BillOfMaterialsError, Deployable, Made, Package, PackageError, StageError,
    glibc::{UnfitBinary, Version},
    package_for_azure, stage,
};

use std::path::Path;

/// The root of the repository this was built from.
#[must_use]
pub fn repository_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
