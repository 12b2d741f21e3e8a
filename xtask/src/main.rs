//! `cargo xtask`: see `cargo xtask --help`.

mod arguments;

use std::{io, path::Path, process::ExitCode};

use arguments::{CapacityArguments, Chore, HELP, PackageArguments, Target};
use xtask::{
    Deployable, Package,
    call::{self, Command, Surroundings},
    capacity::Assumptions,
};

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Chore::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Chore::Call(command)) => call(command),
        Ok(Chore::Capacity(arguments)) => {
            print!("{}", capacity(&arguments));
            ExitCode::SUCCESS
        }
        Ok(Chore::Package(arguments)) => match package(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn call(command: Command) -> ExitCode {
    let Command::Call(arguments) = command else {
        print!("{}", call::HELP);
        return ExitCode::SUCCESS;
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => match runtime.block_on(call::run(*arguments, &surroundings(), &mut io::stderr())) {
            Ok(report) => {
                print!("{}", report.answer);
                eprint!("{}", report.advice);
                ExitCode::from(report.ending as u8)
            }
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

fn capacity(arguments: &CapacityArguments) -> String {
    let assumptions = Assumptions {
        calls_per_hour: arguments.calls_per_hour,
        units_per_call: arguments.units_per_call,
        ..Assumptions::default()
    };
    xtask::capacity::report(&arguments.people, arguments.instances, &assumptions)
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

#[expect(clippy::disallowed_methods, reason = "the caller's token; this is no setting of the product")]
fn surroundings() -> Surroundings {
    let lab = xtask::repository_root().join("target").join("lab").join("tokens.sh");
    Surroundings { token: std::env::var("TOKEN").ok(), lab }
}

fn package(arguments: &PackageArguments) -> Result<(), Box<dyn std::error::Error>> {
    let root = xtask::repository_root();
    let destination = arguments.destination.clone().unwrap_or_else(|| root.join("dist").join("package"));
    match arguments.target {
        Target::Native => {
            let binary = xtask::build_handler(root, arguments.profile)?;
            describe_native(&xtask::stage(root, &binary, &destination)?);
        }
        Target::Azure => describe(&xtask::package_for_azure(root, arguments.profile, &destination)?),
    }
    Ok(())
}

fn describe(made: &Deployable) {
    let folder = made.package.root();
    println!("Packaged {}", folder.display());
    println!("  commit  {}", made.commit.as_deref().unwrap_or("unknown: not a Git repository"));
    println!("  needs   Linux on x86-64 with glibc {} or newer\n", made.glibc);
    println!("{:<36} {:>10}  sha256", "file", "bytes");
    for file in &made.files {
        println!("{:<36} {:>10}  {}", file.name, file.size, file.sha256);
    }
    let zip = folder.parent().unwrap_or(Path::new("")).join("handler.zip");
    println!("\nNext, one of:");
    println!("  cd {} && func azure functionapp publish <app> --no-build", folder.display());
    println!(
        "  az functionapp deployment source config-zip --resource-group <group> --name <app> --src {}",
        zip.display()
    );
}

fn describe_native(package: &Package) {
    let root = package.root().display();
    println!("Packaged {root}, for this machine");
    for file in package.files() {
        println!("  {file}");
    }
    if !package.has_local_settings() {
        println!("\nCopy local.settings.sample.json to {root}/local.settings.json and fill it in.");
    }
    println!("\nNext: func start --script-root {root}");
}
