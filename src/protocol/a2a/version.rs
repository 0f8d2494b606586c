//! The version of A2A that a request names (A2A 1.0 section 3.6).

use std::borrow::Cow;

use http::HeaderMap;
use percent_encoding::percent_decode_str;

const NAME: &str = "a2a-version";
/// What a request means that names none.
const UNNAMED: &str = "0.3";

/// The version that a request names in its head, else in its query. It is shown, and decides nothing.
#[must_use]
pub fn version<'r>(headers: &'r HeaderMap, query: Option<&'r [u8]>) -> Cow<'r, str> {
    let in_head = headers.get(NAME).and_then(|value| value.to_str().ok()).map(str::trim);
    let named = in_head.filter(|text| !text.is_empty()).map(Cow::Borrowed);
    let named = named.or_else(|| in_query(query?)).filter(|text| !text.is_empty());
    named.unwrap_or(Cow::Borrowed(UNNAMED))
}

fn in_query(query: &[u8]) -> Option<Cow<'_, str>> {
    let mut parameters = str::from_utf8(query).ok()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.eq_ignore_ascii_case(NAME))?;
    Some(percent_decode_str(value).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_in_the_head_or_in_the_query() {
        for (head, query, wanted) in [
            (Some("1.0"), None, "1.0"),
            (Some("1.0"), Some("A2A-Version=0.3"), "1.0"),
            (None, Some("x=1&A2A-Version=1.0"), "1.0"),
            (None, Some("a2a-version=1%2E0"), "1.0"),
            (Some(""), Some("A2A-Version=1.0"), "1.0"),
            (Some(""), None, "0.3"),
            (None, Some("A2A-Version="), "0.3"),
            (None, Some("A2A-Version"), "0.3"),
            (None, None, "0.3"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(head) = head {
                headers.insert(NAME, head.parse().unwrap());
            }
            assert_eq!(version(&headers, query.map(str::as_bytes)), wanted, "{head:?} {query:?}");
        }
    }
}
