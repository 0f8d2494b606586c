//! The target `certificate_header`, see tests/fuzz/targets/certificate_header.rs.
#![no_main]

#[expect(dead_code, reason = "the other targets")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _word = targets::certificate_header::run(input);
});
