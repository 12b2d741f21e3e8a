//! `fuzz::mcp` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::mcp::judge(input);
});
