//! The security boundary of mcp-cost-server.
//!
//! Everything that decides *whose* data a call may see is in this crate, and nothing else is:
//!
//! 1. [`caller`] turns the bytes of a bearer token into a [`Caller`], or refuses it with a reason;
//! 2. a permission check on the [`Caller`] yields a [`UserGrant`] or an [`AppGrant`];
//! 3. [`exchange`] turns a [`UserGrant`] into a token for Azure Resource Manager, On-Behalf-Of that user;
//! 4. [`CallerArm`] is the only thing in the program that can call Azure Resource Manager.
//!
//! The constructors are private, so a tool that forgets its check, or that calls Azure as anything but the caller, does
//! not compile. The tests in `tests/compile_fail` hold that from outside.

pub mod arm;
mod body;
pub mod caller;
mod clock;
pub mod exchange;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod ids;
mod single_flight;

// what the fuzzer runs names this crate as everybody does
#[cfg(test)]
extern crate self as identity;
// whoever includes `single_flight.rs` elsewhere decides whose locks it takes
use std::sync;

pub use arm::{ArmConnection, ArmFailure, ArmRequest, ArmResponse, CallerArm};
pub use caller::{
    AppGrant, AppRole, BearerToken, Caller, PermissionRefusal, Scope, TokenRefusal, UserGrant, Validator,
};
pub use clock::{Clock, Random, SystemClock, SystemRandom, UnixTime};
pub use exchange::{CallerKey, Exchange, ExchangeFailure};
pub use ids::{Authority, ClientId, NotAGuid, ObjectId, TenantId, is_loopback};
pub use single_flight::{Found, SingleFlight};
