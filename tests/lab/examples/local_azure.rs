//! A local Azure for a program in another language, which starts this as its child.
//!
//! The first line on stdout is a JSON object of settings by the names the handler and Microsoft's libraries read. Then
//! every line on stdin is an order, to a person or to an administrator of the tenant, and is answered with one line of
//! JSON. The end of stdin ends it. There is no way in but this pipe: who can only reach the ports can't change the lab.

use std::{
    io::{self, BufRead, Write},
    process::ExitCode,
};

use lab::{
    Lab, LabError,
    entra::EntraError,
    fault::{Fault, Faults, RetryAfter},
    key_vault::ContentType,
    people::{self, Person},
};
use serde_json::{Value, json};

const ORDERS: &str = "\
  token PERSON [mfa|expired]           exchanges PERSON
  consent withdraw|grant               policy mfa|block|none
  revoke PERSON                        registration remove|add
  vault rotate|forbid|permit|forbid-signing|exportable|not-exportable|pkcs12|pem|remove
  throttle entra|vault|identity COUNT SECONDS
";

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("there is no such order; these are:\n{ORDERS}")]
    Unknown,
    #[error(transparent)]
    Lab(#[from] LabError),
    #[error(transparent)]
    Entra(#[from] EntraError),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let lab = runtime.block_on(Lab::start())?;
    let mut answers = io::stdout().lock();
    writeln!(answers, "{}", settings(&lab))?;
    for order in io::stdin().lock().lines() {
        let order = order?;
        let words: Vec<_> = order.split_ascii_whitespace().collect();
        let answer = obey(&lab, &words).unwrap_or_else(|refused| json!({ "refused": refused.to_string() }));
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}

/// All credentials at once, and who is who.
fn settings(lab: &Lab) -> Value {
    let mut settings = json!({
        "ALICE_OBJECT_ID": lab.alice().object_id,
        "BOB_OBJECT_ID": lab.bob().object_id,
        "SERVER_OBJECT_ID": people::SERVER_OBJECT_ID,
        "SYSTEM_IDENTITY_OBJECT_ID": people::SYSTEM_IDENTITY_OBJECT_ID,
        "USER_ASSIGNED_IDENTITY_OBJECT_ID": people::USER_ASSIGNED_IDENTITY_OBJECT_ID,
    });
    let credentials = [lab.settings(), lab.settings_with_file(), lab.settings_with_federated_identity()];
    for (name, value) in credentials.into_iter().flatten() {
        settings[name] = value.into();
    }
    settings
}

fn obey(lab: &Lab, order: &[&str]) -> Result<Value, Refused> {
    let (entra, vault) = (lab.entra(), lab.key_vault());
    match order {
        ["token", name, how @ ..] => return token(lab, person(lab, name)?, how),
        ["exchanges", name] => return Ok(json!({ "exchanges": entra.exchanges(person(lab, name)?) })),
        ["consent", "withdraw"] => entra.withdraw_azure_consent(),
        ["consent", "grant"] => [lab.alice(), lab.bob()].iter().for_each(|person| entra.consents_to_azure(person)),
        ["policy", "mfa"] => return Ok(json!({ "policy": entra.require_mfa() })),
        ["policy", "block"] => return Ok(json!({ "policy": entra.block_access() })),
        ["policy", "none"] => entra.remove_policies(),
        ["revoke", name] => entra.revoke(person(lab, name)?),
        ["registration", "remove"] => entra.unregister(&vault.certificate().ok_or(LabError::NoCertificate)?),
        ["registration", "add"] => entra.register(&vault.certificate().ok_or(LabError::NoCertificate)?),
        ["vault", "rotate"] => return Ok(json!({ "certificate": vault.rotate()?.pem() })),
        ["vault", "forbid"] => vault.forbid(),
        ["vault", "permit"] => vault.permit(),
        ["vault", "forbid-signing"] => vault.forbid_signing(),
        ["vault", "exportable"] => vault.set_exportable(true),
        ["vault", "not-exportable"] => vault.set_exportable(false),
        ["vault", "pkcs12"] => vault.set_content_type(ContentType::Pkcs12),
        ["vault", "pem"] => vault.set_content_type(ContentType::Pem),
        ["vault", "remove"] => vault.remove_certificate(),
        ["throttle", "entra", rest @ ..] => throttle(entra.faults(), rest)?,
        ["throttle", "vault", rest @ ..] => throttle(vault.faults(), rest)?,
        ["throttle", "identity", rest @ ..] => throttle(lab.managed_identity().faults(), rest)?,
        _ => return Err(Refused::Unknown),
    }
    Ok(json!({}))
}

fn person<'lab>(lab: &'lab Lab, name: &str) -> Result<&'lab Person, Refused> {
    match name {
        "alice" => Ok(lab.alice()),
        "bob" => Ok(lab.bob()),
        _ => Err(Refused::Unknown),
    }
}

fn token(lab: &Lab, person: &Person, how: &[&str]) -> Result<Value, Refused> {
    let request = lab.token(person).scope("cost.read");
    let request = match how {
        [] => request,
        ["mfa"] => request.with_mfa(),
        ["expired"] => request.expired(),
        _ => return Err(Refused::Unknown),
    };
    Ok(json!({ "token": request.issue()? }))
}

fn throttle(faults: &Faults, order: &[&str]) -> Result<(), Refused> {
    let [count, seconds] = order else { return Err(Refused::Unknown) };
    let (Ok(count), Ok(seconds)) = (count.parse(), seconds.parse()) else { return Err(Refused::Unknown) };
    faults.next(count, &Fault::Throttled(RetryAfter::Seconds(seconds)));
    Ok(())
}
