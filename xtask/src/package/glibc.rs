//! Whether a binary runs on the image of the Functions platform: Linux x86-64 with an old glibc.
//!
//! A program that needs a newer glibc than its image has does not start, and the platform says little about why. So it is
//! read here, from the binary's own table of needed versions, the same on every OS.

use std::{fmt, path::Path, str::FromStr};

use object::{
    Architecture, BinaryFormat, Object as _,
    read::elf::{ElfFile64, SectionHeader as _},
};

/// The newest glibc that a deployed binary may need: that of the oldest image a Functions app may run on.
pub(crate) const NEWEST: Version = Version { major: 2, minor: 28, patch: 0 };

/// A version of glibc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Why a binary can't run there. Whoever packages must act.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnfitBinary {
    /// It can't be read as a program at all.
    #[error("it is no program for Linux: {0}")]
    Unreadable(String),
    /// It is for another machine.
    #[error("it is for {0}, not for Linux on x86-64")]
    OtherMachine(String),
    /// The image's glibc is older.
    #[error("it needs glibc {needed}, and the image has {NEWEST}: build it with cargo-zigbuild")]
    NewerGlibc {
        /// By its table of needed versions.
        needed: Version,
    },
}

/// The newest version of glibc that the binary at `path` needs, if it may run on the image.
pub(crate) fn judge(path: &Path) -> Result<Version, UnfitBinary> {
    let data = std::fs::read(path).map_err(|error| UnfitBinary::Unreadable(error.to_string()))?;
    let needed = needed(&data)?;
    if needed > NEWEST { Err(UnfitBinary::NewerGlibc { needed }) } else { Ok(needed) }
}

fn needed(data: &[u8]) -> Result<Version, UnfitBinary> {
    let unreadable = |error: object::Error| UnfitBinary::Unreadable(error.to_string());
    let any = object::File::parse(data).map_err(unreadable)?;
    if (any.format(), any.architecture()) != (BinaryFormat::Elf, Architecture::X86_64) {
        return Err(UnfitBinary::OtherMachine(format!("{:?} on {:?}", any.format(), any.architecture())));
    }
    let file = ElfFile64::<object::Endianness>::parse(data).map_err(unreadable)?;
    newest_glibc(&file, data).map_err(unreadable)
}

/// Nothing needed is version 0: a static binary runs anywhere.
fn newest_glibc(file: &ElfFile64<'_, object::Endianness>, data: &[u8]) -> object::Result<Version> {
    let (endian, sections) = (file.endian(), file.elf_section_table());
    let mut newest = Version::default();
    for section in sections.iter() {
        let Some((mut needs, link)) = section.gnu_verneed(endian, data)? else { continue };
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut versions)) = needs.next()? {
            while let Some(version) = versions.next()? {
                let name = String::from_utf8_lossy(version.name(endian, strings)?);
                newest = newest.max(name.parse().unwrap_or_default());
            }
        }
    }
    Ok(newest)
}

impl FromStr for Version {
    type Err = ();

    /// `GLIBC_2.28`, `GLIBC_2.2.5`. Private symbols and other libraries' versions are none.
    fn from_str(name: &str) -> Result<Self, ()> {
        let mut numbers = name.strip_prefix("GLIBC_").ok_or(())?.split('.').map(str::parse);
        let mut next = || numbers.next().unwrap_or(Ok(0)).map_err(drop);
        Ok(Self { major: next()?, minor: next()?, patch: next()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        match patch {
            0 => write!(formatter, "{major}.{minor}"),
            patch => write!(formatter, "{major}.{minor}.{patch}"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Proves how a binary is read and judged. Only a deployment shows which glibc the image has today.

    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |name: &str| name.parse::<Version>();
        assert!(version("GLIBC_2.2.5") < version("GLIBC_2.28"));
        assert!(version("GLIBC_2.9").unwrap() < version("GLIBC_2.28").unwrap());
        assert_eq!(version("GLIBC_2.28").unwrap(), NEWEST);
        assert_eq!(version("GLIBC_2.2.5").unwrap().to_string(), "2.2.5");
        for other in ["GLIBC_PRIVATE", "GCC_3.0", "2.28", ""] {
            assert_eq!(version(other), Err(()), "{other}");
        }
    }

    #[test]
    fn what_is_no_program_for_linux_is_refused() {
        assert!(matches!(needed(b""), Err(UnfitBinary::Unreadable(_))));
        assert!(matches!(needed(b"#!/bin/sh"), Err(UnfitBinary::Unreadable(_))));
        let mut program = vec![0; 512];
        program[..4].copy_from_slice(b"MZ\0\0");
        assert!(needed(&program).is_err());
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    #[test]
    fn a_program_of_this_machine_names_the_glibc_it_needs() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(needed(&program).unwrap() >= "GLIBC_2.2.5".parse().unwrap());
    }
}
