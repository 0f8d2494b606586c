//! Parsing of whole sets.

use super::*;
use crate::idp::fixtures::{signer, with};
use crate::model::Algorithm;
use serde_json::{Value, json};
use testkit::Key;

fn parse(keys: &[Value]) -> Result<ParsedKeys, KeySetError> {
    parse_key_set(json!({ "keys": keys }).to_string().as_bytes(), AlgorithmSet::all())
}

#[test]
fn one_bad_key_does_not_invalidate_the_others() {
    let good = with(signer(Algorithm::Es256).bare_jwk(), json!({"kid": "a"}));
    let parsed = parse(&[json!(7), good, json!({"kty": "oct", "kid": "s", "k": "AA"})]).unwrap();
    assert_eq!(parsed.keys.len(), 1);
    let skipped: Vec<_> = parsed.skipped.iter().map(|s| (s.position, s.reason.label())).collect();
    assert_eq!(skipped, [(1, "malformed"), (3, "symmetric")]);
}

#[test]
fn a_byte_order_mark_before_a_key_set_is_ignored() {
    let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    for (text, keys) in [(format!("\u{feff}{set}"), Some(1)), (format!("\u{feff}\u{feff}{set}"), None)] {
        let parsed = parse_key_set(text.as_bytes(), AlgorithmSet::all()).ok();
        assert_eq!(parsed.map(|parsed| parsed.keys.len()), keys, "{text:?}");
    }
}

#[test]
fn a_document_that_is_no_key_set_is_refused() {
    for bad in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"keys": {}}"#,
        r#"{"keys": null}"#,
        r#"{"keys": []} x"#,
        r#"{"keys": [], "keys": []}"#,
        "<html></html>",
    ] {
        let outcome = parse_key_set(bad.as_bytes(), AlgorithmSet::all());
        assert!(matches!(outcome, Err(KeySetError::NotAKeySet(_))), "{bad}: {outcome:?}");
    }
}

#[test]
fn a_bundle_may_say_when_it_is_to_be_read_again_and_no_other_set_does() {
    let key = with(signer(Algorithm::Es256).bare_jwk(), json!({"kid": "a", "use": "jwt-svid"}));
    for (hint, wanted) in [
        (json!(300), Some(300)),
        (json!(1), Some(1)),
        (json!(0), None),
        (json!(-5), None),
        (json!(2.5), None),
        (json!("300"), None),
        (json!(null), None),
        (json!([300, {"a": 1}]), None),
        (json!({"seconds": 300}), None),
    ] {
        let bundle = json!({"spiffe_refresh_hint": hint, "spiffe_sequence": "x", "keys": [key]});
        let read = parse_bundle(bundle.to_string().as_bytes(), AlgorithmSet::all()).unwrap();
        assert_eq!((read.refresh_hint.map(|hint| hint.as_secs()), read.keys.len()), (wanted, 1), "{bundle}");
    }
    let set = json!({"spiffe_refresh_hint": 300, "keys": [signer(Algorithm::Es256).bare_jwk()]});
    let read = parse_key_set(set.to_string().as_bytes(), AlgorithmSet::all()).unwrap();
    assert_eq!(read.refresh_hint, None);
}

#[test]
fn a_set_without_a_usable_key_says_why() {
    let error = parse(&[json!({"kty": "oct", "kid": "s", "k": "AA"})]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no usable key: key 1 (kid \"s\"): it is a shared secret, which must not be published"
    );
    assert_eq!(parse(&[]).unwrap_err().to_string(), "no usable key: the set is empty");
    let many = parse(&vec![json!(0); 8]).unwrap_err().to_string();
    assert!(many.ends_with("and 3 more"), "{many}");
}

#[test]
fn other_members_of_the_set_and_of_its_keys_are_ignored() {
    let key = with(signer(Algorithm::EdDsa).bare_jwk(), json!({"kid": "a", "x5c": ["AA=="], "nbf": 1}));
    let text = json!({"note": {"keys": 1}, "keys": [key]}).to_string();
    assert_eq!(parse_key_set(text.as_bytes(), AlgorithmSet::all()).unwrap().keys.len(), 1);
}

#[test]
fn the_same_key_twice_counts_once_and_the_same_kid_twice_counts_twice() {
    let key = with(signer(Algorithm::Es256).bare_jwk(), json!({"kid": "a"}));
    let other = with(signer(Algorithm::Es256).bare_jwk(), json!({"kid": "a"}));
    let parsed = parse(&[key.clone(), other, key]).unwrap();
    assert_eq!(parsed.keys.len(), 2);
    assert_eq!(
        parsed.skipped,
        [Skipped { position: 3, kid: crate::model::KeyId::parse("a"), reason: SkipReason::Duplicate }]
    );
}

#[test]
fn no_more_than_a_thousand_keys_are_read() {
    let mut keys = vec![json!(0); MAX_KEYS - 1];
    keys.push(signer(Algorithm::EdDsa).bare_jwk());
    keys.push(signer(Algorithm::EdDsa).bare_jwk());
    let parsed = parse(&keys).unwrap();
    assert_eq!(parsed.keys.len(), 1);
    assert_eq!(parsed.skipped.last().map(|s| s.reason), Some(SkipReason::TooMany));
}

#[test]
fn a_serialised_set_parses_to_the_same_set() {
    let keys: Vec<Value> = Algorithm::ALL
        .into_iter()
        .filter(|a| !matches!(a, Algorithm::Rs384 | Algorithm::Ps384))
        .map(|a| {
            let signer = if a < Algorithm::Es256 { Key::rsa().bare_jwk() } else { signer(a).bare_jwk() };
            with(signer, json!({"kid": a.as_str(), "alg": a.as_str()}))
        })
        .chain([Key::rsa().bare_jwk()])
        .collect();
    let first = parse(&keys).unwrap().keys;
    assert_eq!(first.len(), keys.len());
    let again = parse_key_set(first.to_jwks().to_string().as_bytes(), AlgorithmSet::all()).unwrap();
    assert_eq!(again.keys, first);
    assert!(again.skipped.is_empty());
}
