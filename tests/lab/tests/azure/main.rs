//! The lab is as strict as Azure.
//!
//! Proves each refusal by the code Azure gives, with an implementation of the client's side that shares no code with
//! the lab's. Only a live tenant could prove that Azure's own answers are still these.

#![expect(clippy::unwrap_used, reason = "in a test's helpers too, what is not there fails the test")]

mod chaos;
mod costs;
mod entra;
mod faults;
mod key_vault;
mod managed_identity;
mod resource_manager;
mod support;
