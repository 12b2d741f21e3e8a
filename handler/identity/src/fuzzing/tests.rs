//! Proves that everything the fuzzer kept is still judged as it must be, by the fuzzer's own rules, and that those
//! rules were put to something: of each target an input is accepted and one is refused. Finding new inputs is
//! `.ci/fuzz`.
#![expect(unreachable_pub, reason = "in the fuzzer's crate, whose files these are, everything here is reached")]

#[path = "../../../../fuzz/src/claims.rs"]
mod claims;
#[path = "../../../../fuzz/src/contoso.rs"]
mod contoso;
#[path = "../../../../fuzz/src/kept.rs"]
mod kept;
#[path = "../../../../fuzz/src/key_set.rs"]
mod key_set;
#[path = "../../../../fuzz/src/message.rs"]
mod message;
#[path = "../../../../fuzz/src/ready.rs"]
mod ready;
#[path = "../../../../fuzz/src/token.rs"]
mod token;
#[path = "../../../../fuzz/src/token_endpoint.rs"]
mod token_endpoint;

use crate::caller::testing::http as client;

#[test]
fn kept_inputs_are_judged_as_they_must_be() {
    kept::replay("claims", claims::judge);
    kept::replay("key_set", key_set::judge);
    kept::replay("token", token::judge);
    kept::replay("token_endpoint", token_endpoint::judge);
}
