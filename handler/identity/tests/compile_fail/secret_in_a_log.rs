//! What holds a secret can't be printed.

use identity::{BearerToken, Caller, CallerArm, exchange::ArmToken, exchange::credential::ClientAssertion};

fn print<T: std::fmt::Debug>() {}

fn main() {
    print::<BearerToken>(); //~ E0277
    print::<Caller>(); //~ E0277
    print::<ArmToken>(); //~ E0277
    print::<ClientAssertion>(); //~ E0277
    print::<CallerArm<'_>>(); //~ E0277
}
