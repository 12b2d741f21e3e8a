//! What must hold for any bytes, one module a target: `judge` takes an input, says whether it was accepted, and panics
//! where a rule is broken.
//!
//! The targets under `fuzz_targets/` hand them to libFuzzer. They are plain functions so that `cargo test` can replay
//! every kept input without any of this: the crates `identity` and `handler` take these files into their own tests.
//! Readers that are private there come in through their modules `fuzzing`, which no shipped build has.
#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "that is how a broken rule is told")]

pub mod authorization;
pub mod challenges;
pub mod claims;
pub mod contoso;
pub mod cost_answers;
pub mod key_set;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "../../tests/end_to_end/costs/markdown.rs"]
mod markdown;
pub mod mcp;
pub mod message;
pub mod ready;
pub mod settings;
pub mod tables;
pub mod token;
pub mod token_endpoint;

use std::sync::Once;

/// A client that is never used: keys are handed in.
#[expect(clippy::disallowed_methods, reason = "there is no main that builds the client")]
fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap());
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}
