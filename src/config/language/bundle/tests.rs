//! What a text means stays the same, in a document and out of it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{ResourceId, ResourceKind};

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

fn there_and_back(resources: &BTreeMap<ResourceId, String>) -> (Gathered, BTreeMap<ResourceId, String>) {
    let gathered = gather(resources.iter().map(|(id, text)| (id, text.as_str()))).unwrap();
    let split = split(&Source::new("export.yaml", gathered.text.as_str())).unwrap();
    (gathered, split)
}

#[test]
fn texts_come_back_byte_for_byte() {
    let texts = [
        ("agents/a", "# the head\nroute: /a # why\n\n# before the upstream\nupstream: \"http://a\"\n"),
        ("agents/b", "route: /b\nupstream: http://b\npublic: |\n  two\n   lines\n\n  apart\n"),
        ("agents/true", "{route: /c,\n upstream: 'http://c'}\n"),
        ("agents/007", "route: &r /d\nupstream: *r\n"),
        ("identity_providers/corp", "issuer: https://idp\r\n# CRLF\r\nkeys:\r\n  - a\r\n"),
        ("api_keys/Yq3Zk81b", "agent: a\nsha256: \"${HASH:-x}\"\n# at the end\n"),
        ("limits/007", "# the head\nper: address # why\n\nrate: 1/1m\n# at the end\n"),
        ("limits/guesses", "per: principal\nscope: agent\nrate: 100/1m\n"),
    ];
    let resources = texts.into_iter().map(|(name, text)| (id(name), text.to_owned())).collect();
    let (gathered, split) = there_and_back(&resources);
    assert_eq!(gathered.rewritten, []);
    assert_eq!(split, resources, "{}", gathered.text);
}

#[test]
fn a_text_that_would_mean_something_else_is_written_anew() {
    for text in
        ["%YAML 1.2\n---\nroute: /a\n", "---\n# b\n--- {route: /a}\n", "a: 1\n...\n", "\u{feff}a: 1\n"]
    {
        let Some(value) = value_of(text) else { continue };
        let (_, split) = there_and_back(&BTreeMap::from([(id("agents/a"), text.to_owned())]));
        assert_eq!(value_of(&split[&id("agents/a")]), Some(value), "{text}");
    }
}

#[test]
fn a_limit_in_braces_or_with_its_name_in_it_is_written_anew() {
    for (text, kept) in
        [("{ per: address, rate: 1/1m }\n", false), ("per: address\nname: x\nrate: 1/1m\n", false)]
    {
        let limit = id("limits/guesses");
        let (gathered, split) = there_and_back(&BTreeMap::from([(limit.clone(), text.to_owned())]));
        assert_eq!(gathered.rewritten.is_empty(), kept, "{text}");
        let wanted = serde_json::json!({"per": "address", "rate": "1/1m"});
        assert_eq!(value_of(&split[&limit]), Some(wanted), "{text}");
    }
}

#[test]
fn the_limits_of_a_document_of_a_person_are_split_with_their_comments() {
    let document = "version: 1\nlimits:\n  # about guesses\n  - name: guesses\n    per: address # v6: a /64\n\n    rate: 1/1m\n\n\
                    \x20 - { name: flow, per: agent }\n  - per: agent\n    name: last\n# agents\nagents: {}\n";
    let split = split(&Source::new("p.yaml", document)).unwrap();
    let wanted = [
        ("limits/flow", "per: agent\n"),
        ("limits/guesses", "# about guesses\nper: address # v6: a /64\n\nrate: 1/1m\n"),
        ("limits/last", "per: agent\n"),
    ];
    let wanted: BTreeMap<_, _> = wanted.into_iter().map(|(name, text)| (id(name), text.to_owned())).collect();
    assert_eq!(split, wanted);
}

#[test]
fn a_text_that_is_no_yaml_is_named() {
    let broken = id("agents/broken");
    assert_eq!(gather([(&broken, "a: [")]), Err(broken.clone()));
}

#[test]
fn a_document_of_a_person_is_split_with_its_comments() {
    let document = "version: 1\nserver: {}\n\nagents:\n  # about a\n  a:\n    route: /a   # here\n\n    upstream: x\n\n\
                    \x20 # about b\n  b: {route: /b, upstream: up}\n  c:\n      route: /c\n# the providers\n\
                    identity_providers:\n  corp: { issuer: 'https://idp' }\n";
    let split = split(&Source::new("p.yaml", document)).unwrap();
    let wanted = [
        ("agents/a", "# about a\nroute: /a   # here\n\nupstream: x\n"),
        ("agents/b", "route: /b\nupstream: up\n"),
        ("agents/c", "route: /c\n"),
        ("identity_providers/corp", "issuer: \"https://idp\"\n"),
    ];
    for (name, text) in wanted {
        let found = &split[&id(name)];
        assert_eq!(value_of(found), value_of(text), "{name}");
        if name != "identity_providers/corp" {
            assert_eq!(found, text, "{name}");
        }
    }
    assert_eq!(split.len(), wanted.len());
}

#[test]
fn what_is_no_document_is_said_with_its_place() {
    for (text, wanted) in [
        ("agents: [", "yaml"),
        ("agnets: {}\n", "unknown-field"),
        ("agents:\n  a_b: {}\n", "bad-name"),
        ("agents: 5\n", "wrong-type"),
        ("limits: {}\n", "wrong-type"),
        ("limits: [5]\n", "wrong-type"),
        ("limits: [{ per: agent }]\n", "missing-field"),
        ("limits: [{ name: a_b }]\n", "bad-name"),
        ("", "empty-file"),
    ] {
        let said = split(&Source::new("p.yaml", text)).unwrap_err().to_string();
        assert!(said.contains(wanted) && said.contains("p.yaml"), "{text}: {said}");
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        Just("\"two\\nlines\"".to_owned()),
        Just("|\n  a\n\n   b\n".to_owned()),
        Just("|+\n  a\n\n".to_owned()),
        Just(">-\n  folded\n  text".to_owned()),
        Just("|2\n   x".to_owned()),
        Just("[1,\n 2] # c".to_owned()),
        Just("plain\n  goes on".to_owned()),
        Just("'it''s'".to_owned()),
        Just("\n  - a\n  -   b: c".to_owned()),
        Just("\n- a\n- b".to_owned()),
    ]
}

proptest! {
    #[test]
    fn every_text_means_the_same_afterwards(
        values in prop::collection::vec(scalar(), 1..4),
        comment in prop_oneof![Just(""), Just("# c\n"), Just("\n"), Just("---\n"), Just("  # indented\n")],
        end in prop_oneof![Just(""), Just("\n"), Just("\n\n"), Just("\n# end\n")],
    ) {
        let lines: Vec<_> = values.iter().enumerate().map(|(at, value)| format!("k{at}: {value}")).collect();
        let text = format!("{comment}{}{end}", lines.join("\n"));
        prop_assume!(value_of(&text).is_some());
        let resources = BTreeMap::from([
            (id("agents/a"), text.clone()),
            (ResourceId::new(ResourceKind::Agent, "b").unwrap(), text.clone()),
        ]);
        let (_, split) = there_and_back(&resources);
        for found in split.values() {
            prop_assert_eq!(value_of(found), value_of(&text));
        }
        prop_assert_eq!(split.len(), 2);
    }
}
