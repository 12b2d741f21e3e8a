//! The fuzzer's door: readers and writers of this crate that are private in every build that is shipped.
//!
//! It exists where `cargo fuzz` compiles, which sets `cfg(fuzzing)` for everything, and in this crate's own tests,
//! which replay what the fuzzer kept. No feature and no setting opens it.

pub use crate::{
    azure::fuzzing::{Facts, Question, facts},
    http::fuzzing::{authorization, challenges},
    tools::fuzzing::{csv_block, csv_file, markdown_table},
};

#[cfg(test)]
mod tests;
