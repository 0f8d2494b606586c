//! One resource: as the text of a file of the store, or, when it begins with `{`, as the JSON body that the admin API
//! takes. What can be written as YAML reads back as the same.

use portcullis::config::{Source, parse, to_yaml, written};
use portcullis::model::{ResourceId, ResourceKind};
use serde_json::Value;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ": ",
    ",",
    "\n",
    "- ",
    "#",
    "|",
    ">",
    "'",
    "&a ",
    "*a",
    "!!str ",
    "\\u0000",
    "\\n",
    "\\ud83d\\ude00",
    "\"route\":\"/a\"",
    "\"upstream\":\"http://127.0.0.1:9\"",
    "\"auth\":\"public\"",
    "\"auth\":{\"oauth\":{\"identity_providers\":[\"corp\"]}}",
    "${SECRET}",
    "$${",
    "yes",
    "null",
    "~",
    "0x1f",
    "1e3",
    "1_000",
    ".inf",
    "-0",
    "9007199254740993",
    "0.1",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\t",
    " ",
    "---",
    "<<",
];

pub(crate) fn run(input: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(input) else { return "not text".to_owned() };
    let id = ResourceId::new(ResourceKind::Agent, "a").expect("a name");
    let (word, text) = match serde_json::from_str::<Value>(text) {
        Ok(value) if text.starts_with('{') => match to_yaml(ResourceKind::Agent, &value) {
            Ok(yaml) => {
                let source = [Source::of(id.clone(), "a.yaml", yaml.as_str())];
                let read = written(&source, &id).expect("what was written is read");
                assert_eq!(read.spec, value, "written as {yaml:?}");
                ("json", yaml)
            }
            Err(_) => return "json that cannot be written".to_owned(),
        },
        _ => ("yaml", text.to_owned()),
    };
    // Lines as YAML counts them.
    let lines = text.split(['\n', '\r']).count();
    let sources = [Source::new("base.yaml", "version: 1\n"), Source::of(id, "a.yaml", text)];
    match parse(&sources, &|_| None) {
        Ok(_) => format!("{word} ok"),
        Err(findings) => {
            for finding in &findings {
                assert!(finding.line <= lines + 1, "a finding points out of the text: {finding}");
            }
            let mut codes: Vec<_> = findings.iter().map(|finding| format!("{:?}", finding.code)).collect();
            codes.sort_unstable();
            codes.dedup();
            format!("{word} {}", codes.join(" "))
        }
    }
}
