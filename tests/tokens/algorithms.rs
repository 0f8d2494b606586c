//! `alg`: none in every spelling, the public key as a shared secret, other families, other curves, other spellings
//! (RFC 8725 sections 2.1 and 3.1).

use portcullis::model::Reason::{self, AlgNotAllowed, SignatureInvalid, TokenMalformed};
use ring::hmac;
use serde_json::{Value, json};

use super::der;
use super::key::{ALGORITHMS, KINDS, Key, token, with};
use super::suite::Suite;
use testkit::token::encode;

pub(crate) fn add(suite: &mut Suite) {
    none(suite);
    shared_secrets(suite);
    other_names(suite);
    other_keys(suite);
    narrow(suite);
}

fn none(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let key = suite.key(kid);
        let mut made = Vec::new();
        for name in
            ["none", "None", "NONE", "nOnE", "none ", " none", "none\u{0}", "n\u{f6}ne", "", "null", "false"]
        {
            for header in [json!({"alg": name}), json!({"alg": name, "typ": "JWT", "kid": kid})] {
                let header = header.to_string();
                let claims = suite.claims().to_string();
                for (with, signature) in
                    [("nothing", vec![]), ("one byte", vec![0]), ("a good signature", key.sign(alg, b"?"))]
                {
                    made.push((
                        format!("{alg}: {header} with {with}"),
                        token(&header, &claims, |_| signature),
                    ));
                }
                made.push((
                    format!("{alg}: {header}, rightly signed"),
                    token(&header, &claims, |m| key.sign(alg, m)),
                ));
            }
        }
        for (name, text) in made {
            suite.refuse(name, text, &[AlgNotAllowed]);
        }
    }
}

fn shared_secrets(suite: &mut Suite) {
    for (_, kid) in &KINDS[1..] {
        let mut made = Vec::new();
        for (form, secret) in forms(suite.key(kid)) {
            for (name, algorithm) in
                [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
            {
                let header = suite.header(name, kid).to_string();
                let mac = |m: &[u8]| hmac::sign(&hmac::Key::new(algorithm, &secret), m).as_ref().to_vec();
                made.push((
                    format!("{kid}: {name} with {form} as the secret"),
                    token(header, suite.claims().to_string(), mac),
                ));
            }
            // The same under the name of the key's own algorithm.
            let alg = KINDS.iter().find(|(_, k)| k == kid).expect("its algorithm").0;
            let mac = |m: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), m).as_ref().to_vec();
            let text = token(suite.header(alg, kid).to_string(), suite.claims().to_string(), mac);
            suite.refuse(format!("{kid}: a code with {form} as {alg}"), text, &[SignatureInvalid]);
        }
        for (name, text) in made {
            suite.refuse(name, text, &[AlgNotAllowed]);
        }
    }
}

/// Everything that somebody may take for "the key" of a public key.
fn forms(key: &Key) -> Vec<(&'static str, Vec<u8>)> {
    let pem = key.pem();
    let jwk = key.named_jwk();
    let mut all = vec![
        ("PEM", pem.clone().into_bytes()),
        ("PEM without the last line's end", pem.trim_end().as_bytes().to_vec()),
        ("PEM with CRLF", pem.replace('\n', "\r\n").into_bytes()),
        ("the lines of PEM", pem.lines().filter(|l| !l.starts_with('-')).collect::<String>().into_bytes()),
        ("DER", key.spki()),
        ("the JWK", jwk.to_string().into_bytes()),
        ("the JWK without its id", key.jwk().to_string().into_bytes()),
        ("the key set", json!({"keys": [jwk]}).to_string().into_bytes()),
        ("its number", key.heart()),
        ("its number in base64url", encode(key.heart()).into_bytes()),
        ("nothing", vec![]),
        ("its id", key.kid.as_bytes().to_vec()),
    ];
    if key.alg() == "RS256" {
        let rsa = key.numbers();
        all.push(("PKCS#1 DER", rsa.public_der()));
        all.push(("PKCS#1 PEM", testkit::signer::pem("RSA PUBLIC KEY", &rsa.public_der()).into_bytes()));
        all.push(("its number in DER", der::integer(&rsa.n)));
    }
    all
}

fn other_names(suite: &mut Suite) {
    let names = [
        "rs256",
        "Rs256",
        "RS256 ",
        " RS256",
        "RS-256",
        "RSA256",
        "SHA256withRSA",
        "RS1",
        "RS255",
        "RS257",
        "RSA1_5",
        "RSA-OAEP",
        "ps256",
        "PSS256",
        "PS1",
        "es256",
        "Es256",
        "ES256K",
        "ES256\u{0}",
        "ES521",
        "ESP256",
        "ES-256",
        "EC256",
        "eddsa",
        "EDDSA",
        "EdDSA ",
        "ed25519",
        "ED25519",
        "Ed448",
        "Ed25519ph",
        "Ed25519ctx",
        "X25519",
        "ML-DSA-44",
        "dir",
        "A128KW",
        "A256GCMKW",
        "ECDH-ES",
        "PBES2-HS256+A128KW",
        "HS1",
        "HS256/64",
        "hs256",
        "HS",
        "RS",
        "*",
        "any",
        "RS256,ES256",
        "RS256 ES256",
        "\u{ff32}S256",
        "ЕS256",
        "R\u{200b}S256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "1.2.840.113549.1.1.11",
        "-257",
        "-7",
    ];
    for (alg, kid) in KINDS {
        let key = suite.key(kid);
        let sign =
            |header: Value| token(header.to_string(), suite.claims().to_string(), |m| key.sign(alg, m));
        let mut made: Vec<(String, String, &'static [Reason])> = Vec::new();
        for name in names {
            made.push((
                format!("{alg} by the name {name:?}"),
                sign(suite.header(name, kid)),
                &[AlgNotAllowed],
            ));
        }
        for wrong in
            [json!(256), json!(-257), json!([alg]), json!({"name": alg}), json!(true), json!([]), json!(0.5)]
        {
            let text = sign(with(suite.header(alg, kid), json!({"alg": wrong})));
            made.push((format!("{alg} as {wrong}"), text, &[TokenMalformed]));
        }
        let null = suite.header(alg, kid).to_string().replace(&format!("\"alg\":\"{alg}\""), "\"alg\":null");
        let null = token(null, suite.claims().to_string(), |m| key.sign(alg, m));
        made.push((format!("{alg} as null"), null, &[TokenMalformed]));
        let absent = with(suite.header(alg, kid), json!({"alg": null}));
        made.push((format!("{alg} without alg"), sign(absent.clone()), &[AlgNotAllowed]));
        made.push((
            format!("{alg} in the claims alone"),
            {
                let claims = with(suite.claims(), json!({"alg": alg})).to_string();
                token(absent.to_string(), claims, |m| key.sign(alg, m))
            },
            &[AlgNotAllowed],
        ));
        for name in ["Alg", "ALG", "alg ", "algorithm"] {
            let text = sign(with(absent.clone(), json!({name: alg})));
            made.push((format!("{alg} as the member {name:?}"), text, &[AlgNotAllowed]));
        }
        for (name, text, wanted) in made {
            suite.refuse(name, text, wanted);
        }
    }
}

/// Each key under the name of each algorithm that it does not have, or did not sign with.
fn other_keys(suite: &mut Suite) {
    for (real, kid) in ALGORITHMS {
        for (said, of) in ALGORITHMS {
            if said == real {
                continue;
            }
            let key = suite.key(kid);
            let wanted: &'static [Reason] = if of == kid { &[SignatureInvalid] } else { &[AlgNotAllowed] };
            let text =
                token(suite.header(said, kid).to_string(), suite.claims().to_string(), |m| key.sign(real, m));
            suite.refuse(format!("{real} by {kid}, said to be {said}"), text, wanted);
            // And under the id of the key that has the algorithm.
            if of != kid {
                let key = suite.key(kid);
                let text = token(suite.header(said, of).to_string(), suite.claims().to_string(), |m| {
                    key.sign(real, m)
                });
                suite.refuse(
                    format!("{real} by {kid}, said to be {said} by {of}"),
                    text,
                    &[SignatureInvalid],
                );
            }
        }
    }
    // A key with an `alg` of its own is for that alone.
    let key = Key::rsa("rsa-rs256", "corp-rs256");
    for (said, _) in &ALGORITHMS[1..6] {
        let text = token(suite.header(said, "rsa-rs256").to_string(), suite.claims().to_string(), |m| {
            key.sign(said, m)
        });
        suite.refuse(format!("{said} by a key for RS256"), text, &[AlgNotAllowed]);
    }
}

/// A provider that may use two algorithms.
fn narrow(suite: &mut Suite) {
    let keys: Vec<Value> = suite.corp.iter().map(Key::named_jwk).collect();
    let issuer = "https://narrow.test";
    suite.provider("narrow", issuer, json!({"jwks": {"keys": keys}, "algorithms": ["RS256", "ES256"]}));
    for (alg, kid) in ALGORITHMS {
        let text =
            suite.signed(alg, kid, &suite.header(alg, kid), &with(suite.claims(), json!({"iss": issuer})));
        match alg {
            "RS256" | "ES256" => suite.pass(format!("{alg}, which the provider may use"), text),
            _ => suite.refuse(format!("{alg}, which the provider may not use"), text, &[AlgNotAllowed]),
        }
    }
    let text = suite.signed(
        "EdDSA",
        "ed",
        &suite.header("Ed25519", "ed"),
        &with(suite.claims(), json!({"iss": issuer})),
    );
    suite.refuse("Ed25519, which the provider may not use", text, &[AlgNotAllowed]);
}
