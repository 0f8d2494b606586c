//! A configuration of another gateway, read as each product's. What is printed is a configuration of ours, and every weakening
//! is told: the exit code and the lines agree. Lines are those of the text, and nothing in them acts on a terminal.

use portcullis::config::{Source, parse};
use portcullis::import::{Product, Unreadable, import};

pub(crate) const WORDS: &[&str] = &[
    "\n",
    "\n  ",
    "\n    ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "\"",
    "'",
    "`",
    "&a ",
    "*a",
    "|",
    "~",
    "---\n",
    "${HOME}",
    "true",
    "false",
    "0",
    "-1",
    "99999999999999999999",
    "*",
    "*.",
    "/",
    "//",
    "http://",
    "https://u:p@h",
    "unix:",
    "any",
    "HS256",
    "-----BEGIN PRIVATE KEY-----",
    "1s",
    " && ",
    " || ",
    "!",
    "(",
    ")",
    "anonymous: x",
    "audiences: []",
    "issuer: ''",
    "prefix: ''",
    "path: {regex: a}",
    "safe_regex: {}",
    "allow_missing: {}",
    "requires_any: {requirements: []}",
    "rule: ",
    "middlewares: [a]",
    "policies: []",
    "mcpAuthorization: {rules: []}",
    "plugins: [{name: x}]",
    "hosts: ['*']",
    "methods: ['G T']",
    "rateLimit: {average: 5}",
    "localRateLimit: [{maxTokens: 5, tokensPerFill: 5, fillInterval: 1s}]",
    "token_bucket: {max_tokens: 5, fill_interval: 1s}",
    "minute: 5",
    "allowOrigins: ['*']",
    "origins: ['https://.*']",
    "credentials: true",
    "[http.routers.a]\n",
    "[[a]]\n",
    " = ",
];

pub(crate) fn run(input: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(input) else { return "not text".to_owned() };
    format!("{}; {}", read("a.yaml", text), read("a.toml", text))
}

/// A text in a file of that name, as each product's.
fn read(name: &str, text: &str) -> String {
    let lines = text.split(['\n', '\r']).count();
    let mut words = Vec::new();
    for product in Product::ALL {
        let imported = match import(product, &[Source::new(name, text)]) {
            Ok(imported) => imported,
            Err(Unreadable::Broken(findings)) => {
                assert!(findings.has_errors(), "refused without an error");
                return findings.iter().map(|finding| format!("{:?}", finding.code)).collect();
            }
            Err(Unreadable::Nothing { lines, .. }) => {
                words.push(format!("{} nothing {}", product.word(), lines.len().min(3)));
                continue;
            }
            Err(Unreadable::Unwritable(why)) => panic!("{}: {why}", product.word()),
        };
        let shown = |verdict: &str| !verdict.chars().any(char::is_control);
        for line in &imported.lines {
            assert!((1..=lines).contains(&line.number), "a line out of the text: {line:?}");
            assert!(shown(&line.verdict), "{line:?}");
        }
        let is_told = imported.lines.iter().any(|line| line.verdict.contains(": weak: "));
        assert_eq!(imported.is_weak, is_told, "{}: {:#?}", product.word(), imported.lines);
        if let Err(findings) =
            parse(&[Source::new("b.yaml", imported.yaml.as_str())], &|_| Some("1".to_owned()))
        {
            panic!("{}: what is printed is no configuration:\n{findings}\n{}", product.word(), imported.yaml);
        }
        let agents = imported.yaml.matches("\n    route:").count();
        words.push(format!("{} {} {}", product.word(), imported.is_weak, agents.min(3)));
    }
    words.join(" ")
}
