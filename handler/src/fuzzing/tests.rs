//! Proves that everything the fuzzer kept is still judged as it must be, by the fuzzer's own rules, and that those
//! rules were put to something: of each target an input is accepted and one is refused. Finding new inputs is
//! `.ci/fuzz`.
#![expect(unreachable_pub, reason = "in the fuzzer's crate, whose files these are, everything here is reached")]

#[path = "../../../fuzz/src/authorization.rs"]
mod authorization;
#[path = "../../../fuzz/src/challenges.rs"]
mod challenges;
#[path = "../../../fuzz/src/cost_answers.rs"]
mod cost_answers;
#[path = "../../../fuzz/src/kept.rs"]
mod kept;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "../../../tests/end_to_end/costs/markdown.rs"]
mod markdown;
#[path = "../../../fuzz/src/mcp.rs"]
mod mcp;
#[path = "../../../fuzz/src/message.rs"]
mod message;
#[path = "../../../fuzz/src/ready.rs"]
mod ready;
#[path = "../../../fuzz/src/settings.rs"]
mod settings;
#[path = "../../../fuzz/src/tables.rs"]
mod tables;

#[test]
fn kept_inputs_are_judged_as_they_must_be() {
    kept::replay("authorization", authorization::judge);
    kept::replay("challenges", challenges::judge);
    kept::replay("cost_answers", cost_answers::judge);
    kept::replay("mcp", mcp::judge);
    kept::replay("settings", settings::judge);
    kept::replay("tables", tables::judge);
}
