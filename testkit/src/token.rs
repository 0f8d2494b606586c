//! Compact tokens (RFC 7515 section 7.1) out of any text, right or wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Unpadded base64url.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What unpadded base64url says.
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// A token of these very bytes, with the signature that `sign` makes of them.
pub fn token(
    header: impl AsRef<[u8]>,
    claims: impl AsRef<[u8]>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    seal(&encode(header), &encode(claims), sign)
}

/// The same of parts that are encoded already, well or not.
pub fn seal(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{header}.{claims}");
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

/// Header and claims as they were signed, and the signature.
pub fn halves(token: &str) -> (&str, &str) {
    token.rsplit_once('.').expect("three parts")
}

/// The token with another signature, which no key has made; each number is another one.
pub fn forged(token: &str, nth: u64) -> String {
    let (signed, signature) = halves(token);
    let mut bytes = decode(signature);
    for (byte, turn) in bytes.iter_mut().zip((nth + 1).to_le_bytes()) {
        *byte ^= turn;
    }
    format!("{signed}.{}", encode(bytes))
}

/// The first token's content with the second one's signature.
pub fn spliced(token: &str, other: &str) -> String {
    format!("{}.{}", halves(token).0, halves(other).1)
}

/// `value` with these members instead of its own; null takes one away.
pub fn with(mut value: Value, members: Value) -> Value {
    let all = value.as_object_mut().expect("an object");
    for (name, member) in members.as_object().expect("members") {
        match member {
            Value::Null => all.remove(name),
            _ => all.insert(name.clone(), member.clone()),
        };
    }
    value
}
