//! `fuzz::key_set` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::key_set::judge(input);
});
