//! How many instructions a decision takes, and a whole request through the gateway, how many atomic writes, and how many lines
//! of a cache, against recorded baselines: a change of more than 3 % either way fails (12 % of
//! atomic writes, 8 % of lines), or of a few where there are few. Times vary with the machine; these hardly do.
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
#[path = "instructions/bare.rs"]
mod bare;
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
mod phases;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::callgrind::{self, Build, Counted};
    use super::counted;

    /// As the gateway has it, so that the system's does not matter.
    #[global_allocator]
    static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

    /// Counts of one kind, and how far each may be off the recorded one, either way.
    struct Guard {
        baseline: &'static str,
        percent: f64,
        /// What a count may be off whatever it is.
        few: u64,
        unit: &'static str,
    }

    /// A compiler cuts short code elsewhere now and then, which costs or saves a call.
    const INSTRUCTIONS: Guard =
        Guard { baseline: "instructions.json", percent: 3.0, few: 16, unit: "instructions" };
    /// Decisions are alike from build to build; whom a request finds asleep, and has to wake, differs by a tenth.
    const ATOMICS: Guard = Guard { baseline: "atomics.json", percent: 12.0, few: 1, unit: "atomic writes" };
    /// Addresses differ from build to build, and with them what falls into one set of a cache.
    const LINES: Guard = Guard { baseline: "lines.json", percent: 8.0, few: 16, unit: "lines" };

    impl Guard {
        /// What is off the baseline.
        fn hold(&self, counts: &BTreeMap<String, u64>) -> Vec<String> {
            let Self { baseline: file, percent, few, unit } = self;
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(file);
            if std::env::var_os("PORTCULLIS_RECORD").is_some() {
                let text = serde_json::to_string_pretty(counts).expect("JSON");
                std::fs::write(&path, format!("{text}\n")).expect("the baseline is written");
            }
            let text = std::fs::read_to_string(&path).expect("the baseline");
            let baseline: BTreeMap<String, u64> = serde_json::from_str(&text).expect("numbers by name");
            let mut off = Vec::new();
            for (name, &count) in counts {
                let Some(&recorded) = baseline.get(name) else {
                    off.push(format!("{name}: {count} {unit}, and none are recorded"));
                    continue;
                };
                let change = (count as f64 / recorded as f64 - 1.0) * 100.0;
                eprintln!("{name}: {count} {unit}, {change:+.2} % of {recorded}");
                if change.abs() > *percent && count.abs_diff(recorded) > *few {
                    off.push(format!("{name}: {count} {unit} instead of {recorded}, {change:+.1} %"));
                }
            }
            for name in baseline.keys().filter(|name| !counts.contains_key(*name)) {
                off.push(format!("{name} is recorded in {file}, and was not counted"));
            }
            eprintln!("{unit}: {} counts, {} off the baseline", counts.len(), off.len());
            off
        }
    }

    #[test]
    fn a_decision_and_a_request_take_the_instructions_of_the_baseline() {
        match callgrind::counted() {
            Some(Counted::Instructions) => return counted::instructions(),
            Some(Counted::Lines) => return counted::lines(),
            None => {}
        }
        let build = Build::of("tests::a_decision_and_a_request_take_the_instructions_of_the_baseline");
        let executed = build.executed();
        let mut off = INSTRUCTIONS.hold(&executed.instructions);
        off.extend(ATOMICS.hold(&executed.atomic_writes));
        off.extend(LINES.hold(&build.lines()));
        assert!(
            off.is_empty(),
            "off benches/instructions.json by more than {} %, benches/atomics.json by more than {} %, or benches/lines.json \
             by more than {} %:\n{}\n(if that is meant: `make guard-record`, and say why in the commit)",
            INSTRUCTIONS.percent,
            ATOMICS.percent,
            LINES.percent,
            off.join("\n")
        );
    }
}
