//! Builds this test with the optimiser on, runs it under callgrind, and reads what was counted. The part that is
//! counted begins and ends with [`region`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Set in the process whose instructions are counted.
const COUNTED: &str = "PORTCULLIS_COUNTED";

/// Whether this is the process whose instructions are counted.
pub(crate) fn counts_us() -> bool {
    std::env::var_os(COUNTED).is_some()
}

/// Counts what `work` does, under a name, for each of so many repetitions of it.
pub(crate) fn region(name: &str, repetitions: u64, work: &mut dyn FnMut()) {
    portcullis_counted(work);
    eprintln!("counted {repetitions} {name}");
}

/// Known to callgrind by its name; it counts only in here and in what is called from here.
#[inline(never)]
fn portcullis_counted(work: &mut dyn FnMut()) {
    work();
    portcullis_count_ends(0);
}

/// Callgrind writes down what it has counted before this begins.
#[inline(never)]
fn portcullis_count_ends(n: u8) {
    std::hint::black_box(n);
}

/// Instructions by name, of one repetition.
pub(crate) fn count(test: &str) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--toggle-collect=*portcullis_counted*"])
        .args(["--dump-before=*portcullis_count_ends*", "--dump-line=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(optimised())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(COUNTED, "1");
    let ran = valgrind.output().expect("valgrind runs (scripts/setup.sh test installs it)");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{}: {said}", ran.status);
    let names = said.lines().filter_map(|line| line.strip_prefix("counted ")?.split_once(' '));
    let mut counts = BTreeMap::new();
    for (nth, (repetitions, name)) in names.enumerate() {
        let total = total(&out.with_extension((nth + 1).to_string()));
        let repetitions: u64 = repetitions.parse().expect("a number");
        counts.insert(name.to_owned(), total / repetitions);
    }
    assert!(!counts.is_empty(), "nothing was counted: {said}");
    counts
}

/// The sum that one of callgrind's files ends with.
fn total(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    line.and_then(|total| total.trim().parse().ok()).expect("a total")
}

/// This very test, with level 2 for this crate as for the dependencies that a request runs through, so that none of them
/// is built again.
fn optimised() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--locked", "--no-run", "--test", "instructions", "--message-format=json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        // An incremental build cuts the code elsewhere, which costs or saves a call.
        .env("CARGO_INCREMENTAL", "0")
        .stderr(Stdio::inherit());
    // What the runner of tests says of this package would have other packages built anew.
    let of_package = |name: &str| {
        name == "OUT_DIR" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_package(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "the optimised test is not built");
    let messages = String::from_utf8(built.stdout).expect("text");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ours = messages.filter(|message| message["target"]["name"] == "instructions");
    let executable = ours.find_map(|message| Some(message["executable"].as_str()?.to_owned()));
    PathBuf::from(executable.expect("the test's file"))
}
