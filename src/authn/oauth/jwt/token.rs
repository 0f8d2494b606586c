//! A compact JWS (RFC 7515 section 7.1), taken apart but not yet believed.
//!
//! Strict where others are lenient: three parts, unpadded canonical base64url, one JSON object each in header
//! and payload, members of the right type. Nothing here checks a value against a policy.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::idp::KeyName;
use crate::model::{Claims, Instant, KeyId, strict_json};

/// Unpadded base64url whose last character has no stray bits (RFC 7515 section 2, RFC 4648 section 3.5).
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// 2^53: from here on, not every whole number of seconds has a double of its own.
const NUMERIC_DATE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// So many objects may stand inside the header: `jwk`, which nobody reads, and what else may come.
const MAX_HEADER_OBJECTS: usize = 64;
/// So many objects may stand inside the payload: one for every dozen bytes of the largest token.
const MAX_PAYLOAD_OBJECTS: usize = 1000;

/// Why a text is no token; the words are for `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// A token that is well-formed and otherwise unproven.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    /// `alg`, as it stands; `None` when absent.
    pub(in crate::authn) alg: Option<String>,
    /// `kid`, when there is one.
    pub(in crate::authn) kid: Option<String>,
    /// `x5t#S256` and `x5t`, when they are there and `kid` is not.
    pub(in crate::authn) thumbprints: [Option<String>; 2],
    /// `typ`, when there is one.
    pub(in crate::authn) typ: Option<String>,
    /// Whether `crit` is present or `b64` is false.
    pub(in crate::authn) critical: bool,
    /// `iss`.
    pub(in crate::authn) iss: Option<String>,
    /// `aud`, one or several.
    pub(in crate::authn) aud: Vec<String>,
    /// When it is good.
    pub(in crate::authn) times: Times,
    /// Whether it names a key of its holder, `cnf` (RFC 7800 section 3.1).
    pub(in crate::authn) is_bound: bool,
    /// Every claim.
    pub(in crate::authn) claims: Claims,
    /// The claims as they were written.
    pub(in crate::authn) payload: Vec<u8>,
    /// The bytes that were signed: header and payload as they came.
    pub(in crate::authn) signed: &'a [u8],
    /// The signature.
    pub(in crate::authn) signature: Vec<u8>,
}

/// The moments that a token names, in seconds since the epoch (RFC 7519 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::authn) struct Times {
    /// From then on it is expired.
    pub(in crate::authn) exp: Option<f64>,
    /// Before, it is not yet valid.
    pub(in crate::authn) nbf: Option<f64>,
    /// When it was issued.
    pub(in crate::authn) iat: Option<f64>,
}

impl Times {
    fn of(payload: &Map<String, Value>) -> Result<Self, Malformed> {
        Ok(Self {
            exp: numeric_date(payload.get("exp"))?,
            nbf: numeric_date(optional(payload, "nbf"))?,
            iat: numeric_date(optional(payload, "iat"))?,
        })
    }

    /// Whether `exp` has passed; also when there is none.
    pub(in crate::authn) fn are_over_at(&self, now: Instant, leeway: f64) -> bool {
        self.exp.is_none_or(|exp| now.unix_f64() >= exp + leeway)
    }

    /// Whether `nbf` or `iat` is still to come.
    pub(in crate::authn) fn are_early_at(&self, now: Instant, leeway: f64) -> bool {
        let is_early = |at: Option<f64>| at.is_some_and(|at| at > now.unix_f64() + leeway);
        is_early(self.nbf) || is_early(self.iat)
    }

    /// `exp - iat`, in seconds, when both are there.
    pub(in crate::authn) fn lifetime(&self) -> Option<f64> {
        self.exp.zip(self.iat).map(|(exp, iat)| exp - iat)
    }

    /// Whether it is good for no longer than `limit`; one that does not say when it was issued is not.
    pub(in crate::authn) fn are_within(&self, limit: Option<Duration>) -> bool {
        limit.is_none_or(|limit| self.lifetime().is_some_and(|seconds| seconds <= limit.as_secs_f64()))
    }
}

/// The claims of a payload that was read before.
pub(in crate::authn) fn claims(payload: &[u8]) -> Option<Claims> {
    strict_json::object(payload, MAX_PAYLOAD_OBJECTS).ok().map(Claims::new)
}

impl<'a> Token<'a> {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is not exactly one.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed("not three parts separated by dots"));
        };
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
        for name in ["sub", "jti", "client_id", "azp"] {
            let error = Malformed("`sub`, `jti`, `client_id` or `azp` is not a string");
            string(optional(&payload, name), error)?;
        }
        for name in ["scope", "scp"] {
            let error = Malformed("`scope` or `scp` is not a string or an array of strings");
            strings(optional(&payload, name), error)?;
        }
        let aud = optional(&payload, "aud");
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
            aud: strings(aud, Malformed("`aud` is not a string or an array of strings"))?,
            times: Times::of(&payload)?,
            is_bound: is_bound(&payload)?,
            claims: Claims::new(payload),
            payload: text,
            signed,
            signature,
        })
    }

    /// The names that its header gives to its key.
    pub(in crate::authn) fn key_name(&self) -> KeyName<'_> {
        let [sha256, sha1] = &self.thumbprints;
        KeyName { kid: self.kid.as_deref(), sha256: sha256.as_deref(), sha1: sha1.as_deref() }
    }

    /// The client that it was issued to (RFC 9068 section 2.2).
    pub(in crate::authn) fn client_id(&self) -> Option<&str> {
        self.claims.text("client_id")
    }

    /// By what it is bound, in words for `explain`: the members of `cnf`.
    pub(in crate::authn) fn binding(&self) -> String {
        match self.claims.get("cnf").and_then(Value::as_object) {
            None => "absent".to_owned(),
            Some(members) if members.is_empty() => "empty".to_owned(),
            Some(members) => members.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

fn decode(part: &str, error: Malformed) -> Result<Vec<u8>, Malformed> {
    BASE64URL.decode(part).map_err(|_| error)
}

/// A claim that RFC 7519 section 4.1 leaves optional. Null is how many issuers write that they have none.
fn optional<'m>(payload: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    payload.get(name).filter(|value| !value.is_null())
}

fn string(member: Option<&Value>, error: Malformed) -> Result<Option<String>, Malformed> {
    match member {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(error),
    }
}

fn strings(member: Option<&Value>, error: Malformed) -> Result<Vec<String>, Malformed> {
    match member {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(error)).collect()
        }
        Some(_) => Err(error),
    }
}

fn is_bound(payload: &Map<String, Value>) -> Result<bool, Malformed> {
    match optional(payload, "cnf") {
        None => Ok(false),
        Some(Value::Object(_)) => Ok(true),
        Some(_) => Err(Malformed("`cnf` is not an object")),
    }
}

fn numeric_date(member: Option<&Value>) -> Result<Option<f64>, Malformed> {
    let error = Malformed("`exp`, `nbf` or `iat` is not a number of seconds");
    match member {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_f64().ok_or(error)?;
            if seconds > 0.0 && seconds < NUMERIC_DATE_LIMIT { Ok(Some(seconds)) } else { Err(error) }
        }
    }
}

/// Members that are never used as keys, only that they are what RFC 7515 section 4.1 says: a header whose syntax is not
/// understood is no header to trust (section 5.2).
fn check_unused(header: &Map<String, Value>) -> Result<(), Malformed> {
    for name in ["jku", "x5u", "x5t", "x5t#S256", "cty"] {
        string(header.get(name), Malformed("`jku`, `x5u`, `x5t` or `cty` is not a string"))?;
    }
    if header.get("jwk").is_some_and(|jwk| !jwk.is_object()) {
        return Err(Malformed("`jwk` is not an object"));
    }
    let strings = |chain: &Value| chain.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    if header.get("x5c").is_some_and(|chain| !strings(chain)) {
        return Err(Malformed("`x5c` is not an array of strings"));
    }
    Ok(())
}

/// A thumbprint that may name a key, without the padding that some write.
fn thumbprint(header: &Map<String, Value>, name: &str) -> Option<String> {
    let text = header.get(name)?.as_str()?.trim_end_matches('=');
    (!text.is_empty() && KeyId::is_valid(text)).then(|| text.to_owned())
}

/// `crit` names extensions, and this gateway implements none (RFC 7515 section 4.1.11); `b64: false` is one
/// of them (RFC 7797).
fn is_critical(header: &Map<String, Value>) -> Result<bool, Malformed> {
    let unencoded = match header.get("b64") {
        None => false,
        Some(Value::Bool(b64)) => !b64,
        Some(_) => return Err(Malformed("`b64` is not a boolean")),
    };
    Ok(unencoded || header.contains_key("crit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn encode(bytes: &[u8]) -> String {
        BASE64URL.encode(bytes)
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
    fn a_well_formed_token_comes_apart() {
        let text = compact(
            &json!({"alg": "RS256", "kid": "k", "typ": "JWT"}),
            &json!({"iss": "i", "aud": ["a", "b"], "exp": 1.5, "sub": "s"}),
        );
        let token = Token::parse(&text).unwrap();
        assert_eq!(token.alg.as_deref(), Some("RS256"));
        assert_eq!((token.aud.len(), token.times.exp, token.times.nbf), (2, Some(1.5), None));
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
        assert_eq!((token.aud, token.times.nbf, token.times.iat), (vec![], None, None));
        assert_eq!((token.is_bound, token.claims.scopes().count()), (false, 0));
    }

    #[test]
    fn any_critical_extension_is_seen() {
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
