//! mcp-cost-server: Azure costs over MCP, as the caller and nobody else.
//!
//! The way of one call is one-directional: [`http`] (limits, bearer) → [`identity`] (caller) → [`mcp`] (protocol) →
//! [`tools`] (permission, exchange) → `azure` (Cost Management, as the caller). Each room hands on a richer type, none
//! reaches back. `ARCHITECTURE.md` has the map.

pub mod audit;
pub mod azure;
pub mod connections;
pub mod doctor;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
pub mod http;
pub mod mcp;
pub mod server;
pub mod settings;
pub mod telemetry;
pub mod tools;

// what the fuzzer runs names this crate as everybody does
#[cfg(test)]
extern crate self as handler;
