//! Keys of the RFCs, and every reason for skipping one.

use super::*;
use crate::idp::fixtures::{signer, with};
use serde_json::json;
use testkit::token::{decode as from_base64url, encode as base64url};

const RSA_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJ\
    ECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicA\
    taSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-\
    G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

fn read(key: &Value) -> Result<VerificationKey, SkipReason> {
    read_text(&key.to_string())
}

fn read_text(text: &str) -> Result<VerificationKey, SkipReason> {
    serde_json::from_str::<Entry>(text).unwrap().into_key(AlgorithmSet::all())
}

/// RFC 7517 appendix A.1, the second key.
fn rsa() -> Value {
    json!({"kty": "RSA", "n": RSA_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
}

/// RFC 7517 appendix A.1, the first key, without its `use`.
fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "kid": "1"})
}

/// RFC 8037 appendix A.2.
fn okp() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn without(mut key: Value, name: &str) -> Value {
    key.as_object_mut().unwrap().remove(name);
    key
}

/// A number of `bits` bits, odd.
fn modulus(bits: usize) -> String {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] >>= bytes.len() * 8 - bits;
    base64url(bytes)
}

fn flipped(key: &Value, member: &str) -> String {
    let mut bytes = from_base64url(key[member].as_str().unwrap());
    *bytes.last_mut().unwrap() ^= 1;
    base64url(bytes)
}

#[test]
fn keys_of_the_rfcs_are_bound_to_their_algorithms() {
    for (key, kid, algorithms) in [
        (rsa(), Some("2011-04-29"), "RS256"),
        (without(rsa(), "alg"), Some("2011-04-29"), "RS256, RS384, RS512, PS256, PS384, PS512"),
        (with(rsa(), json!({"alg": "PS384"})), Some("2011-04-29"), "PS384"),
        (ec(), Some("1"), "ES256"),
        (okp(), None, "EdDSA"),
        (with(okp(), json!({"alg": "EdDSA"})), None, "EdDSA"),
        (with(okp(), json!({"alg": "Ed25519"})), None, "EdDSA"),
        (signer(Algorithm::Es384).bare_jwk(), None, "ES384"),
        (signer(Algorithm::Es512).bare_jwk(), None, "ES512"),
        (with(ec(), json!({"use": "sig", "key_ops": ["verify"]})), Some("1"), "ES256"),
        (with(ec(), json!({"use": "sig", "key_ops": ["verify", "sign"]})), Some("1"), "ES256"),
        (with(ec(), json!({"kid": ""})), Some(""), "ES256"),
        (with(rsa(), json!({"n": modulus(8192)})), Some("2011-04-29"), "RS256"),
    ] {
        let read = read(&key).unwrap();
        assert_eq!(read.kid().map(KeyId::as_str), kid, "{key}");
        assert_eq!(read.algorithms().to_string(), algorithms, "{key}");
    }
}

#[test]
fn an_unusable_key_is_skipped_with_its_reason() {
    use SkipReason::*;
    let long = "k".repeat(257);
    for (key, want) in [
        (json!(1), Malformed),
        (json!(null), Malformed),
        (json!([]), Malformed),
        (json!({}), Malformed),
        (json!({"kty": 1}), Malformed),
        (without(rsa(), "n"), Malformed),
        (without(rsa(), "e"), Malformed),
        (with(rsa(), json!({"n": null})), Malformed),
        (with(rsa(), json!({"n": ""})), Malformed),
        (with(rsa(), json!({"n": format!("{RSA_N}===")})), Malformed),
        (with(rsa(), json!({"n": format!("{RSA_N} ")})), Malformed),
        (with(rsa(), json!({"n": RSA_N.replace('_', "/")})), Malformed),
        (with(rsa(), json!({"n": flipped(&rsa(), "n")})), Malformed),
        (with(rsa(), json!({"e": "AQAC"})), WeakRsa),
        // The last character carries bits that belong to no byte (RFC 4648 section 3.5).
        (with(okp(), json!({"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"})), Malformed),
        (with(okp(), json!({"x": "11qYAYKxCrfVS_7TyWQHOg"})), Malformed),
        (without(okp(), "x"), Malformed),
        (without(okp(), "crv"), Malformed),
        (without(ec(), "crv"), Malformed),
        (without(ec(), "y"), Malformed),
        (with(ec(), json!({"x": "AKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D7W"})), Malformed),
        (with(ec(), json!({"x": "AQ"})), Malformed),
        (with(ec(), json!({"use": 1})), Malformed),
        (with(ec(), json!({"use": null})), Malformed),
        (with(ec(), json!({"key_ops": "verify"})), Malformed),
        (with(ec(), json!({"key_ops": ["verify", 1]})), Malformed),
        (with(ec(), json!({"key_ops": ["verify", "verify"]})), Malformed),
        (with(ec(), json!({"use": "sig", "key_ops": ["verify", "wrapKey"]})), EncryptionUse),
        (with(ec(), json!({"alg": 256})), Malformed),
        (with(ec(), json!({"kid": 1})), BadKeyId),
        (with(ec(), json!({"kid": null})), BadKeyId),
        (with(ec(), json!({"kid": long})), BadKeyId),
        (with(ec(), json!({"kid": "a\nb"})), BadKeyId),
        (with(ec(), json!({"kid": "schlüssel"})), BadKeyId),
        // RFC 7517 appendix A.3
        (json!({"kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg"}), Symmetric),
        (json!({"kty": "oct"}), Symmetric),
        // RFC 7517 appendix A.2
        (with(ec(), json!({"d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"})), PrivateMaterial),
        (with(rsa(), json!({"d": ""})), PrivateMaterial),
        (with(rsa(), json!({"p": "AA"})), PrivateMaterial),
        (with(rsa(), json!({"qi": null})), PrivateMaterial),
        (with(rsa(), json!({"oth": []})), PrivateMaterial),
        // RFC 8037 appendix A.1
        (with(okp(), json!({"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})), PrivateMaterial),
        (json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}), UnknownType),
        (json!({"kty": "rsa", "n": RSA_N, "e": "AQAB"}), UnknownType),
        (with(ec(), json!({"crv": "secp256k1"})), UnsupportedCurve),
        (with(ec(), json!({"crv": "P-192"})), UnsupportedCurve),
        (with(ec(), json!({"crv": "Ed25519"})), UnsupportedCurve),
        (with(okp(), json!({"crv": "X25519"})), UnsupportedCurve),
        (with(okp(), json!({"crv": "Ed448"})), UnsupportedCurve),
        (with(ec(), json!({"use": "enc"})), EncryptionUse),
        (with(ec(), json!({"use": "tls"})), EncryptionUse),
        (with(ec(), json!({"use": "sig", "key_ops": ["encrypt"]})), EncryptionUse),
        (with(ec(), json!({"key_ops": []})), EncryptionUse),
        (with(rsa(), json!({"key_ops": ["wrapKey", "encrypt"]})), EncryptionUse),
        (with(rsa(), json!({"alg": "RSA-OAEP-256"})), AlgMismatch),
        (with(rsa(), json!({"alg": "ES256"})), AlgMismatch),
        (with(rsa(), json!({"alg": "HS256"})), AlgMismatch),
        (with(rsa(), json!({"alg": "none"})), AlgMismatch),
        (with(rsa(), json!({"alg": "rs256"})), AlgMismatch),
        (with(ec(), json!({"alg": "ES384"})), AlgMismatch),
        (with(ec(), json!({"alg": "ECDH-ES"})), AlgMismatch),
        (with(okp(), json!({"alg": "RS256"})), AlgMismatch),
        (with(rsa(), json!({"n": modulus(1024)})), WeakRsa),
        (with(rsa(), json!({"n": modulus(2047)})), WeakRsa),
        (with(rsa(), json!({"n": base64url([[0; 200].as_slice(), &[0xff; 128]].concat())})), WeakRsa),
        (with(rsa(), json!({"e": "Aw"})), WeakRsa),
        (with(rsa(), json!({"e": "AQ"})), WeakRsa),
        (with(rsa(), json!({"e": "AAAD"})), WeakRsa),
        (with(rsa(), json!({"n": modulus(8193)})), OversizedRsa),
        (with(rsa(), json!({"e": "AwAAAAE"})), OversizedRsa),
        (with(rsa(), json!({"e": RSA_N})), OversizedRsa),
        (with(ec(), json!({"x": flipped(&ec(), "x")})), BadPoint),
        (with(ec(), json!({"x": base64url([0; 32]), "y": base64url([0; 32])})), BadPoint),
        (with(ec(), json!({"x": base64url([0xff; 32])})), BadPoint),
        (with(okp(), json!({"x": base64url([0; 32])})), BadPoint),
        (with(okp(), json!({"x": base64url([0xff; 32])})), BadPoint),
    ] {
        assert_eq!(read(&key).map(|k| k.algorithms()), Err(want), "{key}");
    }
}

#[test]
fn points_of_small_order_are_refused_in_either_sign() {
    for hex in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        // Not canonical: y is p and p + 1.
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let bytes: Vec<u8> =
            (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        let outcome = read(&with(okp(), json!({"x": base64url(bytes)})));
        assert_eq!(outcome.map(|k| k.algorithms()), Err(SkipReason::BadPoint), "{hex}");
    }
}

#[test]
fn an_edwards_key_off_the_curve_is_refused() {
    // Of the first numbers these are no point's y; the rest are (RFC 8032 section 5.1.3).
    let none = [2, 7, 8, 11, 12, 13, 17, 20, 22, 31, 34, 36, 38];
    for y in 2..40 {
        for sign in [0, 0x80] {
            let mut bytes = [0; 32];
            (bytes[0], bytes[31]) = (y, sign);
            let outcome = read(&with(okp(), json!({"x": base64url(bytes)})));
            assert_eq!(outcome.err(), none.contains(&y).then_some(SkipReason::BadPoint), "y = {y}");
        }
    }
}

#[test]
fn a_key_with_a_member_twice_is_skipped() {
    let text = okp().to_string().replacen('{', r#"{"kty":"OKP","#, 1);
    assert_eq!(read_text(&text).map(|k| k.algorithms()), Err(SkipReason::DuplicateMember));
}

#[test]
fn a_key_that_the_provider_may_not_use_is_skipped() {
    let only = [Algorithm::Es256, Algorithm::Ps256].into_iter().collect();
    let read = |key: Value| serde_json::from_value::<Entry>(key).unwrap().into_key(only);
    assert_eq!(read(rsa()).map(|k| k.algorithms()), Err(SkipReason::NotAllowed));
    assert_eq!(read(without(rsa(), "alg")).unwrap().algorithms().to_string(), "PS256");
    assert_eq!(read(ec()).unwrap().algorithms().to_string(), "ES256");
}

#[test]
fn padding_does_not_change_the_key() {
    let padded = |key: Value, name: &str| {
        let text = key[name].as_str().unwrap();
        let padding = "=".repeat((4 - text.len() % 4) % 4);
        let changed = json!({ name: format!("{text}{padding}") });
        with(key, changed)
    };
    let keys = [(rsa(), vec!["n", "e"]), (ec(), vec!["x", "y"]), (okp(), vec!["x"])];
    for (key, names) in keys {
        let written = names.iter().fold(key.clone(), |key, name| padded(key, name));
        assert_eq!(read(&written).unwrap(), read(&key).unwrap(), "{written}");
    }
}

#[test]
fn a_key_with_the_fingerprint_of_roca_is_weak() {
    let modulus = "nc10IOQgwnCmgGDri1qnRXqfZkj4b6_tJ3XMH3muli8eY_G55RxV-epv3HMy6bAFjJ_y6x_ImFUCnPaq_iHmif6zisn_sS8c43G7\
        XQ6armQWGrznS0JEv2jx7bRBH3VqCXyJKcFHQCReo1X4My0ao2u1DH3LRQXajeAuTlPTj43wYJfadSTfDfk9tI6sjMSvLToWJX6y\
        sq3Ka6Rk5ZdPqSVQ0xsbq_Fh52ktALhuPdiG7KtKv74aj4zCY_9K9VzbRfQkmlGTkl9emD12LwtoAJQ-sCZ7CPQu0xHOH1yG6svI\
        zk08t6L-4e9WQUI6HPQRTl7PUANKYKQSUjr55vSqEQ";
    assert_eq!(read(&with(rsa(), json!({"n": modulus}))).map(|k| k.algorithms()), Err(SkipReason::WeakRsa));
}

#[test]
fn a_modulus_with_leading_zeros_is_the_same_key() {
    let padded = [&[0], from_base64url(RSA_N).as_slice()].concat();
    assert_eq!(read(&with(rsa(), json!({"n": base64url(&padded)}))).unwrap(), read(&rsa()).unwrap());
}
