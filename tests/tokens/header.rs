//! What a header says of its own key, critical extensions, `kid` and `typ` (RFC 7515 section 4.1, RFC 7797).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use portcullis::model::Reason::{self, KeyUnknown, SignatureInvalid, TokenMalformed, TypMismatch};
use serde_json::{Value, json};

use super::key::{ALGORITHMS, KINDS, Key, token, with};
use super::suite::Suite;
use testkit::token::encode;

pub(crate) fn add(suite: &mut Suite) {
    own_keys(suite);
    ill_typed(suite);
    critical(suite);
    key_ids(suite);
    types(suite);
}

/// A stranger signs, and the header says where its key is.
fn own_keys(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        let stranger = match kid {
            "rsa" => Key::rsa("rsa", "retired"),
            "ed" => Key::ed("ed"),
            _ => Key::ec(kid, alg),
        };
        let certificate = super::key_sets::certificate_like(&stranger.spki());
        let standard = {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(&certificate)
        };
        let mut made: Vec<(String, String, &'static [Reason])> = Vec::new();
        for (name, members) in [
            ("nothing", json!({})),
            ("jwk", json!({"jwk": stranger.jwk()})),
            ("jwk with the id", json!({"jwk": stranger.named_jwk()})),
            ("jwk with d", json!({"jwk": with(stranger.jwk(), json!({"d": "AQAB"}))})),
            ("jwks", json!({"jwks": {"keys": [stranger.named_jwk()]}})),
            ("jku", json!({"jku": "http://127.0.0.1:1/jwks"})),
            ("jku of the issuer", json!({"jku": "https://corp.test/realms/a/jwks"})),
            ("jku in a file", json!({"jku": "file:///dev/stdin"})),
            ("x5u", json!({"x5u": "http://127.0.0.1:1/cert.pem"})),
            ("x5c", json!({"x5c": [standard]})),
            ("x5t", json!({"x5t": encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate))})),
            ("x5t#S256", json!({"x5t#S256": encode(digest(&SHA256, &certificate))})),
            (
                "all of them",
                json!({"jwk": stranger.jwk(), "jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/cert.pem", "x5c": [standard]}),
            ),
        ] {
            for (id, wanted) in [
                (Some(kid), &[SignatureInvalid][..]),
                (Some("mine"), &[KeyUnknown]),
                (None, &[SignatureInvalid, KeyUnknown]),
            ] {
                let header = with(with(suite.header(alg, kid), json!({"kid": id})), members.clone());
                let text = token(header.to_string(), suite.claims().to_string(), |m| stranger.sign(alg, m));
                made.push((format!("{alg}: a stranger's key with {name}, kid {id:?}"), text, wanted));
            }
        }
        for (name, text, wanted) in made {
            suite.refuse(name, text, wanted);
        }
    }
}

/// Members that are never used and yet have a type (RFC 7515 section 4.1), in tokens that are rightly signed.
fn ill_typed(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        let key = suite.key(kid);
        let mut made = Vec::new();
        for name in ["jku", "x5u", "x5t", "x5t#S256", "cty", "jwk", "x5c"] {
            for value in ["1", "null", "true", "\"x\"", "{}", "[]", "[\"x\"]", "[1]", "[null]"] {
                let right = match name {
                    "jwk" => value == "{}",
                    "x5c" => ["[]", "[\"x\"]"].contains(&value),
                    _ => value == "\"x\"",
                };
                let header =
                    suite.header(alg, kid).to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
                let text = token(header, suite.claims().to_string(), |m| key.sign(alg, m));
                made.push((format!("{alg}: {name} {value}"), text, right));
            }
        }
        for (name, text, right) in made {
            if right { suite.pass(name, text) } else { suite.refuse(name, text, &[TokenMalformed]) }
        }
    }
}

fn critical(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let key = suite.key(kid);
        let claims = suite.claims().to_string();
        let mut made = Vec::new();
        // Written by hand, since `with` takes null for absence.
        for member in [
            r#""crit":[]"#,
            r#""crit":["exp"],"exp":1"#,
            r#""crit":["exp"]"#,
            r#""crit":["b64"],"b64":true"#,
            r#""crit":["b64"],"b64":false"#,
            r#""b64":false"#,
            r#""b64":false,"crit":[]"#,
            r#""b64":"false""#,
            r#""b64":0"#,
            r#""b64":null"#,
            r#""crit":null"#,
            r#""crit":"exp""#,
            r#""crit":{}"#,
            r#""crit":true"#,
            r#""crit":0"#,
            r#""crit":["alg"]"#,
            r#""crit":["kid","typ"]"#,
            r#""crit":[1]"#,
            r#""crit":[""]"#,
            r#""crit":["http://example.com/x"],"http://example.com/x":1"#,
            r#""crit":["crit"]"#,
            r#""cr\u0069t":["x"],"x":1"#,
            r#""crit":["exp","exp"],"exp":1"#,
        ] {
            let header = suite.header(alg, kid).to_string().replacen('{', &format!("{{{member},"), 1);
            made.push((format!("{alg}: {member}"), token(header, &claims, |m| key.sign(alg, m))));
        }
        // The payload as it is, which is what `b64: false` would mean.
        let header = with(suite.header(alg, kid), json!({"b64": false, "crit": ["b64"]})).to_string();
        let plain = format!("{}.{claims}", encode(&header));
        let signature = key.sign(alg, plain.as_bytes());
        made.push((
            format!("{alg}: unencoded, signed plain"),
            format!("{}.{}.{}", encode(&header), encode(&claims), encode(&signature)),
        ));
        made.push((
            format!("{alg}: unencoded and detached"),
            format!("{}..{}", encode(&header), encode(&signature)),
        ));
        for (name, text) in made {
            suite.refuse(name, text, &[TokenMalformed]);
        }
    }
}

fn key_ids(suite: &mut Suite) {
    let long = "k".repeat(257);
    let longest = "k".repeat(256);
    let strange = [
        "gone",
        "",
        " ",
        "RSA",
        "rsa ",
        " rsa",
        "Es256",
        "0",
        "null",
        "undefined",
        "*",
        "%",
        ".*",
        "rsa/",
        "./rsa",
        "rsa%00",
        "/dev/null",
        "../../../../dev/null",
        "..\\..\\windows\\win.ini",
        "file:///dev/null",
        "http://127.0.0.1:1/key",
        "' OR '1'='1",
        "x' UNION SELECT 'secret';--",
        "; sleep 9",
        "$(id)",
        "`id`",
        "${jndi:ldap://127.0.0.1/a}",
        "{{7*7}}",
        "<script>",
        "rsa,es256",
        "[\"rsa\"]",
        "__proto__",
        "constructor",
        "rsa-rs256 ",
        &longest,
    ];
    for (alg, kid) in KINDS {
        let mut made: Vec<(String, String, &'static [Reason])> = Vec::new();
        let key = suite.key(kid);
        for id in strange {
            let text =
                token(suite.header(alg, id).to_string(), suite.claims().to_string(), |m| key.sign(alg, m));
            made.push((format!("{alg}: kid {id:?}"), text, &[KeyUnknown]));
        }
        for id in [
            "1",
            "null",
            "true",
            "[]",
            "{}",
            "[\"rsa\"]",
            "0.5",
            &format!("\"{long}\""),
            "\"rsa\\u0000\"",
            "\"rsa\\n\"",
            "\"\\u0000\"",
            "\"\\u001b[2J\"",
            "\"\\u007f\"",
            "\"schl\\u00fcssel\"",
            "\"\u{ff52}sa\"",
            "\"rs\\u200ba\"",
            "\"\\ud83d\\ude00\"",
        ] {
            let header = format!(r#"{{"alg":"{alg}","kid":{id},"typ":"JWT"}}"#);
            let text = token(header, suite.claims().to_string(), |m| key.sign(alg, m));
            made.push((format!("{alg}: kid {id}"), text, &[TokenMalformed]));
        }
        for name in ["Kid", "KID", "key_id", "kid "] {
            let header = with(with(suite.header(alg, kid), json!({"kid": null})), json!({name: kid}));
            let text = token(header.to_string(), suite.claims().to_string(), |m| key.sign("RS256", m));
            if kid == "rsa" {
                made.push((
                    format!("{alg}: the member {name:?}, and two keys that fit"),
                    text,
                    if alg == "RS256" { &[KeyUnknown] } else { &[SignatureInvalid] },
                ));
            }
        }
        for (name, text, wanted) in made {
            suite.refuse(name, text, wanted);
        }
    }
}

fn types(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        let key = suite.key(kid);
        let mut made: Vec<(String, String, &'static [Reason])> = Vec::new();
        for typ in [
            "",
            " ",
            "JWS",
            "JOSE",
            "JOSE+JSON",
            "jose",
            "JWE",
            "JWT ",
            " JWT",
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "oauth-id-jag+jwt",
            "txntoken+jwt",
            "wit+jwt",
            "wpt+jwt",
            "oauth-authz-req+jwt",
            "token-introspection+jwt",
            "id+jwt",
            "vc+sd-jwt",
            "dc+sd-jwt",
            "kb+jwt",
            "jwk-set+jwt",
            "entity-statement+jwt",
            "openid4vci-proof+jwt",
            "client-authentication+jwt",
            "at+jwt; v=1",
            "at jwt",
            "at-jwt",
            "application/",
            "application/at+jwt ",
            "application/application/jwt",
            "text/jwt",
            "APPLICATION /JWT",
            "JWT/JWT",
            "Bearer",
            "access_token",
            "J\u{17f}WT",
            "\u{ff2a}WT",
        ] {
            let text = token(
                with(suite.header(alg, kid), json!({"typ": typ})).to_string(),
                suite.claims().to_string(),
                |m| key.sign(alg, m),
            );
            made.push((format!("{alg}: typ {typ:?}"), text, &[TypMismatch]));
        }
        for typ in ["1", "null", "true", "[\"JWT\"]", "{}"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":{typ}}}"#);
            made.push((
                format!("{alg}: typ {typ}"),
                token(header, suite.claims().to_string(), |m| key.sign(alg, m)),
                &[TokenMalformed],
            ));
        }
        for (name, text, wanted) in made {
            suite.refuse(name, text, wanted);
        }
    }
    for typ in [Value::from("dpop+jwt"), Value::from("logout+jwt")] {
        let header = with(suite.header("Ed25519", "ed"), json!({"typ": typ}));
        let text = suite.signed("EdDSA", "ed", &header, &suite.claims());
        suite.refuse(format!("Ed25519: typ {typ}"), text, &[TypMismatch]);
    }
}
