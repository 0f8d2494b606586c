//! The target `a2a_message`, see tests/fuzz/targets/a2a_message.rs.
#![no_main]

#[expect(dead_code, reason = "the other targets")]
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _word = targets::a2a_message::run(input);
});
