//! A part of the document, read as our own configuration before it goes in.

use serde_json::{Value, json};

use crate::config::{Diagnostic, Source, document_to_yaml, parse};

/// Why a part of the document is no configuration of ours.
pub(super) fn rejected(mut part: Value) -> Option<String> {
    if let Some(part) = part.as_object_mut() {
        part.insert("version".to_owned(), json!(1));
    }
    let yaml = match document_to_yaml(&part) {
        Ok(yaml) => yaml,
        Err(why) => return Some(why),
    };
    // The environment is not ours to ask; a number is a text, and a part of a URL.
    let found = parse(&[Source::new("", yaml)], &|_| Some("1".to_owned())).err()?;
    found.iter().find(|finding| finding.is_error()).map(in_words)
}

fn in_words(finding: &Diagnostic) -> String {
    let help = finding.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{}{help}", finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_as_check_reads_it() {
        let agent = |upstream: &str| json!({"agents": {"a": {"route": "/a", "upstream": upstream, "auth": "public"}}});
        assert_eq!(rejected(agent("http://a.example:${PORT}")), None);
        assert!(
            rejected(agent("a.example")).is_some_and(|why| why.contains('(')),
            "what is wrong, and what to write"
        );
    }
}
