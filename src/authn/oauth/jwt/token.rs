//! A compact JWS (RFC 7515 section 7.1), parsed and not yet verified.
//!
//! The parser is strict: three parts, unpadded canonical base64url, one JSON object each in header and payload, members of
//! the right type. Nothing here checks a value against a policy.

use crate::authn::base64url;
use crate::authn::oauth::terms::Terms;
use crate::authn::oauth::token_type::is_access_type;
use crate::idp::KeyName;
use crate::model::{Claims, KeyId, strict_json};

use super::members::{Malformed, check_identity, check_unused, is_critical, string, terms, thumbprint};

/// The most objects inside the header. The registered parameters of a JWS need one, `jwk`; the rest is for private ones.
const MAX_HEADER_OBJECTS: usize = 64;
/// The most objects inside the payload. Tokens with roles of a hundred projects have a few hundred; each object costs
/// memory that a client can make the gateway spend before it has verified anything.
pub(in crate::authn::oauth) const MAX_PAYLOAD_OBJECTS: usize = 1000;

/// A well-formed token. Nothing in it is verified.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    /// `alg`, not checked.
    pub(in crate::authn) alg: Option<String>,
    /// `kid`, of the form of a [`KeyId`].
    pub(in crate::authn) kid: Option<String>,
    /// `x5t#S256` and `x5t`; absent where `kid` is present, which names the key better.
    pub(in crate::authn) thumbprints: [Option<String>; 2],
    /// `typ`, not checked.
    pub(in crate::authn) typ: Option<String>,
    /// Whether `crit` is present or `b64` is false.
    pub(in crate::authn) critical: bool,
    /// `iss`.
    pub(in crate::authn) iss: Option<String>,
    /// The claims that say when, where and by whom it may be used.
    pub(in crate::authn) terms: Terms,
    /// All claims.
    pub(in crate::authn) claims: Claims,
    /// The JSON text of the claims, for the memory of verified tokens.
    pub(in crate::authn) payload: Vec<u8>,
    /// The signing input: header and payload, still encoded (RFC 7515 section 5.2).
    pub(in crate::authn) signed: &'a [u8],
    /// The signature, decoded.
    pub(in crate::authn) signature: Vec<u8>,
}

/// The claims of a payload that was parsed before.
pub(in crate::authn) fn claims(payload: &[u8]) -> Option<Claims> {
    strict_json::object(payload, MAX_PAYLOAD_OBJECTS).ok().map(Claims::new)
}

impl<'a> Token<'a> {
    /// Parses a compact JWS.
    ///
    /// # Errors
    /// [`Malformed`] for any other text.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed("not three parts separated by dots"));
        };
        // Both parts come from `text`, so the range is always within it.
        let signed = text.get(..header.len() + 1 + payload.len()).unwrap_or_default().as_bytes();
        let header = decode(header, Malformed("the header is not base64url"))?;
        let header = strict_json::object(&header, MAX_HEADER_OBJECTS)
            .map_err(|_| Malformed("the header is not one JSON object"))?;
        let text = decode(payload, Malformed("the payload is not base64url"))?;
        let payload = strict_json::object(&text, MAX_PAYLOAD_OBJECTS)
            .map_err(|_| Malformed("the payload is not one JSON object"))?;
        let signature = decode(signature, Malformed("the signature is not base64url"))?;
        let kid = string(header.get("kid"), Malformed("`kid` is not a string"))?;
        if kid.as_deref().is_some_and(|kid| !KeyId::is_valid(kid)) {
            return Err(Malformed("`kid` is too long or not printable"));
        }
        check_unused(&header)?;
        check_identity(&payload)?;
        Ok(Self {
            alg: string(header.get("alg"), Malformed("`alg` is not a string"))?,
            thumbprints: if kid.is_some() {
                [None, None]
            } else {
                ["x5t#S256", "x5t"].map(|name| thumbprint(&header, name))
            },
            kid,
            typ: string(header.get("typ"), Malformed("`typ` is not a string"))?,
            critical: is_critical(&header)?,
            iss: string(payload.get("iss"), Malformed("`iss` is not a string"))?,
            terms: terms(&payload)?,
            claims: Claims::new(payload),
            payload: text,
            signed,
            signature,
        })
    }

    /// Whether its header says that it is an access token.
    pub(in crate::authn) fn has_access_type(&self) -> bool {
        self.typ.as_deref().is_some_and(is_access_type)
    }

    /// The names by which its header refers to its key.
    pub(in crate::authn) fn key_name(&self) -> KeyName<'_> {
        let [sha256, sha1] = &self.thumbprints;
        KeyName { kid: self.kid.as_deref(), sha256: sha256.as_deref(), sha1: sha1.as_deref() }
    }
}

fn decode(part: &str, error: Malformed) -> Result<Vec<u8>, Malformed> {
    base64url::decode(part).ok_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    fn encode(bytes: &[u8]) -> String {
        base64url::encode(bytes)
    }

    fn compact(header: &Value, payload: &Value) -> String {
        format!(
            "{}.{}.{}",
            encode(header.to_string().as_bytes()),
            encode(payload.to_string().as_bytes()),
            encode(b"sig")
        )
    }

    #[test]
    fn a_well_formed_token_parses() {
        let text = compact(
            &json!({"alg": "RS256", "kid": "k", "typ": "JWT"}),
            &json!({"iss": "i", "aud": ["a", "b"], "exp": 1.5, "sub": "s"}),
        );
        let token = Token::parse(&text).unwrap();
        assert_eq!(token.alg.as_deref(), Some("RS256"));
        assert_eq!(
            (token.terms.aud.len(), token.terms.times.exp, token.terms.times.nbf),
            (2, Some(1.5), None)
        );
        assert_eq!(token.signed, text.rsplit_once('.').unwrap().0.as_bytes());
        assert_eq!(token.signature, b"sig");
    }

    #[test]
    fn anything_but_three_parts_of_canonical_base64url_is_refused() {
        let good = compact(&json!({"alg": "RS256"}), &json!({}));
        let (head, _) = good.rsplit_once('.').unwrap();
        for text in [
            String::new(),
            ".".into(),
            "..".into(),
            head.to_owned(),
            format!("{good}.x"),
            format!("{good}.x.y"),
            format!("{good}="),
            format!("{good} "),
            format!(" {good}"),
            format!("{head}.c2ln+"),
            format!("{head}.c2l"), // stray bits
            format!("{head}.c"),   // one character is no byte
            format!("{head}.c2\nln"),
        ] {
            assert!(Token::parse(&text).is_err(), "{text:?}");
        }
        assert!(
            Token::parse(&format!("{head}.")).is_ok(),
            "an empty signature is for the algorithm check to refuse"
        );
    }

    #[test]
    fn a_member_of_a_wrong_type_is_invalid_and_not_absent() {
        let header = json!({"alg": "RS256"});
        for payload in [
            json!({"iss": 1}),
            json!({"iss": null}),
            json!({"aud": 1}),
            json!({"aud": [1]}),
            json!({"aud": {}}),
            json!({"exp": "1"}),
            json!({"exp": null}),
            json!({"aud": [null]}),
            json!({"scope": [null]}),
            json!({"exp": 0}),
            json!({"exp": -1}),
            json!({"exp": 9_007_199_254_740_992_u64}),
            json!({"nbf": true}),
            json!({"iat": []}),
            json!({"sub": 1}),
            json!({"jti": {}}),
            json!({"scope": 1}),
            json!({"scope": ["a", 1]}),
            json!({"scope": [["a"]]}),
            json!({"scp": 1}),
            json!({"scp": [1]}),
            json!({"azp": 1}),
            json!({"cnf": "a"}),
            json!({"cnf": ["jkt"]}),
            json!({"cnf": {"jwk": {"kty": "OKP"}}}),
            json!({"cnf": {"jkt": 1}}),
            json!({"client_id": false}),
        ] {
            assert!(Token::parse(&compact(&header, &payload)).is_err(), "{payload}");
        }
        for header in [
            json!({"alg": 1}),
            json!({"alg": "RS256", "kid": 1}),
            json!({"alg": "RS256", "kid": "x".repeat(257)}),
            json!({"alg": "RS256", "typ": 1}),
            json!({"alg": "RS256", "b64": "false"}),
            json!({"alg": "RS256", "jku": 1}),
            json!({"alg": "RS256", "x5t#S256": null}),
            json!({"alg": "RS256", "cty": ["JWT"]}),
            json!({"alg": "RS256", "jwk": "{}"}),
            json!({"alg": "RS256", "x5c": "AAAA"}),
            json!({"alg": "RS256", "x5c": [1]}),
            json!([]),
            json!("x"),
        ] {
            assert!(Token::parse(&compact(&header, &json!({}))).is_err(), "{header}");
        }
    }

    #[test]
    fn null_is_absence_where_a_claim_is_optional() {
        let names = ["aud", "nbf", "iat", "sub", "jti", "client_id", "azp", "scope", "scp", "cnf"];
        let payload: Map<String, Value> =
            names.into_iter().map(|name| (name.to_owned(), Value::Null)).collect();
        let text = compact(&json!({"alg": "RS256"}), &payload.into());
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.terms, token.claims.scopes().count()), (Terms::default(), 0));
    }

    #[test]
    fn any_critical_extension_is_noticed() {
        for (header, critical) in [
            (json!({"crit": []}), true),
            (json!({"crit": ["exp"]}), true),
            (json!({"crit": null}), true),
            (json!({"b64": false}), true),
            (json!({"b64": true}), false),
            (json!({}), false),
        ] {
            let text = compact(&header, &json!({}));
            assert_eq!(Token::parse(&text).unwrap().critical, critical, "{header}");
        }
    }
}
