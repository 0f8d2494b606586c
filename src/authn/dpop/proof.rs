//! The text of a proof (RFC 9449 section 4.2): parsed strictly, each member there and of its type. Nothing here compares it
//! with a request; `check` does.

use serde_json::{Map, Value};

use crate::authn::base64url;
use crate::model::{Algorithm, Digest, strict_json};

use super::flaw::Flaw;
use super::jwk::Jwk;

/// The longest proof, in bytes. One with an RSA key of 4096 bits has two thousand.
const LONGEST: usize = 4096;
/// The longest `jti`, in bytes. A UUID has 36.
const LONGEST_ID: usize = 256;
/// The most objects inside head or payload: `jwk`, and a few of which nobody knows.
const MAX_OBJECTS: usize = 16;
/// 2^53: from there on, not every whole number of seconds has a double of its own.
const NUMERIC_DATE_LIMIT: f64 = 9_007_199_254_740_992.0;
/// Members of a head that name a key in another way than by `jwk` (RFC 7515 section 4.1).
const OTHER_KEYS: [&str; 5] = ["jku", "x5u", "x5c", "x5t", "x5t#S256"];

/// A well-formed proof. Nothing in it is verified.
#[derive(Debug)]
pub(super) struct Proof<'a> {
    /// `alg`.
    pub(super) algorithm: Algorithm,
    /// `jwk`.
    pub(super) jwk: Jwk,
    /// The digest of `jti`.
    pub(super) id: Digest,
    /// `htm`.
    pub(super) method: String,
    /// `htu`.
    pub(super) url: String,
    /// `iat`, in seconds since the epoch.
    pub(super) issued: f64,
    /// `ath`, as it is written.
    pub(super) token_hash: String,
    /// `nonce`.
    pub(super) nonce: Option<String>,
    /// What is signed: head and payload, still encoded.
    pub(super) signed: &'a [u8],
    /// The signature, decoded.
    pub(super) signature: Vec<u8>,
}

impl<'a> Proof<'a> {
    /// Parses the value of a `DPoP` field.
    pub(super) fn parse(text: &'a str) -> Result<Self, Flaw> {
        if text.len() > LONGEST {
            return Err(Flaw("it is longer than 4096 bytes"));
        }
        let mut parts = text.split('.');
        let (Some(head), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Flaw("it is not three parts separated by dots"));
        };
        // Both parts come from `text`, so the range is always within it.
        let signed = text.get(..head.len() + 1 + payload.len()).unwrap_or_default().as_bytes();
        let (mut head, payload) = (object(head)?, object(payload)?);
        if head.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
            return Err(Flaw("`typ` is not dpop+jwt"));
        }
        let algorithm = head.get("alg").and_then(Value::as_str).and_then(|alg| alg.parse().ok());
        let algorithm = algorithm.ok_or(Flaw("`alg` is no asymmetric algorithm"))?;
        if head.contains_key("crit") || head.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)) {
            return Err(Flaw("it needs an extension (`crit`, `b64`)"));
        }
        if OTHER_KEYS.iter().any(|name| head.contains_key(*name)) {
            return Err(Flaw("it names its key by a certificate or a URL"));
        }
        let Some(Value::Object(jwk)) = head.remove("jwk") else {
            return Err(Flaw("`jwk` is not an object"));
        };
        let id = text_of(&payload, "jti", Flaw("`jti` is not a string"))?;
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(Flaw("`jti` is empty or longer than 256 bytes"));
        }
        Ok(Self {
            algorithm,
            jwk: Jwk::read(jwk)?,
            id: Digest::of(id.as_bytes()),
            method: text_of(&payload, "htm", Flaw("`htm` is not a string"))?.to_owned(),
            url: text_of(&payload, "htu", Flaw("`htu` is not a string"))?.to_owned(),
            issued: issued(&payload)?,
            token_hash: text_of(&payload, "ath", Flaw("`ath` is not a string"))?.to_owned(),
            nonce: match payload.get("nonce") {
                None => None,
                Some(Value::String(nonce)) => Some(nonce.clone()),
                Some(_) => return Err(Flaw("`nonce` is not a string")),
            },
            signed,
            signature: base64url::decode(signature).ok_or(Flaw("the signature is not base64url"))?,
        })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Flaw> {
    let bytes = base64url::decode(part).ok_or(Flaw("head or payload is not base64url"))?;
    strict_json::object(&bytes, MAX_OBJECTS).map_err(|_| Flaw("head or payload is not one JSON object"))
}

fn text_of<'m>(payload: &'m Map<String, Value>, name: &str, flaw: Flaw) -> Result<&'m str, Flaw> {
    payload.get(name).and_then(Value::as_str).ok_or(flaw)
}

fn issued(payload: &Map<String, Value>) -> Result<f64, Flaw> {
    let seconds = payload.get("iat").and_then(Value::as_f64);
    let is_date = |seconds: &f64| *seconds > 0.0 && *seconds < NUMERIC_DATE_LIMIT;
    seconds.filter(is_date).ok_or(Flaw("`iat` is not a number of seconds"))
}
