//! `fuzz::token_endpoint` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::token_endpoint::judge(input);
});
