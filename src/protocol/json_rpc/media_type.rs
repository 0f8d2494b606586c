//! The media type of a message.

use http::{HeaderMap, header};

/// Whether a body is JSON in UTF-8 as it is, of one of these media types: every server reads it as the gateway does.
#[must_use]
pub fn is_plain_json(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(media_type), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = media_type.to_str() else { return false };
    let (essence, parameter) =
        text.split_once(';').map_or((text, None), |(essence, rest)| (essence, Some(rest)));
    media_types.iter().any(|known| essence.trim().eq_ignore_ascii_case(known))
        && parameter.is_none_or(is_utf8)
        && !headers.contains_key(header::CONTENT_ENCODING)
}

fn is_utf8(parameter: &str) -> bool {
    parameter.trim().split_once('=').is_some_and(|(name, value)| {
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        name.eq_ignore_ascii_case("charset") && value.eq_ignore_ascii_case("utf-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_json_in_utf_8_and_nothing_around_it() {
        let json = "application/json";
        for (fields, wanted) in [
            (&[("content-type", json)] as &[_], true),
            (&[("content-type", "Application/JSON ; charset=UTF-8")], true),
            (&[("content-type", "application/json;charset=\"utf-8\"")], true),
            (&[("content-type", "application/json;")], false),
            (&[("content-type", "application/json; charset=utf-16")], false),
            (&[("content-type", "application/json; charset=utf-8; charset=utf-16")], false),
            (&[("content-type", "application/json; boundary=x")], false),
            (&[("content-type", "application/json, text/plain")], false),
            (&[("content-type", "application/json-rpc")], false),
            (&[("content-type", "application/vnd.api+json")], false),
            (&[("content-type", "text/plain")], false),
            (&[("content-type", json), ("content-type", json)], false),
            (&[("content-type", json), ("content-encoding", "gzip")], false),
            (&[("content-type", json), ("content-encoding", "identity")], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(is_plain_json(&headers, &[json]), wanted, "{fields:?}");
        }
        let of_rest = HeaderMap::from_iter([(header::CONTENT_TYPE, "application/a2a+json".parse().unwrap())]);
        assert!(
            !is_plain_json(&of_rest, &[json]) && is_plain_json(&of_rest, &[json, "application/a2a+json"])
        );
    }
}
