//! `handler doctor` as an operator runs it, on deployments that are ill in one way each. Proves the whole report and the
//! exit code; the numbers Entra gives today, only a live tenant can show.

mod deployment;
mod exchange;
mod patient;
mod report;
mod token;
