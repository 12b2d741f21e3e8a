//! Tokens that must open nothing: a generated corpus of attacks, and random mutations of valid tokens.
//!
//! Both are made from tokens of the local Entra, by one who holds its keys, and judged twice: by the validator, which must
//! name the rule that is broken, and by the real handler, behind which neither Entra nor Azure may be asked. That Entra's
//! own tokens look like these is for a live tenant to show.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod corpus;
mod endpoint;
mod mutations;
mod mutator;
mod validator;
