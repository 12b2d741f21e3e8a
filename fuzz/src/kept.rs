//! The corpus that is kept beside this crate.

use std::{fs, path::Path};

/// Judges every kept input of a target. Some must be accepted and some refused, or the rules were put to nothing.
#[track_caller]
pub fn replay(target: &str, judge: fn(&[u8]) -> bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("fuzz/corpus").is_dir());
    let folder = root.unwrap().join("fuzz/corpus").join(target);
    let inputs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let accepted = inputs.iter().filter(|path| judge(&fs::read(path).unwrap())).count();
    assert!((1..inputs.len()).contains(&accepted), "{target}: {accepted} of {} were accepted", inputs.len());
}
