//! Signatures of every algorithm, from our own signer and from the RFCs.

use super::*;
use crate::idp::fixtures::{signer, with};
use crate::idp::parse_key_set;
use serde_json::json;
use std::sync::Arc;
use testkit::Key;
use testkit::token::{decode as from_base64url, encode as base64url};

fn key(jwk: Value) -> Arc<VerificationKey> {
    let text = json!({ "keys": [jwk] }).to_string();
    Arc::clone(parse_key_set(text.as_bytes(), AlgorithmSet::all()).unwrap().keys.iter().next().unwrap())
}

#[test]
fn a_signature_verifies_under_its_key_and_algorithm_alone() {
    for algorithm in Algorithm::ALL {
        let made = (algorithm >= Algorithm::Es256).then(|| signer(algorithm));
        let signer = made.as_ref().unwrap_or(Key::rsa());
        let key = key(signer.bare_jwk());
        let signature = signer.sign(algorithm.as_str(), b"message");
        for other in Algorithm::ALL {
            assert_eq!(key.verify(other, b"message", &signature), other == algorithm, "{algorithm} {other}");
        }
        assert!(!key.verify(algorithm, b"massage", &signature), "{algorithm}: other message");
        for position in [0, signature.len() / 2, signature.len() - 1] {
            let mut bad = signature.clone();
            bad[position] ^= 1;
            assert!(!key.verify(algorithm, b"message", &bad), "{algorithm}: flipped bit");
        }
        let longer = [signature.as_slice(), &[0]].concat();
        for bad in [&[][..], &signature[1..], &signature[..signature.len() - 1], &longer] {
            assert!(!key.verify(algorithm, b"message", bad), "{algorithm}: length {}", bad.len());
        }
    }
}

#[test]
fn another_key_does_not_verify() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa] {
        let signature = signer(algorithm).sign(algorithm.as_str(), b"m");
        assert!(!key(signer(algorithm).bare_jwk()).verify(algorithm, b"m", &signature), "{algorithm}");
    }
}

#[test]
fn a_key_with_an_alg_verifies_no_other() {
    let rsa = Key::rsa();
    let key = key(with(rsa.bare_jwk(), json!({"alg": "RS256"})));
    assert!(key.verify(Algorithm::Rs256, b"m", &rsa.sign(Algorithm::Rs256.as_str(), b"m")));
    for other in [Algorithm::Rs512, Algorithm::Ps256] {
        assert!(!key.verify(other, b"m", &rsa.sign(other.as_str(), b"m")), "{other}");
    }
}

#[test]
fn der_is_no_ecdsa_signature() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let key = key(json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)}));
    let der = pair.sign(&SystemRandom::new(), b"m").unwrap();
    assert!(!key.verify(Algorithm::Es256, b"m", der.as_ref()));
}

#[test]
fn ecdsa_of_zeros_does_not_verify() {
    for (algorithm, len) in [(Algorithm::Es256, 64), (Algorithm::Es384, 96), (Algorithm::Es512, 132)] {
        assert!(!key(signer(algorithm).bare_jwk()).verify(algorithm, b"m", &vec![0; len]), "{algorithm}");
    }
}

#[test]
fn signatures_of_the_rfcs_verify() {
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    for (name, jwk, algorithm, message, signature) in [
        (
            "RFC 7515 A.2",
            json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmf\
                HQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7O\
                Mg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwK\
                h9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}),
            Algorithm::Rs256,
            format!("eyJhbGciOiJSUzI1NiJ9.{payload}"),
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb\
             F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383\
             LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy\
             wlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            "RFC 7515 A.3",
            json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}),
            Algorithm::Es256,
            format!("eyJhbGciOiJFUzI1NiJ9.{payload}"),
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            "RFC 7515 A.4",
            json!({"kty": "EC", "crv": "P-521",
                "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
                "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}),
            Algorithm::Es512,
            "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA".to_owned(),
            "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgo\
             XD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        ),
        (
            "RFC 8037 A.4",
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
            Algorithm::EdDsa,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_owned(),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ] {
        assert!(key(jwk).verify(algorithm, message.as_bytes(), &from_base64url(signature)), "{name}");
    }
}

#[test]
fn debug_shows_no_numbers() {
    let shown = format!("{:?}", key(with(signer(Algorithm::Es256).bare_jwk(), json!({"kid": "a"}))));
    assert_eq!(shown, "VerificationKey { kid: Some(\"a\"), algorithms: {Es256}, .. }");
}

#[test]
fn signatures_of_another_library_verify() {
    use ring::rand::SystemRandom;
    use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    let random = SystemRandom::new();
    for (algorithm, parameters, crv) in [
        (Algorithm::Es256, &signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
        (Algorithm::Es384, &signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
    ] {
        let document = EcdsaKeyPair::generate_pkcs8(parameters, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(parameters, document.as_ref(), &random).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let key = key(json!({"kty": "EC", "crv": crv, "x": base64url(x), "y": base64url(y)}));
        let signed = pair.sign(&random, b"m").unwrap();
        assert!(key.verify(algorithm, b"m", signed.as_ref()), "{algorithm}");
    }
    let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let key = key(json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())}));
    assert!(key.verify(Algorithm::EdDsa, b"m", pair.sign(b"m").as_ref()));
}
