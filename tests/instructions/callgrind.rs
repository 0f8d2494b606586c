//! Builds this test with the optimiser on, runs it under callgrind, and reads what was counted: instructions, atomic writes,
//! and what a simulated processor's caches missed. The part that is counted begins and ends with [`region`] or [`touched`].

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// Set, in the process whose instructions are counted, to what is counted.
const COUNTED: &str = "PORTCULLIS_COUNTED";
/// The simulated caches: those next to a core as small as on any server of today, and behind them one that is small enough
/// to be emptied quickly, and larger than all that a request touches.
const CACHES: [&str; 4] = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64"];
const LINE: usize = 64;
/// Twice the last cache.
const ALL: usize = 2 << 20;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Instructions, and those of them that write atomically.
    Instructions,
    /// Lines of memory. To simulate caches makes all of it three times slower, so it is done for a few requests alone.
    Lines,
}

impl Counted {
    const fn word(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Lines => "lines",
        }
    }

    const fn arguments(self) -> &'static [&'static str] {
        match self {
            // Instructions with a lock on the bus, and fences.
            Self::Instructions => &["--collect-bus=yes"],
            Self::Lines => &CACHES,
        }
    }
}

/// What this process is to count, if its instructions are counted.
pub(crate) fn counted() -> Option<Counted> {
    let word = std::env::var(COUNTED).ok()?;
    [Counted::Instructions, Counted::Lines].into_iter().find(|counted| counted.word() == word)
}

/// Counts what `work` does, under a name, for each of so many repetitions of it.
pub(crate) fn region(name: &str, repetitions: u64, work: &mut dyn FnMut()) {
    portcullis_counted(work);
    portcullis_count_ends(0);
    eprintln!("counted {repetitions} {name}");
}

/// Counts what `work` does once, with empty caches. Calls with the same name are added up.
pub(crate) fn touched(name: &str, work: &mut dyn FnMut()) {
    static OTHERS: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1; ALL]);
    black_box(OTHERS.iter().step_by(LINE).map(|byte| usize::from(*byte)).sum::<usize>());
    portcullis_counted(work);
    portcullis_count_ends(0);
    eprintln!("touched 1 {name}");
}

/// Known to callgrind by its name; it counts only in here and in what is called from here.
#[inline(never)]
fn portcullis_counted(work: &mut dyn FnMut()) {
    work();
}

/// Callgrind writes down what it has counted before this begins.
#[inline(never)]
fn portcullis_count_ends(n: u8) {
    black_box(n);
}

/// What is executed, by name.
#[derive(Debug, Default)]
pub(crate) struct Executed {
    pub(crate) instructions: BTreeMap<String, u64>,
    /// Each may have to wait for another core that writes to the same line of memory.
    pub(crate) atomic_writes: BTreeMap<String, u64>,
}

/// A build of the test `test` of this file, which counts.
#[derive(Debug)]
pub(crate) struct Build {
    test: &'static str,
    executable: PathBuf,
}

impl Build {
    /// With the optimiser on.
    pub(crate) fn of(test: &'static str) -> Self {
        Self { test, executable: optimised() }
    }

    /// What is executed, by name, in one repetition.
    pub(crate) fn executed(&self) -> Executed {
        let mut executed = Executed::default();
        for ((_, name), region) in self.run(Counted::Instructions) {
            executed.atomic_writes.insert(name.clone(), region.of(&["Ge"]));
            executed.instructions.insert(name, region.of(&["Ir"]));
        }
        executed
    }

    /// Of requests that are repeated, the misses of the caches next to the core; of those and of phases that begin with empty
    /// caches, the lines of memory that they touch. Of code and data apart.
    pub(crate) fn lines(&self) -> BTreeMap<String, u64> {
        let mut lines = BTreeMap::new();
        for ((kind, name), region) in self.run(Counted::Lines) {
            let (what, code, data) = match kind.as_str() {
                "touched" => ("touched", ["ILmr"], ["DLmr", "DLmw"]),
                _ => ("missed", ["I1mr"], ["D1mr", "D1mw"]),
            };
            lines.insert(format!("{name}/code {what}"), region.of(&code));
            lines.insert(format!("{name}/data {what}"), region.of(&data));
        }
        lines
    }

    /// Regions by kind and name.
    fn run(&self, counted: Counted) -> BTreeMap<(String, String), Region> {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--tool=callgrind", "--toggle-collect=*portcullis_counted*"])
            .args(["--dump-before=*portcullis_count_ends*", "--dump-line=no"])
            .args(counted.arguments())
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(&self.executable)
            .args(["--exact", self.test, "--nocapture", "--test-threads=1"])
            .env(COUNTED, counted.word());
        let ran = valgrind.output().expect("valgrind runs (scripts/setup.sh test installs it)");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{}: {said}", ran.status);
        let mut regions: BTreeMap<_, Region> = BTreeMap::new();
        for (nth, (kind, repetitions, name)) in said.lines().filter_map(told).enumerate() {
            let region = regions.entry((kind, name)).or_default();
            region.repetitions += repetitions;
            for (event, count) in events(&out.with_extension((nth + 1).to_string())) {
                *region.events.entry(event).or_default() += count;
            }
        }
        assert!(!regions.is_empty(), "nothing was counted: {said}");
        regions
    }
}

/// What was counted under one name.
#[derive(Debug, Default)]
struct Region {
    repetitions: u64,
    events: Events,
}

type Events = BTreeMap<String, u64>;

impl Region {
    /// The sum of events in one repetition.
    fn of(&self, events: &[&str]) -> u64 {
        events.iter().filter_map(|event| self.events.get(*event)).sum::<u64>() / self.repetitions
    }
}

/// Kind, repetitions and name of a region, as a line tells them.
fn told(line: &str) -> Option<(String, u64, String)> {
    let mut words = line.splitn(3, ' ');
    let kind = words.next().filter(|kind| matches!(*kind, "counted" | "touched"))?;
    Some((kind.to_owned(), words.next()?.parse().ok()?, words.next()?.to_owned()))
}

/// The sums that one of callgrind's files ends with, by the names with which it begins. Zeros at the end are left out.
fn events(file: &Path) -> Events {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let line =
        |begin| text.lines().find_map(|line| line.strip_prefix(begin)).expect("a line").split_whitespace();
    line("events: ").map(str::to_owned).zip(line("totals: ").map(|n| n.parse().expect("a number"))).collect()
}

/// This very test, with level 2 for this crate as for the dependencies that a request runs through, so that none of them
/// is built again.
fn optimised() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--locked", "--no-run", "--test", "instructions", "--message-format=json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        // Callgrind knows functions by their symbols; no line is asked for, and without them it is built faster.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
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
