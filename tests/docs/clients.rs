//! The pages on clients: one for each, of one shape, and what they tell operators to write compiles.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use portcullis::config::{Files, Source, compile, parse};
use portcullis::telemetry::Metrics;

const HEADINGS: [&str; 4] =
    ["\n## What it needs\n", "\n## Known faults\n", "\n## At the gateway\n", "\n## Seen\n"];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients")
}

fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    names.map(|name| (name.clone(), fs::read_to_string(folder().join(name)).expect("a page"))).collect()
}

/// What is linked in a page, but for what is elsewhere in the web.
fn links(page: &str) -> BTreeSet<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("https://")).collect()
}

#[test]
fn the_table_of_clients_has_every_page_and_each_says_the_same_things() {
    let pages = pages();
    let (index, clients): (Vec<_>, Vec<_>) = pages.iter().partition(|(name, _)| name == "README.md");
    let table = &index[0].1;
    assert!(clients.len() >= 12, "{}", clients.len());
    for (name, page) in clients {
        let row = table.lines().find(|line| line.starts_with('|') && line.contains(&format!("]({name}) |")));
        let seen = row
            .and_then(|row| row.rsplit('|').nth(1))
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        let says = page.split("\n## Seen\n\n").nth(1).unwrap_or_default();
        assert_eq!(seen.trim_start().starts_with("no:"), says.starts_with("Not here"), "{name}: {seen}");
        for heading in HEADINGS {
            assert!(page.contains(heading), "{name} has no {}", heading.trim());
        }
    }
}

#[test]
fn the_pages_on_clients_link_to_what_there_is() {
    for (name, page) in pages() {
        for target in links(&page) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(folder().join(file).exists(), "{name} links to {target}");
        }
    }
}

#[test]
fn the_rules_for_a_handshake_without_a_login_compile() {
    let page = fs::read_to_string(folder().join("README.md")).expect("a page");
    let rules = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let indented: String = rules.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "version: 1\nserver: {{ public_url: https://a.example, listeners: [{{ address: '127.0.0.1:8080' }}] }}\n\
         identity_providers: {{ corp: {{ issuer: https://idp.example }} }}\nagents:\n  tools:\n    route: /tools\n    \
         upstream: http://127.0.0.1:9\n    protocol: mcp\n    auth: {{ oauth: {{ identity_providers: [corp] }} }}\n{indented}"
    );
    let document =
        parse(&[Source::new("a.yaml", text)], &|_| None).unwrap_or_else(|findings| panic!("{findings}"));
    let compiled = compile(&document, &Files::new(), None, &Metrics::new().expect("metrics"));
    assert!(compiled.is_ok_and(|compiled| compiled.warnings.warnings() == 0), "{rules}");
}
