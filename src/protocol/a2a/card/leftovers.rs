//! What an operator should look at in a card that was rewritten.

use std::fmt;

use super::json::{Json, Members};

/// What an operator should look at; each names its place as a JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardWarning {
    /// A text still names the authority of the upstream.
    Leftover(String),
    /// An interface was removed, because the gateway does not carry it.
    Interface(String),
    /// Signatures were removed.
    Signature,
    /// Signatures were removed, and the gateway signs in their place.
    Resigned,
}

impl fmt::Display for CardWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leftover(path) => write!(f, "{path} still names the upstream's address"),
            Self::Interface(path) => write!(f, "{path} is an interface that the gateway does not carry"),
            Self::Signature => {
                f.write_str("$.signatures were removed: a rewritten card is not what was signed")
            }
            Self::Resigned => f.write_str(
                "$.signatures were removed without a look at them, and the card has one by the gateway's key",
            ),
        }
    }
}

/// The places of texts that name `authority`.
pub(super) fn find(card: &Members, authority: &str) -> Vec<CardWarning> {
    let mut found = Vec::new();
    let authority = authority.to_ascii_lowercase();
    if !authority.is_empty() {
        in_members("$", card, &authority, &mut found);
    }
    found
}

fn in_members(path: &str, members: &Members, authority: &str, found: &mut Vec<CardWarning>) {
    for (name, value) in members {
        let is_word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let step = if is_word {
            format!(".{name}")
        } else {
            format!("[{}]", serde_json::Value::from(name.as_str()))
        };
        in_value(&format!("{path}{step}"), value, authority, found);
    }
}

fn in_value(path: &str, value: &Json, authority: &str, found: &mut Vec<CardWarning>) {
    match value {
        Json::Text(text) if names(text, authority) => found.push(CardWarning::Leftover(path.to_owned())),
        Json::List(items) => {
            for (index, item) in items.iter().enumerate() {
                in_value(&format!("{path}[{index}]"), item, authority, found);
            }
        }
        Json::Object(members) => in_members(path, members, authority, found),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Anchored(_) => {}
    }
}

/// Whether a text names an authority, not merely one that contains it.
fn names(text: &str, authority: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(authority).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + authority.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(|c| is_part(c) || c == '.') && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_named_on_its_own() {
        for (text, wanted) in [
            ("http://up.internal:9000/docs", true),
            ("see HTTP://UP.INTERNAL:9000.", true),
            ("user@up.internal:9000", true),
            ("http://up.internal:90001/", false),
            ("http://backup.internal:9000/", false),
            ("http://x.up.internal:9000/", false),
            ("http://up.internal/", false),
        ] {
            assert_eq!(names(text, "up.internal:9000"), wanted, "{text}");
        }
    }

    #[test]
    fn a_leftover_is_named_by_its_path() {
        let card: Json = serde_json::from_str(
            r#"{"provider":{"url":"http://a.b/x"},"skills":[{},{"a b":["A.B"]}],"x":"a.c"}"#,
        )
        .unwrap();
        let Json::Object(card) = card else { panic!("an object") };
        let found: Vec<String> = find(&card, "a.b").iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2);
        assert!(
            found[0].starts_with("$.provider.url ") && found[1].starts_with("$.skills[1][\"a b\"][0] "),
            "{found:?}"
        );
    }
}
