//! Proves from outside the crate that there is one way to Azure, and that the others do not compile.
//!
//! Each file in `compile_fail` is one attempt; the compiler's refusal is kept beside it. After a change of the compiler's
//! wording, `TRYBUILD=overwrite cargo test -p identity --test compile_fail` writes the refusals anew: read them.

use identity::{ArmConnection, ArmFailure, ArmRequest, ArmResponse, Caller, PermissionRefusal, Scope};

/// The way that is meant compiles, so the attempts fail for the reason they name.
#[expect(dead_code, reason = "it is compiled, not called")]
async fn the_way_that_is_meant(
    connection: &ArmConnection,
    caller: &Caller,
    correlation_id: uuid::Uuid,
) -> Result<Result<ArmResponse, ArmFailure>, PermissionRefusal> {
    let grant = caller.as_user(Scope::CostRead)?;
    let arm = match connection.as_caller(grant, correlation_id).await {
        Ok(arm) => arm,
        Err(failure) => return Ok(Err(failure.into())),
    };
    Ok(arm.send(&ArmRequest::get(&["subscriptions"], &[("api-version", "2022-12-01")])).await)
}

/// The compiler whose wording is kept. Another one words its refusals otherwise, which says nothing about this crate.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn no_other_way_to_azure_compiles() {
    let version = std::process::Command::new("rustc").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(COMPILER) {
        println!("not run: the refusals are kept in the words of {COMPILER}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
