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

/// `text` as bytes, two digits each.
fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Adds the order of the base point (RFC 8032 section 5.1) to the scalar of an Ed25519 signature.
fn with_order_added(mut signature: Vec<u8>) -> Vec<u8> {
    let order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (digit, added) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*digit) + u16::from(added) + carry;
        [*digit, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    signature
}

#[test]
fn ed25519_signatures_of_rfc_8032_verify_in_one_encoding() {
    for (name, x, message, signature) in [
        (
            "TEST 1",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24\
             655141438e7a100b",
        ),
        (
            "TEST 2",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee\
             b00d291612bb0c00",
        ),
        (
            "TEST 3",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d\
             c027beceea1ec40a",
        ),
        (
            "TEST SHA(abc)",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e\
             2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17a\
             d9bef1177331a704",
        ),
    ] {
        let key = key(json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(from_hex(x))}));
        let (message, signature) = (from_hex(message), from_hex(signature));
        assert!(key.verify(Algorithm::EdDsa, &message, &signature), "{name}");
        // s + L names the same scalar; section 5.1.7 decodes only s < L.
        let again = with_order_added(signature);
        assert!(!key.verify(Algorithm::EdDsa, &message, &again), "{name}: s + L");
    }
}

/// The equation without the cofactor, and R compared in its encoding: what differs between libraries by chapters 3 and 4
/// of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020). Every signature here has the scalar
/// s = r + SHA-512(R, A, M) a.
#[test]
fn an_ed25519_signature_with_a_part_of_small_order_verifies_only_where_the_parts_cancel_out() {
    /// A = a B, with a = SHA-512("secret").
    const PURE: &str = "ff6f43ab4e72e31b78049fcc5f97455becdd0ea428c1fd6c7a0fc66e991c7cb9";
    /// A = a B + T, with T of order 8.
    const MIXED: &str = "bf0897a61d855442ee8ea10d40d5e4295cf6a0f9a153daecf3f162db13f2950a";
    for (name, x, message, signature, verifies) in [
        (
            "R is the neutral element",
            PURE,
            "message",
            "0100000000000000000000000000000000000000000000000000000000000000fd89cef0048babb95a0f0de19ca9a54155f04e211c7de878\
             01f5451e6e4ab505",
            true,
        ),
        (
            "R is the neutral element with y = p + 1",
            PURE,
            "message",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7fc1a13bda6a1523c9c6558875d9ec1b1faa5409faa6f659cd\
             9f83f7c7f93ce00e",
            false,
        ),
        (
            "R is the neutral element with a sign",
            PURE,
            "message",
            "0100000000000000000000000000000000000000000000000000000000000080aaad5fe1efd6ff222de2dc3288e6bdd5cd455ec724d2c4ec\
             e82e95a1edbcd909",
            false,
        ),
        (
            "R of order 8",
            PURE,
            "message",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a13c117d09ac7a56f43f41a006da1a0ab8d78169b356ea9f9\
             662dea2b890d590b",
            false,
        ),
        (
            "R of mixed order",
            PURE,
            "message",
            "186ed2bdbd1a36f6437c5168b0221914018ea4f32a1c3fcd1c1794d64fbd596e558e66a1e1949fca114027cd99ed57d2a5f2e2e036df19a4\
             bfcfc95be4259e0e",
            false,
        ),
        (
            "A of mixed order, with a hash that 8 divides",
            MIXED,
            "message 2",
            "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23d6b32f87be847231f75a41bde899adfa76863623ed46e120\
             3f6e72d7998ec60c",
            true,
        ),
        (
            "A of mixed order, with another hash",
            MIXED,
            "message 5",
            "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23e1fb4cbf0d89d9b3692c7a118b04e55126f8fab8159b1c72\
             3eafcd91498ba909",
            false,
        ),
        (
            "A and R of mixed order that cancel out",
            MIXED,
            "message 3",
            "186ed2bdbd1a36f6437c5168b0221914018ea4f32a1c3fcd1c1794d64fbd596e94c4d837b3488446949d7484462ba32aa1a6c0a2f5629bbb\
             4cec11efbad8dd09",
            true,
        ),
    ] {
        let key = key(json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(from_hex(x))}));
        let found = key.verify(Algorithm::EdDsa, message.as_bytes(), &from_hex(signature));
        assert_eq!(found, verifies, "{name}");
    }
}
