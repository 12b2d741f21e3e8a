//! The real handler behind the stand-in for the Functions host, on the local Azure.
//!
//! Proves how the rooms work together over the wire. What the local Azure can't prove stands in the README.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod call;
mod chaos;
mod clients;
mod costs;
mod credentials;
mod diagnostics;
mod doctor;
mod edge;
mod faults;
mod hosts;
mod isolation;
mod lambda;
mod pace;
mod queries;
mod scenarios;
mod secrets;
mod stampede;
mod start;
mod step_up;
mod support;
mod tools;
