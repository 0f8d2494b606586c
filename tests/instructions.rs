//! How many instructions a decision takes, and a whole request through the gateway, against a recorded baseline: a change
//! of more than 3 % either way fails, or of a few instructions where there are few. Times vary with the machine; instructions hardly do.
//!
//! The test builds itself anew with the optimiser on (only this crate: the libraries that a request runs through are
//! optimised in any case, by the profile in Cargo.toml), and runs that under valgrind, which shows the same processor to
//! the program wherever it runs: one with AVX2, and without what came later. `counted` is what is counted, `callgrind`
//! how.

#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[path = "../benches/stage/agents.rs"]
mod agents;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[path = "instructions/callgrind.rs"]
mod callgrind;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[path = "instructions/counted.rs"]
mod counted;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[path = "instructions/house.rs"]
mod house;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[path = "../benches/stage/mcp.rs"]
mod mcp;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[path = "../benches/stage/phases.rs"]
#[expect(dead_code, reason = "shared with the benches, which use the rest")]
mod phases;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests {
    use std::collections::BTreeMap;

    use super::{callgrind, counted};

    /// As the gateway has it, so that the system's does not matter.
    #[global_allocator]
    static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

    const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
    /// Of the recorded number, either way.
    const PERCENT: f64 = 3.0;
    /// What a count may be off whatever it is: a compiler cuts short code elsewhere now and then, which costs or saves a
    /// call.
    const FEW: u64 = 16;

    #[test]
    fn a_decision_and_a_request_take_the_instructions_of_the_baseline() {
        if callgrind::counts_us() {
            return counted::all();
        }
        let counts =
            callgrind::count("tests::a_decision_and_a_request_take_the_instructions_of_the_baseline");
        if std::env::var_os("PORTCULLIS_RECORD").is_some() {
            let text = serde_json::to_string_pretty(&counts).expect("JSON");
            std::fs::write(BASELINE, format!("{text}\n")).expect("the baseline is written");
        }
        let text = std::fs::read_to_string(BASELINE).expect("the baseline");
        let baseline: BTreeMap<String, u64> = serde_json::from_str(&text).expect("numbers by name");
        let mut off = Vec::new();
        for (name, &count) in &counts {
            let Some(&recorded) = baseline.get(name) else {
                off.push(format!("{name}: {count} instructions, and none are recorded"));
                continue;
            };
            let change = (count as f64 / recorded as f64 - 1.0) * 100.0;
            eprintln!("{name}: {count} instructions, {change:+.2} % of {recorded}");
            if change.abs() > PERCENT && count.abs_diff(recorded) > FEW {
                off.push(format!("{name}: {count} instructions instead of {recorded}, {change:+.1} %"));
            }
        }
        eprintln!("instructions: {} cases, {} off the baseline", counts.len(), off.len());
        assert_eq!(counts.len(), baseline.len(), "the same cases: {baseline:?}");
        assert!(
            off.is_empty(),
            "{} of {} cases are more than {PERCENT} % off benches/instructions.json:\n{}\n(if that is meant: `make \
             guard-record`, and say why in the commit)",
            off.len(),
            counts.len(),
            off.join("\n")
        );
    }
}
