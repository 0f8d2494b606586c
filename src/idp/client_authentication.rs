//! How the gateway, as a client, proves to a provider who it is, with a secret (RFC 6749 section 2.3.1).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use url::form_urlencoded::byte_serialize;

/// The field `Authorization` of HTTP Basic. Both halves are form-encoded before they are joined, as RFC 6749 wants it.
pub(super) fn basic(client_id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_form_encoded() {
        let value = basic("a:b c", "p%+ü").unwrap();
        let text = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        assert_eq!(BASE64_STANDARD.decode(text).unwrap(), b"a%3Ab+c:p%25%2B%C3%BC");
        assert!(value.is_sensitive());
    }
}
