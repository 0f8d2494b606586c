//! The key in the head of a proof: a public JSON Web Key, and its thumbprint (RFC 7638).
//!
//! `idp` makes a key of it that verifies; nothing here computes with its numbers.

use serde_json::{Map, Value};

use crate::idp::{SkipReason, VerificationKey, parse_jwk};
use crate::model::{Algorithm, Digest, PRIVATE_JWK_MEMBERS};

use super::flaw::Flaw;

/// A public key, with its thumbprint.
#[derive(Debug)]
pub(super) struct Jwk {
    members: Map<String, Value>,
    thumbprint: Digest,
}

impl Jwk {
    /// A public key of a kind whose thumbprint is defined; whether its numbers are good is not looked at.
    pub(super) fn read(members: Map<String, Value>) -> Result<Self, Flaw> {
        if PRIVATE_JWK_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(Flaw("`jwk` has a private or shared part"));
        }
        if ["x5c", "x5u"].iter().any(|name| members.contains_key(*name)) {
            return Err(Flaw("`jwk` has a certificate"));
        }
        let thumbprint = thumbprint(&members)
            .ok_or(Flaw("`jwk` is no RSA, EC or OKP key with all of its members in base64url"))?;
        Ok(Self { members, thumbprint })
    }

    /// Its thumbprint by SHA-256.
    pub(super) const fn thumbprint(&self) -> &Digest {
        &self.thumbprint
    }

    /// The key that verifies signatures of this algorithm. A weak key is none: what applies to the keys of providers applies to
    /// it.
    pub(super) fn key(&self, algorithm: Algorithm) -> Result<VerificationKey, SkipReason> {
        parse_jwk(&self.members, [algorithm].into_iter().collect())
    }
}

/// The SHA-256 of the members that make the key what it is, in the order of their names and without blanks (RFC 7638 section
/// 3.2, RFC 8037 section 2).
fn thumbprint(jwk: &Map<String, Value>) -> Option<Digest> {
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let mut text = String::with_capacity(512);
    for (i, name) in names.iter().enumerate() {
        let value = jwk.get(*name)?.as_str()?;
        // Of such characters none is escaped in JSON.
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return None;
        }
        text.push(if i == 0 { '{' } else { ',' });
        for (piece, before) in [(*name, "\""), (value, "\":\"")] {
            text.push_str(before);
            text.push_str(piece);
        }
        text.push('"');
    }
    text.push('}');
    Some(Digest::of(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::authn::base64url;

    fn read(jwk: Value) -> Result<Jwk, Flaw> {
        let Value::Object(members) = jwk else { panic!("an object") };
        Jwk::read(members)
    }

    #[test]
    fn thumbprints_are_those_of_the_examples_of_the_rfcs() {
        let rfc_7638 = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        for (jwk, wanted) in [
            (
                json!({"kty": "RSA", "n": rfc_7638, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}),
                "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            ),
            (
                json!({"kty": "EC", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA", "crv": "P-256"}),
                "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
            ),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
                "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            ),
        ] {
            assert_eq!(base64url::encode(read(jwk).unwrap().thumbprint().as_bytes()), wanted);
        }
    }

    #[test]
    fn a_key_with_a_private_part_or_a_certificate_or_without_a_member_is_none() {
        let good = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
        assert!(read(good.clone()).is_ok());
        let with = |name: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5c", "x5u"] {
            assert!(read(with(name, json!("AA"))).is_err(), "{name}");
        }
        for name in ["kty", "crv", "x", "y"] {
            for value in [json!(null), json!(1), json!(""), json!("A="), json!("A+"), json!("A\"")] {
                assert!(read(with(name, value.clone())).is_err(), "{name}: {value}");
            }
        }
        for kty in ["oct", "EC2", "ec"] {
            assert!(read(with("kty", json!(kty))).is_err(), "{kty}");
        }
    }
}
