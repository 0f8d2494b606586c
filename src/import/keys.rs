//! Where the keys of an identity provider are. Private and symmetric keys are never among them.

use serde_json::{Map, Value};
use url::{Host, Url};

use crate::model::{PRIVATE_JWK_MEMBERS, is_loopback, is_loopback_name};

use super::item::Item;
use super::ledger::Verdict;
use super::place::web_url;

/// The members of public keys and of those around them (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
const PUBLIC_JWK_MEMBERS: [&str; 14] =
    ["kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256", "n", "e", "crv", "x", "y"];

/// Where the keys of a provider are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Keys {
    /// By discovery, from the issuer.
    #[default]
    Discovery,
    /// Under a key of `identity_providers.NAME`.
    At(&'static str, Value),
    /// The source has none that could be used here.
    Nowhere,
}

/// Those that are fetched from the URL `uri`; what that needs goes into `rest`.
pub(super) fn fetched(uri: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    let text = uri.text().unwrap_or_default();
    match web_url(text) {
        Err(why) => {
            uri.cannot(format!("{why}: write a key source"));
            Keys::Nowhere
        }
        Ok(url) => {
            if is_plain(&url) {
                rest.insert("insecure_http".to_owned(), true.into());
                uri.weak(Verdict::Kept, "keys come over plain HTTP");
            } else {
                uri.kept();
            }
            Keys::At("jwks_uri", text.into())
        }
    }
}

/// Those that are found by discovery from `issuer`, which `item` names.
pub(super) fn discovered(issuer: &str, item: Item<'_>, rest: &mut Map<String, Value>) -> Keys {
    match web_url(issuer) {
        Err(why) => {
            item.changed(format!("{why}, so that no keys are found by it: write a key source"));
            Keys::Nowhere
        }
        Ok(url) => {
            if is_plain(&url) {
                rest.insert("insecure_http".to_owned(), true.into());
                item.weak(Verdict::Kept, "keys come over plain HTTP");
            }
            Keys::Discovery
        }
    }
}

/// A key set that stands in the source.
pub(super) fn set(item: Item<'_>) -> Keys {
    let Some(set) = KeySet::read(item.text().unwrap_or_default()) else {
        item.cannot("this is no key set in JSON: write a key source");
        return Keys::Nowhere;
    };
    if set.had_symmetric {
        item.weak(
            Verdict::Changed,
            "symmetric keys (HS256 and the like) are left out: whoever verifies can sign",
        );
    }
    if set.had_private {
        item.changed("the private parts of its keys are left out: have new keys made, since these were seen");
    }
    if !set.had_symmetric && !set.had_private {
        item.kept();
    }
    set.keys
}

/// One public key or certificate as PEM in the source.
pub(super) fn pem(item: Item<'_>) -> Keys {
    let text = item.text().unwrap_or_default();
    if text.contains("PRIVATE KEY") {
        item.cannot("a private key, which was not read: write a key source");
        return Keys::Nowhere;
    }
    if !text.contains("-----BEGIN ") {
        item.cannot("a key that stands elsewhere: write a key source");
        return Keys::Nowhere;
    }
    item.kept();
    Keys::At("public_key", text.into())
}

/// Whether a URL is neither HTTPS nor of this machine.
fn is_plain(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => is_loopback(address.into()),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        None => false,
    };
    url.scheme() == "http" && !is_here
}

/// A key set without what is secret.
#[derive(Debug, PartialEq)]
struct KeySet {
    keys: Keys,
    had_symmetric: bool,
    had_private: bool,
}

impl KeySet {
    /// `None` for what is no key set.
    fn read(text: &str) -> Option<Self> {
        let mut set: Value = serde_json::from_str(text).ok()?;
        let keys = set.get_mut("keys")?.as_array_mut()?;
        let before = keys.len();
        keys.retain(|key| key.get("kty").and_then(Value::as_str) != Some("oct"));
        let had_symmetric = keys.len() < before;
        let mut had_private = false;
        for key in keys.iter_mut().filter_map(Value::as_object_mut) {
            had_private |= key.keys().any(|member| PRIVATE_JWK_MEMBERS.contains(&member.as_str()));
            // Of what nobody knows it may be secret, and no key needs it.
            key.retain(|member, _| PUBLIC_JWK_MEMBERS.contains(&member.as_str()));
        }
        let is_empty = keys.is_empty();
        Some(Self {
            keys: if is_empty { Keys::Nowhere } else { Keys::At("jwks", set) },
            had_symmetric,
            had_private,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secret_keys_are_left_out_of_a_key_set() {
        let rsa = || Keys::At("jwks", json!({"keys": [{"kty": "RSA"}]}));
        for (text, keys, had_symmetric, had_private) in [
            (r#"{"keys":[{"kty":"RSA"}]}"#, rsa(), false, false),
            (r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"RSA"}]}"#, rsa(), true, false),
            (r#"{"keys":[{"kty":"oct"}]}"#, Keys::Nowhere, true, false),
            (r#"{"keys":[{"kty":"RSA","d":"AQ","oth":[]}]}"#, rsa(), false, true),
            (r#"{"keys":[{"kty":"RSA","priv":"AQ"}]}"#, rsa(), false, false),
        ] {
            assert_eq!(KeySet::read(text), Some(KeySet { keys, had_symmetric, had_private }), "{text}");
        }
        for text in ["", "no JSON", "[]", r#"{"keys":{}}"#] {
            assert_eq!(KeySet::read(text), None, "{text}");
        }
    }

    #[test]
    fn plain_is_what_others_can_read_on_the_way() {
        for (text, plain) in [
            ("http://idp.example", true),
            ("https://idp.example", false),
            ("http://localhost:9000/keys", false),
            ("http://127.0.0.1", false),
            ("http://[::1]:80", false),
        ] {
            assert_eq!(is_plain(&Url::parse(text).unwrap()), plain, "{text}");
        }
    }
}
