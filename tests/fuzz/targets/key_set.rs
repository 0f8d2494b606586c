//! A key set. What is kept of it reads back as the same, holds nothing private, and a narrower policy never finds
//! more.

use portcullis::idp::{KeySet, parse_key_set};
use portcullis::model::{Algorithm, AlgorithmSet};
use serde_json::Value;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"keys\":",
    "{\"keys\":[",
    "]}",
    "\"kty\":\"RSA\"",
    "\"kty\":\"EC\"",
    "\"kty\":\"OKP\"",
    "\"kty\":\"oct\"",
    "\"crv\":\"P-256\"",
    "\"crv\":\"P-384\"",
    "\"crv\":\"P-521\"",
    "\"crv\":\"Ed25519\"",
    "\"crv\":\"secp256k1\"",
    "\"kid\":\"a\"",
    "\"kid\":null",
    "\"alg\":\"RS256\"",
    "\"alg\":\"PS512\"",
    "\"alg\":\"HS256\"",
    "\"alg\":\"EdDSA\"",
    "\"use\":\"sig\"",
    "\"use\":\"enc\"",
    "\"key_ops\":[\"verify\"]",
    "\"e\":\"AQAB\"",
    "\"e\":\"Aw\"",
    "\"n\":\"\"",
    "\"x\":\"\"",
    "\"d\":\"AA\"",
    "\"k\":\"AA\"",
    "\"x5c\":[]",
    "null",
    "1",
    "AA",
    "_",
    "=",
];

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What holds for every set of keys.
pub(crate) fn sound(keys: &KeySet, allowed: AlgorithmSet) {
    assert!(!keys.is_empty() && keys.len() <= 1000);
    for key in keys.iter() {
        let algorithms = key.algorithms();
        assert!(!algorithms.is_empty() && algorithms.iter().all(|a| allowed.contains(a)), "{algorithms:?}");
        assert!(!key.verify(Algorithm::Rs256, b"a", b"b") && !key.verify(Algorithm::EdDsa, b"a", b""));
    }
    let written = keys.to_jwks();
    for key in written["keys"].as_array().into_iter().flatten().filter_map(Value::as_object) {
        assert!(!PRIVATE.iter().any(|name| key.contains_key(*name)), "something private is written: {key:?}");
    }
    let again = parse_key_set(written.to_string().as_bytes(), allowed).expect("what was written is read");
    assert_eq!(&again.keys, keys, "what was written is read as something else");
    assert!(again.skipped.is_empty(), "{:?}", again.skipped);
}

pub(crate) fn run(input: &[u8]) -> String {
    let all = AlgorithmSet::all();
    let one: AlgorithmSet = [Algorithm::EdDsa].into_iter().collect();
    let wide = parse_key_set(input, all);
    let narrow = parse_key_set(input, one);
    match wide {
        Ok(parsed) => {
            sound(&parsed.keys, all);
            let document: Value = serde_json::from_slice(input).expect("JSON");
            let public = |key: &&Value| {
                key.as_object().is_some_and(|key| !PRIVATE.iter().any(|name| key.contains_key(*name)))
            };
            let public = document["keys"].as_array().into_iter().flatten().filter(public).count();
            assert!(parsed.keys.len() <= public, "a private key is used");
            let fitting = parsed.keys.iter().filter(|key| key.fits(Algorithm::EdDsa)).count();
            let found = narrow.as_ref().map_or(0, |narrow| narrow.keys.len());
            assert_eq!(found, fitting, "a narrower policy is no filter");
            let mut kinds: Vec<_> =
                parsed.skipped.iter().map(|skipped| format!("{:?}", skipped.reason)).collect();
            kinds.sort_unstable();
            kinds.dedup();
            format!("ok {} {kinds:?}", parsed.keys.len().min(4))
        }
        Err(error) => {
            assert!(narrow.is_err(), "a narrower policy finds more");
            let mut kinds: Vec<_> =
                error.skipped().iter().map(|skipped| format!("{:?}", skipped.reason)).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert!(error.to_string().len() < 4096, "an error without an end");
            format!("error {kinds:?}")
        }
    }
}
