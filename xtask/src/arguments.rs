//! The command line, read by hand: one chore and four options do not earn a dependency.

use std::ffi::OsString;
use std::path::PathBuf;

use xtask::{Profile, call};

pub(crate) const HELP: &str = "\
Chores of the repository.

Usage: cargo xtask package [--native] [--release | --debug] [--out <folder>]
       cargo xtask capacity [--people <n>[,<n>…]] [--calls <per hour>] [--units <per call>] [--instances <n>]
       cargo xtask call --help
       cargo xtask --help

capacity  computes what so many people cause in their busiest hour: instances, exchanges at Entra, units of Cost
          Management, euros; by formula and by simulation. docs/capacity.md explains the table.
call      asks a server, with a token of a person, and explains what it answers; it has a help of its own.
package   builds the handler and stages the folder that the Functions host runs and that is deployed: host.json, one
          folder for each function, and the binary. The folder is emptied first if an earlier run made it; its
          local.settings.json is kept. For Azure it also makes, beside that folder: handler.zip, handler.cdx.json (its
          bill of materials, CycloneDX) and SHA256SUMS.

  --native        for this machine and `func start`; without it for Azure (Linux x86-64, glibc 2.28), which needs
                  cargo-zigbuild: pip install cargo-zigbuild ziglang
  --release       optimised (the default)
  --debug         fast to build
  --out <folder>  where to; the default is dist/package in the repository

  --people <n>,…  columns of the table; 100,1000,10000,100000 if left out
  --calls <n>     cost questions of a person in the busiest hour; 1
  --units <n>     what a question costs at Azure, one for each month of data; 1
  --instances <n> of the server; as many as the calls need

Exit codes: 0 done, 1 failed, 2 the command line was not understood.
";

#[derive(PartialEq)]
pub(crate) enum Chore {
    Help,
    Call(call::Command),
    Capacity(CapacityArguments),
    Package(PackageArguments),
}

#[derive(Debug, PartialEq)]
pub(crate) struct CapacityArguments {
    /// A column for each.
    pub(crate) people: Vec<u32>,
    /// Of a person, in the busiest hour.
    pub(crate) calls_per_hour: f64,
    /// Of Cost Management.
    pub(crate) units_per_call: f64,
    /// `None` for as many as the calls need.
    pub(crate) instances: Option<u32>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PackageArguments {
    pub(crate) target: Target,
    pub(crate) profile: Profile,
    /// Relative to where the command was typed; `None` for `dist/package` of the repository.
    pub(crate) destination: Option<PathBuf>,
}

/// What the binary must run on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Azure,
    Native,
}

/// The command line was not understood: whoever typed it must act.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum UsageError {
    #[error("no chore was named")]
    NoChore,
    #[error("there is no chore `{}`", .0.display())]
    UnknownChore(OsString),
    #[error("`package` has no option `{}`", .0.display())]
    UnknownOption(OsString),
    #[error("--release and --debug exclude each other")]
    TwoProfiles,
    #[error("--out needs a folder")]
    NoDestination,
    #[error("`{0}` needs a number above 0, or a list of whole ones for --people (a million at most)")]
    NoNumber(&'static str),
    #[error("`capacity` has no option `{}`", .0.display())]
    UnknownCapacityOption(OsString),
    #[error(transparent)]
    Call(#[from] call::UsageError),
}

pub(crate) fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Chore, UsageError> {
    let chore = arguments.next().ok_or(UsageError::NoChore)?;
    match chore.to_str() {
        Some("--help" | "-h" | "help") => Ok(Chore::Help),
        Some("call") => Ok(Chore::Call(call::Command::parse(arguments)?)),
        Some("capacity") => parse_capacity(arguments),
        Some("package") => parse_package(arguments),
        _ => Err(UsageError::UnknownChore(chore)),
    }
}

fn parse_package(mut arguments: impl Iterator<Item = OsString>) -> Result<Chore, UsageError> {
    let mut target = Target::Azure;
    let mut profile = None;
    let mut destination = None;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Chore::Help),
            Some("--native") => target = Target::Native,
            Some("--release") => choose(&mut profile, Profile::Release)?,
            Some("--debug") => choose(&mut profile, Profile::Debug)?,
            Some("--out") => {
                let folder = arguments.next().filter(|folder| !folder.is_empty()).ok_or(UsageError::NoDestination)?;
                destination = Some(folder.into());
            }
            _ => return Err(UsageError::UnknownOption(argument)),
        }
    }
    Ok(Chore::Package(PackageArguments { target, profile: profile.unwrap_or(Profile::Release), destination }))
}

fn parse_capacity(mut arguments: impl Iterator<Item = OsString>) -> Result<Chore, UsageError> {
    let mut chosen = CapacityArguments {
        people: vec![100, 1_000, 10_000, 100_000],
        calls_per_hour: 1.0,
        units_per_call: 1.0,
        instances: None,
    };
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Chore::Help),
            Some("--people") => chosen.people = people(arguments.next()).ok_or(UsageError::NoNumber("--people"))?,
            Some("--calls") => chosen.calls_per_hour = rate(arguments.next()).ok_or(UsageError::NoNumber("--calls"))?,
            Some("--units") => chosen.units_per_call = rate(arguments.next()).ok_or(UsageError::NoNumber("--units"))?,
            Some("--instances") => {
                let count = arguments.next().and_then(|it| it.to_str()?.parse().ok());
                chosen.instances =
                    Some(count.filter(|it| (1..=1_000).contains(it)).ok_or(UsageError::NoNumber("--instances"))?);
            }
            _ => return Err(UsageError::UnknownCapacityOption(argument)),
        }
    }
    Ok(Chore::Capacity(chosen))
}

/// Bounded, so that the simulation ends within seconds.
fn rate(value: Option<OsString>) -> Option<f64> {
    value?.to_str()?.parse().ok().filter(|rate: &f64| *rate > 0.0 && *rate <= 1_000.0)
}

fn people(value: Option<OsString>) -> Option<Vec<u32>> {
    let list = value?;
    list.to_str()?.split(',').map(|it| it.trim().parse().ok().filter(|count| (1..=1_000_000).contains(count))).collect()
}

fn choose(profile: &mut Option<Profile>, choice: Profile) -> Result<(), UsageError> {
    match profile.replace(choice) {
        Some(earlier) if earlier != choice => Err(UsageError::TwoProfiles),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    //! Proves what each command line means. Nothing here needs Azure.
    use super::*;

    fn read(line: &str) -> Result<Chore, UsageError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[track_caller]
    fn assert_packages(line: &str, target: Target, profile: Profile, destination: Option<&str>) {
        let destination = destination.map(PathBuf::from);
        assert!(read(line) == Ok(Chore::Package(PackageArguments { target, profile, destination })), "{line}");
    }

    #[test]
    fn options_come_in_any_order_and_release_is_the_default() {
        assert_packages("package", Target::Azure, Profile::Release, None);
        assert_packages("package --native", Target::Native, Profile::Release, None);
        assert_packages("package --debug --out here --native", Target::Native, Profile::Debug, Some("here"));
        assert_packages("package --native --release --release", Target::Native, Profile::Release, None);
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for line in ["--help", "-h", "help", "package --help", "package --native -h"] {
            assert!(read(line) == Ok(Chore::Help), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            ("", UsageError::NoChore),
            ("deploy", UsageError::UnknownChore("deploy".into())),
            ("package --nativ", UsageError::UnknownOption("--nativ".into())),
            ("package dist", UsageError::UnknownOption("dist".into())),
            ("package --release --debug", UsageError::TwoProfiles),
            ("package --native --out", UsageError::NoDestination),
            ("capacity --calls many", UsageError::NoNumber("--calls")),
            ("capacity --people 0", UsageError::NoNumber("--people")),
            ("capacity --instances 0", UsageError::NoNumber("--instances")),
            ("capacity all", UsageError::UnknownCapacityOption("all".into())),
            ("call --native", UsageError::Call(call::UsageError::UnknownOption(1))),
        ];
        for (line, expected) in cases {
            assert!(read(line) == Err(expected), "{line}");
        }
    }
}
