//! `cargo xtask`: see `cargo xtask --help`.

mod arguments;

use std::{io, process::ExitCode};

use arguments::{Chore, HELP, PackageArguments, Target};
use xtask::{
    Package,
    call::{self, Command, Surroundings},
};

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Chore::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Chore::Call(command)) => call(command),
        Ok(Chore::Package(arguments)) => match package(&arguments) {
            Ok(package) => {
                describe(&package, &arguments.target);
                ExitCode::SUCCESS
            }
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

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

#[expect(clippy::disallowed_methods, reason = "the caller's token; this is no setting of the product")]
fn surroundings() -> Surroundings {
    let lab = xtask::repository_root().join("target").join("lab").join("tokens.sh");
    Surroundings { token: std::env::var("TOKEN").ok(), lab }
}

fn package(arguments: &PackageArguments) -> Result<Package, Box<dyn std::error::Error>> {
    let root = xtask::repository_root();
    let binary = match arguments.target {
        Target::Native => xtask::build_handler(root, arguments.profile)?,
        Target::Azure => xtask::build_handler_for_azure(root, arguments.profile)?,
    };
    let destination = arguments.destination.clone().unwrap_or_else(|| root.join("dist").join("package"));
    let package = xtask::stage(root, &binary, &destination)?;
    if arguments.target == Target::Azure {
        let needed = package.fits_azure()?;
        println!("The binary is for Linux on x86-64 and needs glibc {needed}.");
    }
    Ok(package)
}

fn describe(package: &Package, target: &Target) {
    let root = package.root().display();
    println!("Packaged {root}");
    println!("  host.json");
    println!("  {}", package.executable_name());
    for function in package.functions() {
        println!("  {function}/function.json");
    }
    match target {
        Target::Azure => println!("\nNext: cd {root} && func azure functionapp publish <app> --no-build"),
        Target::Native => {
            if !package.has_local_settings() {
                println!("\nCopy local.settings.sample.json to {root}/local.settings.json and fill it in.");
            }
            println!("\nNext: func start --script-root {root}");
        }
    }
}
