//! Tokens that are unusual and right: none may be refused.

use num_bigint::BigUint;
use serde_json::{Value, json};

use super::curve::{Curve, curves};
use super::key::{ALGORITHMS, KINDS, Key, seal, token, with};
use super::rsa;
use super::suite::{CORP, Suite};
use testkit::token::encode;

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        suite.pass(format!("{alg}: the usual token"), suite.good(alg, kid));
        headers(suite, alg, kid);
        claims(suite, alg, kid);
        schemes(suite, alg, kid);
    }
    for curve in curves() {
        both_halves(suite, &curve);
        rare_numbers(suite, &curve);
    }
    rsa_sizes(suite);
    few_keys(suite);
    declared(suite);
    suite.at("open");
    for (alg, kid) in KINDS {
        for aud in [json!({"aud": null}), json!({"aud": "api://other"}), json!({"aud": []})] {
            let text = suite.signed(alg, kid, &suite.header(alg, kid), &with(suite.claims(), aud.clone()));
            suite.pass(format!("{alg}: {aud} where it is not checked"), text);
        }
    }
    suite.at("desk");
}

fn headers(suite: &mut Suite, alg: &str, kid: &str) {
    let plain = suite.header(alg, kid);
    let mut texts: Vec<String> = [
        json!({"typ": null}),
        json!({"typ": "jwt"}),
        json!({"typ": "at+jwt"}),
        json!({"typ": "AT+JWT"}),
        json!({"typ": "application/at+jwt"}),
        json!({"typ": "Application/JWT"}),
        json!({"x": 1, "y": {"z": [1, 2, {"a": null}]}, "": ""}),
        json!({"jku": "https://elsewhere.test/jwks", "x5u": "https://elsewhere.test/cert", "x5t": "AAAA", "x5t#S256": "AAAA"}),
        json!({"jwk": {"kty": "oct", "k": "AAAA"}, "x5c": ["AAAA"]}),
        json!({"b64": true}),
        json!({"nonce": "a", "cty": "json", "ver": 2, "x": "\u{e9}\u{1f600}"}),
        json!({"exp": "in the header it means nothing"}),
        json!({"x": "k".repeat(2000)}),
    ]
    .into_iter()
    .map(|members| with(plain.clone(), members).to_string())
    .collect();
    let escaped = |text: &str| text.bytes().map(|b| format!("\\u{b:04X}")).collect::<String>();
    texts.extend([
        serde_json::to_string_pretty(&plain).expect("JSON"),
        format!("\r\n\t {plain} \n\n"),
        format!(r#"{{ "typ" : "JWT" , "kid" :	"{kid}" , "alg"	: "{alg}" }}"#),
        format!(r#"{{"typ":"JWT","{}":"{}","kid":"{kid}"}}"#, escaped("alg"), escaped(alg)),
        format!(r#"{{"typ":"J\u0057T","alg":"{alg}","k\u0069d":"{}"}}"#, escaped(kid)),
        format!(r#"{{"alg":"{alg}","kid":"{kid}","x":{}1{}}}"#, "[".repeat(31), "]".repeat(31)),
    ]);
    for text in texts {
        let key = suite.key(kid);
        let made = token(&text, suite.claims().to_string(), |m| key.sign(alg, m));
        let mut shown = text;
        shown.truncate(shown.char_indices().nth(90).map_or(shown.len(), |(at, _)| at));
        suite.pass(format!("{alg}: header {shown}"), made);
    }
    if alg == "EdDSA" {
        suite.pass(
            "Ed25519 by its own name",
            suite.signed(alg, kid, &suite.header("Ed25519", kid), &suite.claims()),
        );
    }
}

fn claims(suite: &mut Suite, alg: &str, kid: &str) {
    let now = suite.now;
    let mut texts: Vec<String> = [
        json!({"exp": now as f64 + 300.5, "nbf": now as f64 - 60.25, "iat": now as f64 - 60.125}),
        json!({"exp": 9_007_199_254_740_991_u64}),
        json!({"nbf": 1, "iat": 1}),
        json!({"nbf": 0.001}),
        json!({"iat": null, "sub": null, "jti": null, "scope": null, "client_id": null}),
        json!({"aud": ["api://desk"]}),
        json!({"aud": ["api://other", "api://desk", ""]}),
        json!({"aud": ["api://desk", "api://desk"]}),
        json!({"aud": (0..200).map(|i| format!("api://{i}")).chain(["api://desk".to_owned()]).collect::<Vec<_>>()}),
        json!({"sub": ""}),
        json!({"sub": "\u{1f600}\u{e9}\u{202e}\u{0}"}),
        json!({"scope": "", "scp": ["a", "b"]}),
        json!({"scp": "a b"}),
        json!({"x": null, "typ": "Bearer", "alg": "none", "kid": 1, "": 0, "iss ": "x"}),
        json!({"x": [0, -0.0, 1e300, 0.1, -1, 18_446_744_073_709_551_615_u64, true, false, null, "", {}, []]}),
        json!({"act": {"sub": "x", "act": {"sub": "y"}}}),
        json!({"x": "y".repeat(9000)}),
        json!({"roles": (0..300).map(|i| format!("role-{i}")).collect::<Vec<_>>()}),
    ]
    .into_iter()
    .map(|members| with(suite.claims(), members).to_string())
    .collect();
    let exp = format!(r#""exp":{}"#, now + 3000);
    let usual = suite.claims().to_string();
    assert!(usual.contains(&exp));
    texts.extend([
        serde_json::to_string_pretty(&suite.claims()).expect("JSON"),
        format!("\t\r\n {usual}\n "),
        usual.replace(&exp, r#""exp":41024448e2"#),
        usual.replace(&exp, r#""exp":4102444800.0"#),
        usual.replace(&exp, r#""exp":4.1024448E+9"#),
        usual.replace(&exp, r#""exp":41024448000000E-4"#),
        usual.replace(&exp, r#""\u0065xp":4102444800"#),
        usual.replace("https://corp.test", r"https:\/\/corp.test"),
        usual.replace(CORP, &CORP.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>()),
        usual.replace("api://desk", r"\u0061pi:\/\/desk"),
        usual.replacen('{', r#"{"x":"\ud83d\ude00\"\\\/\b\f\n\r\t","#, 1),
        usual.replacen('{', r#"{"x":123456789012345678901234567890,"y":1e-400,"z":-0,"#, 1),
        usual.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(31), "]".repeat(31)), 1),
        usual.replacen('{', &format!("{{\"x\":{}1{},", "{\"a\":".repeat(31), "}".repeat(31)), 1),
        usual.replacen('{', "{\"x\":\"\u{7f}\u{80}\u{2028}\u{feff}\u{10ffff}\",", 1),
        usual.replacen('{', r#"{"a":{"a":{"a":1},"b":[{"a":1},{"a":1}]},"A":1,"á":1,"#, 1),
    ]);
    for text in texts {
        let key = suite.key(kid);
        let made = token(suite.header(alg, kid).to_string(), &text, |m| key.sign(alg, m));
        let mut shown = text;
        shown.truncate(shown.char_indices().nth(90).map_or(shown.len(), |(at, _)| at));
        suite.pass(format!("{alg}: claims {shown}"), made);
    }
}

fn schemes(suite: &mut Suite, alg: &str, kid: &str) {
    let good = suite.good(alg, kid);
    for value in [
        format!("bearer {good}"),
        format!("BEARER   {good}"),
        format!("bEaReR {good}  "),
        format!("  Bearer {good}"),
    ] {
        suite.header_value(
            format!("{alg}: as {}", &value[..9]),
            value.into(),
            &[portcullis::model::Reason::Ok],
        );
    }
}

/// (r, s) and (r, n - s) are both good (SEC 1 section 4.1.4).
fn both_halves(suite: &mut Suite, curve: &Curve) {
    let kid = KINDS.iter().find(|(a, _)| *a == curve.alg).expect("a kind").1;
    for i in 0..5 {
        let claims = with(suite.claims(), json!({"n": i}));
        let key = suite.key(kid);
        let text =
            token(suite.header(curve.alg, kid).to_string(), claims.to_string(), |m| key.sign(curve.alg, m));
        let (signed, _) = text.rsplit_once('.').expect("a signature");
        let (r, s) = curve.parts(&key.sign(curve.alg, signed.as_bytes()));
        let other = curve.fixed(&r, &(&curve.n - &s));
        let first = curve.fixed(&r, &s);
        suite.pass(format!("{}: s, {i}", curve.alg), format!("{signed}.{}", encode(first)));
        suite.pass(format!("{}: n - s, {i}", curve.alg), format!("{signed}.{}", encode(other)));
    }
}

/// Signatures whose numbers are as small or as large as they get, under keys that are made to fit.
fn rare_numbers(suite: &mut Suite, curve: &Curve) {
    let one = || BigUint::from(1u8);
    let some = BigUint::from(0x00c0_ffee_u32);
    let points = [
        ("a small r", curve.next_point(&one())),
        ("a smaller half of r", curve.next_point(&(one() << (8 * curve.len / 2)))),
        ("an r with zeros in front", curve.next_point(&(&curve.n >> 20))),
        ("an r just under n", curve.next_point(&(&curve.n - 200u8))),
        // x is n or more, so that r is x - n.
        ("an x beyond n", curve.next_point(&(&curve.n + 1u8))),
        ("an x just under p", curve.next_point(&(&curve.p - 200u8))),
    ];
    let scalars = [
        ("s = 1", one()),
        ("s = 2", BigUint::from(2u8)),
        ("a small s", some.clone()),
        ("s = n - 1", &curve.n - 1u8),
        ("s = n / 2", &curve.n >> 1),
        ("s with zeros in front", &curve.n >> 24),
    ];
    let name = format!("rare-{}", curve.alg.to_lowercase());
    let issuer = format!("https://{name}.test");
    let (mut keys, mut made) = (Vec::new(), Vec::new());
    for (i, (of_r, point)) in points.iter().enumerate() {
        // Each with two of the others, so that each stands twice: school arithmetic takes its time.
        for (of_s, s) in [&scalars[i], &scalars[(i + 1) % scalars.len()]] {
            let kid = format!("k{}", keys.len());
            let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
            let (header, claims) = (encode(suite.header(curve.alg, &kid).to_string()), encode(claims));
            let message = format!("{header}.{claims}");
            let key = curve.recover(message.as_bytes(), point, s);
            keys.push(with(curve.jwk(&key), json!({"kid": kid})));
            let text = seal(&header, &claims, |_| curve.fixed(&(&point.x % &curve.n), s));
            made.push((format!("{}: {of_r}, {of_s}", curve.alg), text));
        }
    }
    assert_eq!(suite.provider_with(&name, &keys), issuer);
    for (name, text) in made {
        suite.pass(name, text);
    }
}

/// Every size from 2048 bits to 8192, whole bytes or not; large exponents; numbers with zeros in front.
fn rsa_sizes(suite: &mut Suite) {
    let names = [
        "2049",
        "2050",
        "2052",
        "2055",
        "2056",
        "3072",
        "3073",
        "4096",
        "4097",
        "8192",
        "e-65539",
        "e-2147483647",
        "e-4294967297",
        "e-4294967311",
        "retired",
    ];
    let set: Vec<Value> = names.iter().map(|name| with(rsa::key(name).jwk(), json!({"kid": name}))).collect();
    let issuer = suite.provider_with("rsa-sizes", &set);
    let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
    for name in names {
        let key = rsa::key(name);
        for (alg, size) in
            [("RS256", 256), ("RS384", 384), ("RS512", 512), ("PS256", 256), ("PS384", 384), ("PS512", 512)]
        {
            if name == "8192" && size != 256 {
                continue;
            }
            let sign = |m: &[u8]| if alg.starts_with('R') { key.pkcs1(size, m) } else { key.pss(size, m) };
            suite.pass(
                format!("{alg}: RSA {name}"),
                token(suite.header(alg, name).to_string(), &claims, sign),
            );
        }
    }
    let key = rsa::key("retired");
    let (n, e) = (key.n.to_bytes_be(), key.e.to_bytes_be());
    for (i, (n, e)) in [
        ([&[0], n.as_slice()].concat(), e.clone()),
        (n.clone(), [&[0], e.as_slice()].concat()),
        ([&[0; 7], n.as_slice()].concat(), [&[0; 5], e.as_slice()].concat()),
    ]
    .into_iter()
    .enumerate()
    {
        let jwk = json!({"kty": "RSA", "kid": "k", "n": encode(n), "e": encode(e)});
        let issuer = suite.provider_with(&format!("zeros-{i}"), &[jwk]);
        let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
        for (alg, sign) in [("RS256", Rsa256::Pkcs1), ("PS256", Rsa256::Pss)] {
            let text = token(suite.header(alg, "k").to_string(), &claims, |m| match sign {
                Rsa256::Pkcs1 => key.pkcs1(256, m),
                Rsa256::Pss => key.pss(256, m),
            });
            suite.pass(format!("{alg}: numbers with zeros in front, {i}"), text);
        }
    }
    // A signature whose first byte is zero keeps it.
    let key = suite.key("rsa").numbers();
    for alg in ["RS256", "PS256"] {
        let made = (0..4000).find_map(|i| {
            let claims = with(suite.claims(), json!({"n": i})).to_string();
            let mut zero = false;
            let text = token(suite.header(alg, "rsa").to_string(), claims, |m| {
                let signature = suite.key("rsa").sign(alg, m);
                zero = signature[0] == 0;
                signature
            });
            zero.then_some(text)
        });
        let text = made.expect("one in 256");
        let (signed, signature) = text.rsplit_once('.').expect("a signature");
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert_eq!(bytes.len(), key.len());
        let stripped = format!("{signed}.{}", encode(&bytes[1..]));
        suite.pass(format!("{alg}: a zero in front of the signature"), &text);
        suite.refuse(
            format!("{alg}: the zero in front of the signature left out"),
            stripped,
            &[portcullis::model::Reason::SignatureInvalid],
        );
    }
}

#[derive(Clone, Copy)]
enum Rsa256 {
    Pkcs1,
    Pss,
}

/// Sets with one key, named or not, and keys in PEM.
fn few_keys(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        let low = alg.to_lowercase();
        let (named, bare) = (suite.key(kid).named_jwk(), suite.key(kid).jwk());
        let pem = suite.key(kid).pem();
        let one = suite.provider_with(&format!("one-{low}"), &[named]);
        let nameless = suite.provider_with(&format!("bare-{low}"), &[bare]);
        let from_pem = format!("https://pem-{low}.test");
        suite.provider(&format!("pem-{low}"), &from_pem, json!({"public_key": pem}));
        for (issuer, ids) in [
            (&one, &[None, Some(kid)][..]),
            (&nameless, &[None, Some(kid), Some("any"), Some("")]),
            (&from_pem, &[None, Some(kid), Some("any"), Some("../x")]),
        ] {
            for id in ids {
                let header = with(json!({"alg": alg}), json!({"kid": id}));
                let text = suite.signed(alg, kid, &header, &with(suite.claims(), json!({"iss": issuer})));
                suite.pass(format!("{alg}: kid {id:?} at {issuer}"), text);
            }
        }
        let other = if kid == "ed" { ("ES256", "es256") } else { ("EdDSA", "ed") };
        for issuer in [&nameless, &from_pem] {
            let text = suite.signed(
                other.0,
                other.1,
                &suite.header(other.0, other.1),
                &with(suite.claims(), json!({"iss": issuer})),
            );
            suite.refuse(
                format!("{} at {issuer}", other.0),
                text,
                &[portcullis::model::Reason::AlgNotAllowed],
            );
        }
        let text =
            suite.signed(alg, kid, &suite.header(alg, "any"), &with(suite.claims(), json!({"iss": one})));
        suite.refuse(format!("{alg}: another kid at {one}"), text, &[portcullis::model::Reason::KeyUnknown]);
    }
    // No `kid`, and only one of many keys fits.
    for (alg, kid) in &ALGORITHMS[1..] {
        let text = suite.signed(alg, kid, &json!({"alg": alg}), &suite.claims());
        suite.pass(format!("{alg}: no kid, and one key that fits"), text);
    }
}

/// Keys that say what they are for, in every way that they may.
fn declared(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let key = match kid {
            "rsa" => Key::rsa("k", "retired"),
            "ed" => Key::ed("k"),
            _ => Key::ec("k", alg),
        };
        let mut members = vec![
            json!({"use": "sig"}),
            json!({"alg": alg}),
            json!({"use": "sig", "alg": alg, "key_ops": ["verify"]}),
            json!({"key_ops": ["verify", "sign"]}),
            json!({"use": "sig", "key_ops": ["sign", "verify"]}),
            json!({"x5c": ["AAAA"], "x5t": "AAAA", "x5u": "https://elsewhere.test", "nbf": 1, "exp": 2, "ext": true, "x": null}),
            json!({"kid": "k".repeat(256)}),
            json!({"kid": ""}),
            json!({"kid": " a b~!\"\\"}),
        ];
        if kid == "ed" || kid.starts_with("es") {
            // `x` is one of the key's numbers here.
            members[5].as_object_mut().expect("members").remove("x");
        }
        if alg == "EdDSA" {
            members.push(json!({"alg": "Ed25519"}));
        }
        for (i, members) in members.into_iter().enumerate() {
            let jwk = with(key.named_jwk(), members);
            let id = jwk["kid"].as_str().expect("an id").to_owned();
            let issuer = suite.provider_with(&format!("said-{}-{i}", alg.to_lowercase()), &[jwk]);
            let claims = with(suite.claims(), json!({"iss": issuer})).to_string();
            let text = token(suite.header(alg, &id).to_string(), claims, |m| key.sign(alg, m));
            suite.pass(format!("{alg}: a key that says its use, {i}"), text);
        }
    }
}
