//! The target `api_key`, see tests/fuzz/targets/api_key.rs.
#![no_main]

#[expect(dead_code, reason = "the other targets")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _word = targets::api_key::run(input);
});
