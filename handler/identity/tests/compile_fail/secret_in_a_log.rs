//! What holds a secret can't be printed.

use identity::{BearerToken, Caller, CallerArm, exchange::ArmToken, exchange::credential::ClientAssertion};

fn print<T: std::fmt::Debug>() {}

fn main() {
    print::<BearerToken>();
    print::<Caller>();
    print::<ArmToken>();
    print::<ClientAssertion>();
    print::<CallerArm<'_>>();
}
