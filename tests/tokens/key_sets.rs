//! Keys that must not be used, each beside a good one in its set, and tokens that they rightly signed
//! (RFC 7517 section 4, RFC 7518 section 6).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use num_bigint::BigUint;
use portcullis::model::Reason::{self, AlgNotAllowed, KeyUnknown, SignatureInvalid};
use serde_json::{Value, json};

use super::curve::curves;
use super::key::{KINDS, Key, token, with};
use super::suite::Suite;
use super::{der, rsa};
use testkit::token::encode;

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        let key = fresh(alg, kid);
        let mut bad: Vec<Value> = members().into_iter().map(|m| with(key.jwk(), m)).collect();
        bad.extend(wrong_names(alg).into_iter().map(|name| with(key.jwk(), json!({"alg": name}))));
        bad.extend(numbers(&key.jwk()));
        let sign: Sign = Box::new(move |m| key.sign(alg, m));
        set_of_bad(suite, &format!("bad-{}", alg.to_lowercase()), alg, bad, &sign);
    }
    weak_rsa(suite);
    points(suite);
    secrets(suite);
    same_id(suite);
    thumbprints(suite);
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn fresh(alg: &'static str, kid: &'static str) -> Key {
    match kid {
        "rsa" => Key::rsa("fresh", "retired"),
        "ed" => Key::ed("fresh"),
        _ => Key::ec("fresh", alg),
    }
}

/// A provider with these keys, none of which may be used, and a good one of another kind.
fn set_of_bad(suite: &mut Suite, name: &str, alg: &str, bad: Vec<Value>, sign: &Sign) {
    let decoy = if alg == "EdDSA" { suite.key("es256").named_jwk() } else { suite.key("ed").named_jwk() };
    let named = bad.iter().enumerate().map(|(i, key)| with(key.clone(), json!({"kid": format!("bad-{i}")})));
    let keys: Vec<Value> = named.chain([decoy]).collect();
    let issuer = suite.provider_with(name, &keys);
    let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
    for (i, key) in bad.iter().enumerate() {
        let text = token(suite.header(alg, &format!("bad-{i}")).to_string(), &claims, sign);
        suite.refuse(format!("{name}: {}", shortened(key)), text, &[KeyUnknown]);
    }
    let text = token(json!({"alg": alg}).to_string(), &claims, sign);
    suite.refuse(format!("{name}: no id"), text, &[KeyUnknown]);
}

fn shortened(key: &Value) -> String {
    let mut text = key.to_string();
    text.truncate(160);
    text
}

/// Members that forbid verification, or that must not be published.
fn members() -> Vec<Value> {
    let mut all = Vec::new();
    for usage in ["enc", "Sig", "SIG", "", "sig ", "tls", "both", "wrap"] {
        all.push(json!({"use": usage}));
    }
    for usage in [json!(1), json!(["sig"]), json!(true), json!({})] {
        all.push(json!({"use": usage}));
    }
    for operations in [
        json!([]),
        json!(["sign"]),
        json!(["encrypt"]),
        json!(["decrypt"]),
        json!(["wrapKey", "unwrapKey"]),
        json!(["deriveKey"]),
        json!(["deriveBits"]),
        json!(["Verify"]),
        json!(["verify "]),
        json!("verify"),
        json!(["verify", 1]),
        json!({"verify": true}),
        json!(true),
        json!([["verify"]]),
    ] {
        all.push(json!({"key_ops": operations}));
    }
    all.push(json!({"use": "enc", "key_ops": ["verify"]}));
    all.push(json!({"use": "sig", "key_ops": ["encrypt"]}));
    all.push(json!({"use": "sig", "key_ops": ["verify", "encrypt"]}));
    all.push(json!({"use": "sig", "key_ops": ["verify", "deriveKey", "sign"]}));
    all.push(json!({"key_ops": ["verify", "verify"]}));
    all.push(json!({"use": "sig", "key_ops": ["verify", "sign", "verify"]}));
    for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        all.push(json!({ name: "AQAB" }));
    }
    all.push(json!({"oth": [{"r": "AQAB", "d": "AQAB", "t": "AQAB"}]}));
    for kty in [
        json!("rsa"),
        json!("ec"),
        json!("okp"),
        json!("RSA "),
        json!("oct"),
        json!("AKP"),
        json!(""),
        json!(1),
        json!(["RSA"]),
    ] {
        all.push(json!({ "kty": kty }));
    }
    all
}

fn wrong_names(alg: &str) -> Vec<&'static str> {
    let all = [
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "Ed25519",
        "none",
        "HS256",
        "HS512",
        "RSA-OAEP",
        "RSA-OAEP-256",
        "RSA1_5",
        "ECDH-ES",
        "ECDH-ES+A256KW",
        "A128KW",
        "dir",
        "rs256",
        "es256",
        "ES256K",
        "Ed448",
        "",
        "RS1",
    ];
    let same = |name: &str| match alg {
        "RS256" | "PS256" => ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].contains(&name),
        "EdDSA" => ["EdDSA", "Ed25519"].contains(&name),
        _ => name == alg,
    };
    all.into_iter().filter(|name| !same(name)).collect()
}

/// Numbers that are not what RFC 7518 section 6 asks for.
fn numbers(jwk: &Value) -> Vec<Value> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let mut all = Vec::new();
    for name in ["n", "e", "x", "y", "crv"] {
        let Some(text) = jwk.get(name).and_then(Value::as_str) else { continue };
        all.push(with(jwk.clone(), json!({ name: null })));
        for wrong in [
            json!(""),
            json!(1),
            json!(true),
            json!([text]),
            json!({}),
            json!(format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4 + 1))),
            json!(format!("{text} ")),
            json!(format!(" {text}")),
            json!(format!("{text}\n")),
        ] {
            all.push(with(jwk.clone(), json!({ name: wrong })));
        }
        if name == "crv" {
            for curve in [
                "P-192",
                "P-224",
                "secp256k1",
                "P-256K",
                "Ed448",
                "X25519",
                "X448",
                "p-256",
                "P256",
                "prime256v1",
                "ed25519",
                "nistp521",
            ] {
                all.push(with(jwk.clone(), json!({ name: curve })));
            }
            let others = ["P-256", "P-384", "P-521", "Ed25519"].into_iter().filter(|other| *other != text);
            all.extend(others.map(|other| with(jwk.clone(), json!({ name: other }))));
            continue;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
        let standard = STANDARD.encode(&bytes);
        if standard.contains(['+', '/']) {
            all.push(with(jwk.clone(), json!({ name: standard })));
        }
        if name == "x" || name == "y" {
            // A coordinate has one length.
            for wrong in [
                &bytes[1..],
                &bytes[..bytes.len() - 1],
                &[&[0], bytes.as_slice()].concat(),
                &[bytes.as_slice(), &[0]].concat(),
                &[0],
                &[bytes.as_slice(), bytes.as_slice()].concat(),
            ] {
                all.push(with(jwk.clone(), json!({ name: encode(wrong) })));
            }
        }
        if let Some((rest, last)) = text.split_at_checked(text.len() - 1).filter(|_| text.len() % 4 != 0) {
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let at = alphabet.find(last).expect("a character of the alphabet");
            all.push(with(jwk.clone(), json!({ name: format!("{rest}{}", &alphabet[at + 1..at + 2]) })));
        }
    }
    all
}

fn weak_rsa(suite: &mut Suite) {
    for (alg, size) in [("RS256", 256), ("RS512", 512), ("PS256", 256), ("PS384", 384)] {
        for name in ["1024", "2040", "2047", "8193", "e-1", "e-3", "e-17", "e-257", "e-65535"] {
            let key = rsa::key(name);
            let sign: Sign = if alg.starts_with('R') {
                Box::new(move |m| key.pkcs1(size, m))
            } else {
                Box::new(move |m| key.pss(size, m))
            };
            set_of_bad(suite, &format!("rsa-{name}-{}", alg.to_lowercase()), alg, vec![key.jwk()], &sign);
        }
    }
    let good = rsa::key("retired");
    let number = |n: BigUint| encode(n.to_bytes_be());
    let sign: Sign = Box::new(|m| rsa::key("retired").pkcs1(256, m));
    let one = || BigUint::from(1u8);
    let bad = [
        json!({"n": number(&good.n + 1u8)}),
        json!({"n": number(&good.n - 1u8)}),
        json!({"n": number(&good.n << 1)}),
        json!({"n": number(&good.n >> 1)}),
        json!({"n": number(one())}),
        json!({"n": encode([0])}),
        json!({"n": number(one() << 2047)}),
        json!({"n": number(&good.p * 1u8)}),
        json!({"e": encode([0])}),
        json!({"e": encode([0, 0, 0])}),
        json!({"e": encode([0, 0, 3])}),
        json!({"e": number(BigUint::from(65536u32))}),
        json!({"e": number(BigUint::from(65538u32))}),
        json!({"e": number(one() << 31)}),
        json!({"e": number(&good.n - 1u8)}),
        json!({"e": number(good.n.clone())}),
        json!({"e": number(&good.n + 2u8)}),
        json!({"e": number(good.d.clone())}),
        json!({"e": "AQAB\u{0}"}),
        json!({"n": "*"}),
    ];
    let bad = bad.into_iter().map(|members| with(good.jwk(), members)).collect();
    set_of_bad(suite, "rsa-numbers", "RS256", bad, &sign);
}

/// Points that are on no curve, or on one where anybody can sign.
fn points(suite: &mut Suite) {
    for curve in curves() {
        let (alg, kid) = (curve.alg, KINDS.iter().find(|(a, _)| *a == curve.alg).expect("a kind").1);
        let key = fresh(alg, kid);
        let point = curve.public(&key.private());
        let other = curve.next_point(&BigUint::from(5u8));
        let coordinate = |n: &BigUint| encode(rsa::left_padded(n, curve.len));
        let full = vec![0xff; curve.len];
        let mut bad = vec![
            with(curve.jwk(&point), json!({"x": coordinate(&point.y), "y": coordinate(&point.x)})),
            with(curve.jwk(&point), json!({"x": coordinate(&other.x)})),
            with(curve.jwk(&point), json!({"y": coordinate(&other.y)})),
            with(curve.jwk(&point), json!({"x": coordinate(&BigUint::ZERO)})),
            with(curve.jwk(&point), json!({"y": coordinate(&BigUint::ZERO)})),
            with(
                curve.jwk(&point),
                json!({"x": coordinate(&BigUint::ZERO), "y": coordinate(&BigUint::ZERO)}),
            ),
            with(curve.jwk(&point), json!({"x": coordinate(&curve.p)})),
            with(curve.jwk(&point), json!({"x": encode(&full)})),
            with(curve.jwk(&point), json!({"y": encode(&full)})),
            with(curve.jwk(&point), json!({"x": encode(&full), "y": encode(&full)})),
            // The same point, its x written beyond the prime.
            with(curve.jwk(&other), json!({"x": coordinate(&(&other.x + &curve.p))})),
            with(
                curve.jwk(&point),
                json!({"x": encode([&[4], rsa::left_padded(&point.x, curve.len).as_slice()].concat())}),
            ),
        ];
        for bit in [0, 1, 7] {
            bad.push(with(
                curve.jwk(&point),
                json!({"x": coordinate(&(&point.x ^ BigUint::from(1u8 << bit)))}),
            ));
            bad.push(with(
                curve.jwk(&point),
                json!({"y": coordinate(&(&point.y ^ BigUint::from(1u8 << bit)))}),
            ));
        }
        let sign: Sign = Box::new(move |m| key.sign(alg, m));
        set_of_bad(suite, &format!("points-{kid}"), alg, bad, &sign);
    }
    let hex = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        // On no curve: no x has this y.
        "0200000000000000000000000000000000000000000000000000000000000000",
        "0700000000000000000000000000000000000000000000000000000000000000",
    ];
    let bad = hex.map(|hex| {
        let bytes: Vec<u8> =
            (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect();
        json!({"kty": "OKP", "crv": "Ed25519", "x": encode(bytes)})
    });
    // R is the neutral element and s is zero: good for the neutral element as a key, whatever was signed.
    let mut neutral = vec![0; 64];
    neutral[0] = 1;
    let sign: Sign = Box::new(move |_| neutral.clone());
    set_of_bad(suite, "small-order", "EdDSA", bad.into(), &sign);
}

/// A shared secret in a set verifies nothing, under any name.
fn secrets(suite: &mut Suite) {
    let secret = b"a secret that was published by mistake, 48 bytes";
    let keys: Vec<Value> = [None, Some("HS256"), Some("RS256"), Some("ES256"), Some("none")]
        .into_iter()
        .map(|alg| with(json!({"kty": "oct", "k": encode(secret)}), json!({"alg": alg})))
        .collect();
    let mac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    for (alg, wanted) in [
        ("HS256", AlgNotAllowed),
        ("HS512", AlgNotAllowed),
        ("RS256", KeyUnknown),
        ("ES256", KeyUnknown),
        ("ES384", KeyUnknown),
    ] {
        let named =
            keys.iter().enumerate().map(|(i, key)| with(key.clone(), json!({"kid": format!("bad-{i}")})));
        let set: Vec<Value> = named.chain([suite.key("ed").named_jwk()]).collect();
        let issuer = suite.provider_with(&format!("secrets-{}", alg.to_lowercase()), &set);
        for i in 0..keys.len() {
            let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
            let text = token(suite.header(alg, &format!("bad-{i}")).to_string(), claims, |m| {
                ring::hmac::sign(&mac, m).as_ref().to_vec()
            });
            let wanted: &'static [Reason] =
                if wanted == KeyUnknown { &[KeyUnknown] } else { &[AlgNotAllowed] };
            suite.refuse(format!("a published secret {i} as {alg}"), text, wanted);
        }
    }
}

/// Several keys under one id: the first four of an algorithm are tried.
fn same_id(suite: &mut Suite) {
    let keys: Vec<Key> = (0..6).map(|_| Key::ed("same")).collect();
    let others = [
        Key::ec("same", "ES256"),
        Key::ec("same", "ES384"),
        Key::ec("same", "ES512"),
        Key::rsa("same", "retired"),
    ];
    let mut set: Vec<Value> = keys.iter().chain(&others).map(Key::named_jwk).collect();
    set.insert(0, with(Key::ed("same").named_jwk(), json!({"use": "enc"})));
    set.push(with(keys[0].named_jwk(), json!({"kid": "again"})));
    let issuer = suite.provider_with("same-id", &set);
    let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
    for (i, key) in keys.iter().enumerate() {
        let text = token(suite.header("EdDSA", "same").to_string(), &claims, |m| key.sign("EdDSA", m));
        if i < 4 {
            suite.pass(format!("key {i} of an id"), text);
        } else {
            suite.refuse(format!("key {i} of an id"), text, &[SignatureInvalid]);
        }
    }
    for (key, alg) in others.iter().zip(["ES256", "ES384", "ES512", "PS384"]) {
        let text = token(suite.header(alg, "same").to_string(), &claims, |m| key.sign(alg, m));
        suite.pass(format!("the key for {alg} of an id"), text);
    }
    let text = token(suite.header("EdDSA", "again").to_string(), &claims, |m| keys[0].sign("EdDSA", m));
    suite.pass("a key under two ids", text);
    let text = token(suite.header("EdDSA", "again").to_string(), &claims, |m| keys[1].sign("EdDSA", m));
    suite.refuse("the other key of the first of two ids", text, &[SignatureInvalid]);
}

/// Keys that only the thumbprint of a certificate tells apart (RFC 7515 sections 4.1.7 and 4.1.8).
fn thumbprints(suite: &mut Suite) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let [one, two, three, stranger] = ["one", "two", "three", "stranger"].map(Key::ed);
    let certificate = b"a certificate, as far as anybody looks";
    let set = [
        with(one.jwk(), json!({"x5t": "print-1", "x5t#S256": "print-256-1"})),
        with(two.jwk(), json!({"kid": "k2", "x5t": "print-2"})),
        with(three.jwk(), json!({"x5c": [STANDARD.encode(certificate), "MII"]})),
    ];
    let issuer = suite.provider_with("thumbprints", &set);
    let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
    let sha1 = encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate));
    let sha256 = encode(digest(&SHA256, certificate));
    let cases: [(Value, &Key, &'static [Reason]); 16] = [
        (json!({"x5t": "print-1"}), &one, &[]),
        (json!({"x5t": "print-1="}), &one, &[]),
        (json!({"x5t#S256": "print-256-1"}), &one, &[]),
        (json!({"x5t": "print-2"}), &two, &[]),
        (json!({"x5t": sha1}), &three, &[]),
        (json!({"x5t#S256": sha256}), &three, &[]),
        (json!({"x5t#S256": sha256, "x5t": "print-1"}), &three, &[]),
        (json!({"x5t#S256": "of nobody", "x5t": "print-2"}), &two, &[]),
        (json!({"kid": "k2", "x5t": "print-1"}), &two, &[]),
        (json!({"x5t": "print-1"}), &two, &[SignatureInvalid]),
        (json!({"x5t": "print-1"}), &stranger, &[SignatureInvalid]),
        (json!({"kid": "k2", "x5t": "print-1"}), &one, &[SignatureInvalid]),
        (json!({"kid": "gone", "x5t": "print-1"}), &one, &[KeyUnknown]),
        (json!({"x5t": "PRINT-1"}), &one, &[KeyUnknown]),
        (json!({"x5t#S256": "print-1"}), &one, &[KeyUnknown]),
        (json!({"x5t": ""}), &one, &[KeyUnknown]),
    ];
    for (members, key, wanted) in cases {
        let header = with(json!({"alg": "EdDSA"}), members);
        let text = token(header.to_string(), &claims, |m| key.sign("EdDSA", m));
        let name = format!("{header}, signed by {}", key.kid);
        if wanted.is_empty() { suite.pass(name, text) } else { suite.refuse(name, text, wanted) }
    }
}

/// Bytes that hold a public key as a certificate does; nobody should look any closer.
pub(crate) fn certificate_like(spki: &[u8]) -> Vec<u8> {
    der::wrap(0x30, &[der::wrap(0x30, spki), spki.to_vec()].concat())
}
