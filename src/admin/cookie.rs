//! The session cookie: read by a strict grammar, written with every restrictive attribute (RFC 6265 section 4.1.2).

use http::{HeaderMap, HeaderValue};

use crate::model::cookies;

use super::sessions::LIFETIME;

/// The name of the cookie; the OpenAPI document names it too.
pub(super) const NAME: &str = "portcullis_session";
/// The longest id that is looked up: ours have 43 characters, and hashing a longer one would be wasted work.
const LONGEST: usize = 128;

/// All values of our cookie that could be one of ours. There can be several: browsers also send those set for other paths or
/// ports of the host.
pub(super) fn values(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = cookies(headers, NAME).filter(|value| (1..=LONGEST).contains(&value.len()));
    values.filter_map(|value| str::from_utf8(value).ok())
}

/// The `Set-Cookie` field; without `id` it deletes the cookie.
pub(super) fn set(id: Option<&str>, tls: bool) -> HeaderValue {
    let (id, age) = id.map_or(("", 0), |id| (id, LIFETIME.as_secs()));
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{NAME}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}");
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn our_cookie_is_found_among_others() {
        for (fields, wanted) in [
            (&["portcullis_session=a"][..], &["a"][..]),
            (&["x=1; portcullis_session=a;y=2"], &["a"]),
            (&["portcullis_session=a; portcullis_session=b", "portcullis_session=c"], &["a", "b", "c"]),
            (&["portcullis_session="], &[]),
            (&["Portcullis_Session=a", "portcullis_session2=a", "portcullis_session"], &[]),
            (&[], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(header::COOKIE, field.parse().unwrap());
            }
            assert_eq!(values(&headers).collect::<Vec<_>>(), wanted, "{fields:?}");
        }
        let mut long = HeaderMap::new();
        long.insert(header::COOKIE, format!("{NAME}={}", "a".repeat(LONGEST + 1)).parse().unwrap());
        assert_eq!(values(&long).count(), 0);
    }

    #[test]
    fn the_cookie_has_every_restrictive_attribute() {
        let text = |value: HeaderValue| value.to_str().unwrap().to_owned();
        assert_eq!(
            text(set(Some("abc"), true)),
            "portcullis_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200; Secure"
        );
        assert_eq!(
            text(set(None, false)),
            "portcullis_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
        assert!(!format!("{:?}", set(Some("abc"), true)).contains("abc"));
    }
}
