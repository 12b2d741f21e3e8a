//! `fuzz::cost_answers` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::cost_answers::judge(input);
});
