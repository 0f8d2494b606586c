//! Credentials in URLs, which are not shown: not in the API, not in the history, not in a diff.

use std::borrow::Cow;

use serde_json::Value;

/// What stands in their place.
pub(in crate::config) const HIDDEN: &str = "***@";

/// `text` without the credentials of the URLs in it. References to the environment are no secrets and stay.
#[must_use]
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut shown: Option<String> = None;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let kept = shown.get_or_insert_default();
        kept.push_str(before);
        kept.push_str("://");
        let end = after.find(['/', '?', '#', '"', '\'', ' ', ',', '\n', '\r']).unwrap_or(after.len());
        let authority = after.get(..end).unwrap_or_default();
        rest = match authority.rsplit_once('@') {
            Some((credentials, _)) if !is_reference(credentials) => {
                kept.push_str(HIDDEN);
                after.get(credentials.len() + 1..).unwrap_or_default()
            }
            _ => after,
        };
    }
    match shown {
        Some(mut shown) => {
            shown.push_str(rest);
            Cow::Owned(shown)
        }
        None => Cow::Borrowed(text),
    }
}

/// The same for every text in `value`.
pub fn hide_passwords(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_passwords(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(hide_passwords),
        Value::Object(members) => members.values_mut().for_each(hide_passwords),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether all of it comes from the environment (`${USER}:${PASSWORD}`), without defaults.
fn is_reference(credentials: &str) -> bool {
    credentials.split(':').all(|part| {
        let name = part.strip_prefix("${").and_then(|part| part.strip_suffix('}'));
        name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_urls_are_not_shown_and_references_are() {
        for (text, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://u:secret@proxy:3128", "http://***@proxy:3128"),
            ("http://secret@proxy", "http://***@proxy"),
            ("http://u:se@cret@proxy/", "http://***@proxy/"),
            ("http://${U}:${P}@proxy", "http://${U}:${P}@proxy"),
            ("http://u:${P}@proxy", "http://***@proxy"),
            ("http://${P:-secret}@proxy", "http://***@proxy"),
            ("a: http://u:p@h\nb: \"https://x:y@z\"\n", "a: http://***@h\nb: \"https://***@z\"\n"),
            ("mail me@example.com", "mail me@example.com"),
            ("https://h/a@b", "https://h/a@b"),
        ] {
            assert_eq!(without_passwords(text), shown, "{text}");
        }
        let mut value =
            serde_json::json!({"egress_proxy": "http://u:p@h", "list": ["http://u:p@h", 1, null]});
        hide_passwords(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"egress_proxy": "http://***@h", "list": ["http://***@h", 1, null]})
        );
    }
}
