//! A configuration, from its text to a snapshot. Findings point into the text and show nothing of the environment;
//! what compiles also compiles when each resource is written out on its own, as the admin API does, and then means
//! the same.

use std::collections::BTreeMap;

use portcullis::config::{Compiled, Diagnostics, Files, GlobalLimit, Source, compile, parse, to_yaml};
use portcullis::model::{ResourceId, ResourceKind};
use portcullis::telemetry::Metrics;

pub(crate) const WORDS: &[&str] = &[
    "\n",
    " ",
    "  ",
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "!x ",
    "|",
    ">",
    "~",
    "---\n",
    "\u{feff}",
    "\t",
    "<<: *a",
    "${SECRET}",
    "${NONE:-x}",
    "$${",
    "version: 1\n",
    "server:\n",
    "agents:\n",
    "identity_providers:\n",
    "api_keys:\n",
    "store: {directory: s}\n",
    "auth: public",
    "auth: {oauth: {identity_providers: [corp]}}",
    "auth: {api_key: {header: X-API-Key}}",
    "route: /a",
    "upstream: http://127.0.0.1:9",
    "issuer: https://idp.example",
    "10MiB",
    "30s",
    "-1",
    "999999999999999999999",
    "1e9",
    "true",
    "null",
    "2027-01-01T00:00:00Z",
    "header_bytes: 0",
    "0.0.0.0:0",
];

const SECRET: &str = "hunter2-hunter2";

fn environment(name: &str) -> Option<String> {
    (name == "SECRET").then(|| SECRET.to_owned())
}

/// No file is there, but for keys.
fn compiled(sources: &[Source]) -> Result<Compiled, Diagnostics> {
    let document = parse(sources, &environment)?;
    let held = |path: &std::path::PathBuf| {
        let keys =
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        if path.ends_with("keys.json") {
            Ok(keys.as_bytes().to_vec())
        } else {
            Err("no such file".to_owned())
        }
    };
    let files: Files = document.files().into_iter().map(|path| (path.clone(), held(&path))).collect();
    compile(&document, &files, None, &Metrics::new().expect("metrics"))
}

/// Each resource of a snapshot as a file of its own.
fn rewritten(compiled: &Compiled) -> Vec<Source> {
    let snapshot = &compiled.snapshot;
    let agents = snapshot.agents.keys().map(|name| (ResourceKind::Agent, name.as_str()));
    let providers = snapshot.providers.keys().map(|name| (ResourceKind::IdentityProvider, name.as_str()));
    let keys = snapshot.api_keys.iter().map(|key| (ResourceKind::ApiKey, key.id()));
    let limits = alone(compiled).map(|limit| (ResourceKind::Limit, &*limit.name.value));
    let mut sources = vec![Source::new("a.yaml", "version: 1\n")];
    for (kind, name) in agents.chain(providers).chain(keys).chain(limits) {
        let id = ResourceId::new(kind, name).expect("the name of a resource");
        let written = snapshot.written(&id).unwrap_or_else(|| panic!("{name} is not written anywhere"));
        let text = to_yaml(kind, &written.spec).unwrap_or_else(|why| panic!("{name}: {why}"));
        sources.push(Source::of(id, format!("{}-{name}.yaml", kind.section()), text));
    }
    sources
}

/// The limits of all agents that count without what `server` says.
fn alone(compiled: &Compiled) -> impl Iterator<Item = &GlobalLimit> {
    compiled.snapshot.global_limits.iter().map(|limit| &**limit).filter(|limit| limit.fleetwide().is_none())
}

/// The words of a text in order: what stands in a set has no order of its own, and what is made anew has another number.
fn words(text: &str) -> String {
    let all: Vec<&str> = text.split([' ', ',', '{', '}', '(', ')', '[', ']']).collect();
    let before = std::iter::once("").chain(all.iter().copied());
    let said = all.iter().zip(before).filter(|(_, before)| !matches!(*before, "id:" | "number:"));
    let mut words: Vec<&str> = said.map(|(word, _)| *word).collect();
    words.sort_unstable();
    words.join(" ")
}

/// What a snapshot comes to, less what `server` says, which is not written again.
fn meaning(compiled: &Compiled) -> BTreeMap<String, String> {
    let snapshot = &compiled.snapshot;
    let agents = snapshot.agents.iter().map(|(name, agent)| {
        let text = format!("{:?} {:?}", agent.authenticator, agent.enforcement);
        let text = text.replace("tokens: Some(TokenCache { .. })", "").replace("tokens: None", "");
        let (before, after) = text.split_once("token_bytes: ").unwrap_or((&text, ""));
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        (format!("agent {name}"), words(&format!("{before}{after}")))
    });
    let providers = snapshot.providers.keys().map(|name| (format!("provider {name}"), String::new()));
    let keys = snapshot.api_keys.iter().map(|key| {
        let what = format!("{} {:?} {:?}", key.agent(), key.expires_at(), key.revoked_at());
        (format!("key {}", key.id()), what)
    });
    let limits = alone(compiled).map(|limit| {
        let whom = (&limit.per.value, limit.scope.value, limit.count, limit.enforcement);
        (format!("limit {}", limit.name.value), format!("{:?} {whom:?}", limit.measure()))
    });
    agents.chain(providers).chain(keys).chain(limits).collect()
}

pub(crate) fn run(input: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(input) else { return "not text".to_owned() };
    // Lines as YAML counts them.
    let lines = text.split(['\n', '\r']).count();
    let judge = |findings: &Diagnostics| {
        assert!(!findings.to_string().contains(SECRET), "a finding shows the environment");
        for finding in findings {
            assert!(finding.line <= lines + 1, "a finding points out of the text: {finding}");
        }
    };
    match compiled(&[Source::new("a.yaml", text)]) {
        Ok(first) => {
            judge(&first.warnings);
            let second = compiled(&rewritten(&first));
            let second = second.unwrap_or_else(|findings| panic!("written again it is refused:\n{findings}"));
            assert_eq!(meaning(&first), meaning(&second), "written again it means something else");
            format!("ok {} {}", first.snapshot.agents.len().min(4), first.warnings.len().min(4))
        }
        Err(findings) => {
            judge(&findings);
            assert!(findings.has_errors(), "refused without an error");
            let mut codes: Vec<_> = findings.iter().map(|finding| format!("{:?}", finding.code)).collect();
            codes.sort_unstable();
            codes.dedup();
            codes.join(" ")
        }
    }
}
