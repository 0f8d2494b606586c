//! What a configuration means and what is wrong with it, as files: each `tests/config/cases/NAME.yaml` (or
//! folder `NAME/` of several files, those of its `store/` holding one resource each) has a `NAME.expected` beside it, compared exactly.
//!
//! `UPDATE_EXPECTED=1 cargo test --test config` writes the expectations anew; read the difference.

#![expect(clippy::expect_used, reason = "a test that cannot read its case has failed")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::config::{Code, Diagnostics, Document, Files, Source, compile, parse, schema};
use portcullis::model::{ResourceId, ResourceKind};
use portcullis::telemetry::Metrics;
use proptest::prelude::*;
use serde_json::Value;

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
        "ISSUER" => Some("https://hunter2.example.com/\n".to_owned()),
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
            let mut sources: Vec<_> = files.iter().filter(|p| yaml(p)).map(|p| source(p)).collect();
            for kind in ResourceKind::ALL {
                let stored = path.join("store").join(kind.section());
                let stored = if stored.is_dir() { sorted(&stored) } else { Vec::new() };
                sources.extend(stored.iter().map(|path| {
                    let file = source(path);
                    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                    let id = ResourceId::new(kind, &name).expect("the name of a resource");
                    Source::held(Some(id), file.path.clone(), file.text.clone(), None)
                }));
            }
            Case { name, sources }
        })
        .collect()
}

/// A certificate of its own making, with its key.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

/// What the files of the cases hold, by the name alone.
fn files(document: &Document) -> Files {
    let (certificate_pem, key_pem) = certificate("agents.example.com");
    let (other_pem, other_key) = certificate("other.example.com");
    let held = |name: &str| {
        match name {
        "server.pem" | "ca.pem" | "corp-ca.pem" => Some(certificate_pem.clone()),
        "server.key" => Some(key_pem.clone()),
        "two.pem" => Some(format!("{other_pem}\u{feff}{certificate_pem}")),
        "other.key" => Some(other_key.clone()),
        "key.pem" => Some(PUBLIC_KEY.to_owned()),
        "keys.json" => Some(
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
                .to_owned(),
        ),
        "signing-ed.json" => Some(
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}"#
                .to_owned(),
        ),
        "bundle.json" => Some(
            r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","use":"jwt-svid","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#
                .to_owned(),
        ),
        "no-keys.json" => Some(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#.to_owned()),
        "card.json" => Some(
            r#"{"url":"https://agents.example.com/gateway/agents/routes/","security":[{"k":[]}],"securitySchemes":{"k":{"type":"apiKey","in":"header","name":"X-API-Key"}}}"#
                .to_owned(),
        ),
        "public-card.json" => {
            Some(r#"{"url":"https://agents.example.com/gateway/agents/routes/"}"#.to_owned())
        }
        "other-card.json" => Some(
            r#"{"url":"http://127.0.0.1:9000/","preferredTransport":"JSONRPC","additionalInterfaces":[{"url":"grpc.example:1","transport":"GRPC"}]}"#
                .to_owned(),
        ),
        "doubled-card.json" => Some(r#"{"url":"https://a.example/","url":"https://b.example/"}"#.to_owned()),
        "seal.key" => Some("s".repeat(32)),
        "subject.key" => Some("s".repeat(32)),
        "redis.password" | "introspection.secret" | "push.auth" | "poll.token" => Some("hunter2\n".to_owned()),
        "empty.password" => Some("\n".to_owned()),
        "otlp.headers" => Some("# for the collector\nx-key: k\n".to_owned()),
        "no.headers" => Some("x-key: k\nno field\n".to_owned()),
        "half-a-seal.key" => Some("s".repeat(16)),
        "sessions.key" => Some("0123456789abcdef".repeat(4)),
        "empty.pem" => Some(String::new()),
        "damaged.pem" => Some(certificate_pem.replace("MII", "!!!")),
        _ => None,
    }
    };
    let read = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        held(name).map(String::into_bytes).ok_or_else(|| "no such file".to_owned())
    };
    document.files().into_iter().map(|path| (path.clone(), read(&path))).collect()
}

fn findings(case: &Case) -> Diagnostics {
    let metrics = Metrics::new().expect("metrics");
    let compiled = parse(&case.sources, &environment)
        .and_then(|document| compile(&document, &files(&document), None, &metrics));
    match compiled {
        Ok(compiled) => compiled.warnings,
        Err(findings) => findings,
    }
}

fn printed(case: &Case) -> String {
    let findings = findings(case);
    let mut out = findings.to_string();
    let verdict = if findings.has_errors() { "refused" } else { "accepted" };
    let (errors, warnings, notes) = (findings.errors(), findings.warnings(), findings.notes());
    let notes = if notes == 0 { String::new() } else { format!(", {notes} notes") };
    writeln!(out, "{verdict}: {errors} errors, {warnings} warnings{notes}").expect("a string");
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

/// Findings that come from bytes, sizes, earlier snapshots, the time, and where a text is kept, not from a text that could
/// stand here; they are tested in `src/config`, and that of TOML, which other products write, in `tests/import.rs`.
const NOT_FROM_TEXT: [Code; 6] = [
    Code::FileTooLarge,
    Code::NotUtf8,
    Code::RestartNeeded,
    Code::CertificateEnds,
    Code::LocalReference,
    Code::TomlSyntax,
];

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

fn property_names(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        names.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(members) => members.values().for_each(|member| property_names(member, names)),
        Value::Array(items) => items.iter().for_each(|item| property_names(item, names)),
        _ => {}
    }
}

/// The reader refuses every key that it does not know, and the case is accepted: so the schema names no key
/// that the reader does not know.
#[test]
fn every_key_of_the_schema_stands_in_the_case_of_everything() {
    // A store is of one kind, so the other one has a case of its own.
    let read = |case: &str| fs::read_to_string(folder().join(case)).expect("the case");
    let everything = read("ok_everything.yaml") + &read("store_etcd.yaml");
    let mut names = BTreeSet::new();
    property_names(&schema(), &mut names);
    let missing: Vec<_> = names.iter().filter(|name| !everything.contains(&format!("{name}:"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(names.len() > 60, "{}", names.len());
}

/// Pieces that change what stands around them.
const PIECES: [&str; 24] = [
    "", "\n", " ", "\t", ":", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", "&a ", "*a", "!x ", "|",
    "${", "~", "0", "---\n", "\u{feff}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a good configuration, reading it ends, and its findings point into the file.
    #[test]
    fn a_damaged_configuration_gives_findings_that_point_into_the_file(
        damage in proptest::collection::vec((0.0..1.0_f64, 0..40_usize, 0..PIECES.len()), 1..5),
    ) {
        let mut chars: Vec<char> =
            fs::read_to_string(folder().join("ok_everything.yaml")).expect("the case").chars().collect();
        for (at, length, piece) in damage {
            let start = (at * chars.len() as f64) as usize;
            let end = (start + length).min(chars.len());
            chars.splice(start..end, PIECES[piece].chars());
        }
        let text: String = chars.into_iter().collect();
        let lines = text.lines().count();
        if let Err(findings) = parse(&[Source::new("a.yaml", text)], &environment) {
            prop_assert!(findings.has_errors());
            for finding in &findings {
                prop_assert!(finding.line <= lines + 1, "{finding}");
                prop_assert!(finding.help.is_some() || finding.line == 0, "{finding}");
            }
        }
    }
}
