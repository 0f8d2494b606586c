//! The members of a token's header and payload, each of the type that its specification gives it. A member of another type
//! makes the token malformed; it never counts as absent.

use serde_json::{Map, Value};

use crate::authn::base64url;
use crate::authn::oauth::terms::{Binding, Terms, Times};
use crate::model::{Digest, KeyId};

/// Why a text is no token, in words for `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// 2^53: from there on, not every whole number of seconds has a double of its own.
const NUMERIC_DATE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Checks the types of the claims that identity and scope rules read later.
pub(super) fn check_identity(payload: &Map<String, Value>) -> Result<(), Malformed> {
    for name in ["sub", "jti", "client_id", "azp"] {
        let error = Malformed("`sub`, `jti`, `client_id` or `azp` is not a string");
        string(optional(payload, name), error)?;
    }
    for name in ["scope", "scp"] {
        let error = Malformed("`scope` or `scp` is not a string or an array of strings");
        strings(optional(payload, name), error)?;
    }
    Ok(())
}

/// Parses the claims that say when, where and by whom the token may be used.
pub(super) fn terms(payload: &Map<String, Value>) -> Result<Terms, Malformed> {
    with_end(payload, numeric_date(payload.get("exp"))?)
}

/// The same of a provider's response about a token, in which `exp` is optional (RFC 7662 section 2.2), after the types of
/// all other claims.
pub(in crate::authn::oauth) fn answered_terms(response: &Map<String, Value>) -> Result<Terms, Malformed> {
    check_identity(response)?;
    with_end(response, Some(numeric_date(optional(response, "exp"))?.unwrap_or(Times::ENDLESS)))
}

fn with_end(payload: &Map<String, Value>, exp: Option<f64>) -> Result<Terms, Malformed> {
    let aud = strings(optional(payload, "aud"), Malformed("`aud` is not a string or an array of strings"))?;
    Ok(Terms {
        aud: aud.into_boxed_slice(),
        times: Times {
            exp,
            nbf: numeric_date(optional(payload, "nbf"))?,
            iat: numeric_date(optional(payload, "iat"))?,
        },
        client_id: payload.get("client_id").and_then(Value::as_str).map(Box::from),
        binding: binding(payload)?,
    })
}

/// A claim that RFC 7519 section 4.1 makes optional. Null counts as absent, because many issuers write it so.
fn optional<'m>(payload: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    payload.get(name).filter(|value| !value.is_null())
}

pub(super) fn string(member: Option<&Value>, error: Malformed) -> Result<Option<String>, Malformed> {
    match member {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(error),
    }
}

fn strings(member: Option<&Value>, error: Malformed) -> Result<Vec<Box<str>>, Malformed> {
    match member {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.as_str().into()]),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(Box::from).ok_or(error)).collect()
        }
        Some(_) => Err(error),
    }
}

/// What the token is bound to; `None` when it is not bound. A binding that nobody knows is one all the same.
fn binding(payload: &Map<String, Value>) -> Result<Option<Box<Binding>>, Malformed> {
    let error = Malformed("`cnf` is not an object of strings");
    let Some(written) = optional(payload, "cnf") else { return Ok(None) };
    let members = written.as_object().ok_or(error)?;
    let names = members.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut binding = Binding { is_unknown: members.is_empty(), names: names.into(), ..Binding::default() };
    if members.is_empty() {
        binding.names = "empty".into();
    }
    for (name, value) in members {
        let hash = base64url::decode_digest(value.as_str().ok_or(error)?).map(Digest::from_bytes);
        match name.as_str() {
            "jkt" if hash.is_some() => binding.key = hash,
            "x5t#S256" if hash.is_some() => binding.certificate = hash,
            _ => binding.is_unknown = true,
        }
    }
    Ok(Some(Box::new(binding)))
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

/// Checks the types of header members that are never used (RFC 7515 section 4.1): a token with an invalid header must be
/// rejected (section 5.2).
pub(super) fn check_unused(header: &Map<String, Value>) -> Result<(), Malformed> {
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

/// A thumbprint that may name a key, without the padding that some issuers write (RFC 7515 section 2 allows none).
pub(super) fn thumbprint(header: &Map<String, Value>, name: &str) -> Option<String> {
    let text = header.get(name)?.as_str()?.trim_end_matches('=');
    (!text.is_empty() && KeyId::is_valid(text)).then(|| text.to_owned())
}

/// Whether the token needs an extension: `crit` (RFC 7515 section 4.1.11) or `b64: false` (RFC 7797). This gateway
/// implements none.
pub(super) fn is_critical(header: &Map<String, Value>) -> Result<bool, Malformed> {
    let unencoded = match header.get("b64") {
        None => false,
        Some(Value::Bool(b64)) => !b64,
        Some(_) => return Err(Malformed("`b64` is not a boolean")),
    };
    Ok(unencoded || header.contains_key("crit"))
}
