//! What a configuration means and what is wrong with it, as files: each `tests/config/cases/NAME.yaml` (or
//! folder `NAME/` of several files) has a `NAME.expected` beside it, compared exactly.
//!
//! `UPDATE_EXPECTED=1 cargo test --test config` writes the expectations anew; read the difference.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::config::{Code, Diagnostics, Source, parse};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/cases")
}

/// The environment of every case.
fn environment(name: &str) -> Option<String> {
    match name {
        "HOST" => Some("agents.example.com".to_owned()),
        "YES" => Some("true".to_owned()),
        "TEN" => Some("10".to_owned()),
        "WAIT" => Some("5s".to_owned()),
        "EMPTY" => Some(String::new()),
        "STRUCTURE" => Some("x\nagents: {}".to_owned()),
        "SECRET" => Some("hunter2-hunter2".to_owned()),
        _ => None,
    }
}

/// A case: its name and its files, named as they are printed.
struct Case {
    name: String,
    sources: Vec<Source>,
}

fn source(path: &Path) -> Source {
    let name = path.strip_prefix(folder()).expect("in the folder of cases").to_path_buf();
    Source::new(name, fs::read_to_string(path).expect("a readable case"))
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("cases").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn cases() -> Vec<Case> {
    let yaml = |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml");
    sorted(&folder())
        .into_iter()
        .filter(|path| path.is_dir() || yaml(path))
        .map(|path| {
            let files = if path.is_dir() { sorted(&path) } else { vec![path.clone()] };
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            Case { name, sources: files.iter().filter(|p| yaml(p)).map(|p| source(p)).collect() }
        })
        .collect()
}

fn findings(case: &Case) -> Diagnostics {
    match parse(&case.sources, &environment) {
        Ok(document) => document.warnings,
        Err(findings) => findings,
    }
}

fn printed(case: &Case) -> String {
    let findings = findings(case);
    let mut out = findings.to_string();
    let verdict = if findings.has_errors() { "refused" } else { "accepted" };
    writeln!(out, "{verdict}: {} errors, {} warnings", findings.errors(), findings.warnings())
        .expect("a string");
    out
}

#[test]
fn every_case_prints_what_is_expected() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut wrong = String::new();
    let cases = cases();
    for case in &cases {
        let path = folder().join(format!("{}.expected", case.name));
        let got = printed(case);
        if update {
            fs::write(&path, &got).expect("a writable expectation");
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        if got != wanted {
            writeln!(wrong, "--- {}: wanted\n{wanted}--- got\n{got}", case.name).expect("a string");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases.len() >= 60, "only {} cases", cases.len());
}

/// Findings that come from files and from earlier snapshots, not from text; they are tested in
/// `src/config`.
const NOT_FROM_TEXT: [Code; 3] = [Code::FileUnreadable, Code::NotUtf8, Code::RestartNeeded];

#[test]
fn every_finding_has_a_case_that_shows_it() {
    let shown: BTreeSet<Code> =
        cases().iter().flat_map(|c| findings(c).iter().map(|d| d.code).collect::<Vec<_>>()).collect();
    let missing: Vec<_> =
        Code::ALL.iter().filter(|c| !shown.contains(c) && !NOT_FROM_TEXT.contains(c)).collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

#[test]
fn no_finding_shows_what_came_from_the_environment() {
    for case in cases() {
        assert!(!printed(&case).contains("hunter2"), "{}", case.name);
    }
}
