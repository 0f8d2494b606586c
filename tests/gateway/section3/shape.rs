//! The form of a token: three parts, strict base64url, sound JSON, members of the right type, nothing critical.

use serde_json::{Value, json};
use testkit::token::encode;

use super::row::Row;
use super::world::{ABSENT, World};

#[tokio::test]
async fn only_a_sound_compact_jws_is_a_token() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    [texts(world), json_texts(world), members(world), types(world), lengths(world)]
        .into_iter()
        .flatten()
        .collect()
}

fn malformed(name: impl Into<String>, token: impl AsRef<str>) -> Row {
    Row::new(name, "a", "token_malformed").bearer(token)
}

fn texts(world: &World) -> Vec<Row> {
    let good = world.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!("three parts") };
    let mut rows = Vec::new();
    for (name, token) in [
        ("one part", (*header).to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("a dot at the end", format!("{good}.")),
        ("a dot at the beginning", format!(".{good}")),
        ("dots alone", "..".to_owned()),
        (
            "five parts, as an encrypted token has",
            format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        ),
        ("an empty header", format!(".{payload}.{signature}")),
        ("an empty payload", format!("{header}..{signature}")),
        ("padding of the signature", format!("{good}==")),
        ("a single padding character", format!("{good}=")),
        ("padding of the payload", format!("{header}.{payload}=.{signature}")),
        ("the other alphabet, plus", format!("{header}.{payload}.+{}", &signature[1..])),
        ("the other alphabet, slash", format!("{header}.{payload}./{}", &signature[1..])),
        ("a character of no alphabet", format!("{header}.{payload}.!{}", &signature[1..])),
        ("one character too many", format!("{good}AAA")),
        ("a percent sign", format!("{header}%2E{payload}.{signature}")),
        ("JSON as it is", "{\"alg\":\"ES256\"}".to_owned()),
        ("quotes around it", format!("\"{good}\"")),
    ] {
        rows.push(malformed(name, token));
    }
    // Of the last character of 64 bytes only the upper two bits count: four of them mean the same to the lenient.
    let last = signature.chars().last().expect("a character");
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).expect("of the alphabet");
    for stray in 1..16 {
        let other = &alphabet[at + stray..=at + stray];
        let token = format!("{}{other}", &good[..good.len() - 1]);
        rows.push(malformed(format!("stray bits {stray} in the signature"), token));
    }
    rows
}

fn json_texts(world: &World) -> Vec<Row> {
    let (header, claims) = (world.header(&json!({})).to_string(), world.claims(&json!({})).to_string());
    let with = |text: &str, more: &str| format!("{},{more}}}", &text[..text.len() - 1]);
    let by = |header: &[u8], claims: &[u8]| world.signed_parts(&encode(header), &encode(claims));
    let (head, body) = (header.as_bytes(), claims.as_bytes());
    let nested = |depth: usize| with(&claims, &format!("\"d\":{}{}", "[".repeat(depth), "]".repeat(depth)));
    let mut rows = vec![
        Row::new("blanks in the JSON are fine", "a", "ok")
            .bearer(by(format!(" {header}\n").as_bytes(), format!("\t{claims} ").as_bytes()))
            .by("corp"),
        Row::new("nesting is fine within bounds", "a", "ok")
            .bearer(by(head, nested(20).as_bytes()))
            .by("corp"),
    ];
    for (name, token) in [
        ("a header that is no JSON", by(b"alg=ES256", body)),
        ("a payload that is no JSON", by(head, b"sub=alice")),
        ("an array for a header", by(format!("[{header}]").as_bytes(), body)),
        ("a text for a header", by(b"\"ES256\"", body)),
        ("null for a header", by(b"null", body)),
        ("an array for a payload", by(head, format!("[{claims}]").as_bytes())),
        ("a number for a payload", by(head, b"1")),
        ("a duplicate in the header", by(with(&header, "\"alg\":\"ES256\"").as_bytes(), body)),
        ("a duplicate in the payload", by(head, with(&claims, "\"sub\":\"bob\"").as_bytes())),
        ("a duplicate in other letters", by(head, with(&claims, "\"s\\u0075b\":\"bob\"").as_bytes())),
        (
            "a duplicate two levels down",
            by(head, with(&claims, "\"x\":{\"y\":{\"z\":1,\"z\":1}}").as_bytes()),
        ),
        ("a duplicate in an array", by(head, with(&claims, "\"x\":[1,{\"z\":1,\"z\":2}]").as_bytes())),
        ("a duplicate deep in the header", by(with(&header, "\"x\":[{\"z\":1,\"z\":2}]").as_bytes(), body)),
        ("something behind the header", by(format!("{header}x").as_bytes(), body)),
        ("something behind the payload", by(head, format!("{claims}{claims}").as_bytes())),
        ("a NUL behind the payload", by(head, format!("{claims}\0").as_bytes())),
        ("a byte order mark", by(head, format!("\u{feff}{claims}").as_bytes())),
        ("a comma too many", by(head, with(&claims, "").as_bytes())),
        ("not a number", by(head, with(&claims, "\"x\":NaN").as_bytes())),
        ("a number out of range", by(head, with(&claims, "\"x\":1e999").as_bytes())),
        ("not UTF-8", by(head, &[&body[..body.len() - 2], b"\xff\"}"].concat())),
        ("half a pair of surrogates", by(head, with(&claims, "\"x\":\"\\ud800\"").as_bytes())),
        ("a comment", by(head, format!("/**/{claims}").as_bytes())),
        ("nested too deeply", by(head, nested(33).as_bytes())),
        ("nested absurdly deeply", by(head, nested(2000).as_bytes())),
    ] {
        rows.push(malformed(name, token));
    }
    rows
}

fn members(world: &World) -> Vec<Row> {
    let mut rows = Vec::new();
    for patch in [
        json!({"iss": 1}),
        json!({"iss": null}),
        json!({"iss": [world.corp.url]}),
        json!({"aud": 1}),
        json!({"aud": [null]}),
        json!({"aud": {}}),
        json!({"aud": ["api://a", 1]}),
        json!({"exp": "9999999999"}),
        json!({"exp": null}),
        json!({"exp": 0}),
        json!({"exp": -1}),
        json!({"exp": 9_007_199_254_740_992_u64}),
        json!({"exp": true}),
        json!({"exp": [9_999_999_999_u64]}),
        json!({"nbf": "1"}),
        json!({"iat": "1"}),
        json!({"iat": []}),
        json!({"sub": 1}),
        json!({"jti": {}}),
        json!({"client_id": false}),
        json!({"scope": ["refunds:read", 1]}),
        json!({"scope": [["refunds:read"]]}),
        json!({"scope": {"refunds:read": true}}),
        json!({"scp": 1}),
        json!({"scp": ["a", 1]}),
        json!({"cnf": "x"}),
        json!({"cnf": [{"jkt": "x"}]}),
    ] {
        rows.push(malformed(format!("claims {patch}"), world.claiming(&patch)));
    }
    for patch in [
        json!({"alg": 1}),
        json!({"alg": null}),
        json!({"alg": ["ES256"]}),
        json!({"kid": 1}),
        json!({"kid": null}),
        json!({"kid": "k".repeat(257)}),
        json!({"kid": "a\nb"}),
        json!({"typ": 1}),
        json!({"typ": null}),
        json!({"b64": false}),
        json!({"b64": "false"}),
        json!({"b64": null}),
        json!({"crit": []}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": ["b64"], "b64": true}),
        json!({"crit": ["exp"]}),
        json!({"crit": null}),
        json!({"crit": "exp"}),
        json!({"crit": ["http://x.test/UNDEFINED"], "http://x.test/UNDEFINED": true}),
    ] {
        rows.push(malformed(format!("header {patch}"), world.token(&patch, &json!({}))));
    }
    for patch in [json!({"b64": true}), json!({"x5t": "x"}), json!({"cty": "x"}), json!({"zip": "DEF"})] {
        let token = world.token(&patch, &json!({}));
        rows.push(Row::new(format!("header {patch} is fine"), "a", "ok").bearer(token).by("corp"));
    }
    rows
}

fn types(world: &World) -> Vec<Row> {
    let row = |typ: &str, reason| {
        let token = world.token(&json!({"typ": typ}), &json!({}));
        Row::new(format!("typ {typ:?}"), "a", reason).bearer(token)
    };
    let good = [
        ABSENT,
        "JWT",
        "jwt",
        "Jwt",
        "at+jwt",
        "AT+JWT",
        "at+JWT",
        "application/jwt",
        "application/at+jwt",
        "Application/AT+JWT",
    ];
    let bad = [
        "",
        " ",
        "JWS",
        "JOSE",
        "dpop+jwt",
        "logout+jwt",
        "id+jwt",
        "secevent+jwt",
        "oauth-id-jag+jwt",
        "token-introspection+jwt",
        "txntoken+jwt",
        "wit+jwt",
        "wpt+jwt",
        "jwt ",
        "application/",
        "application/application/jwt",
        "text/jwt",
        "at-jwt",
        "application/at+jwt; charset=utf-8",
    ];
    let good = good.into_iter().map(|typ| row(typ, "ok").by("corp"));
    good.chain(bad.into_iter().map(|typ| row(typ, "typ_mismatch"))).collect()
}

fn lengths(world: &World) -> Vec<Row> {
    let limit = 16 * 1024;
    let of = |length: usize| of_length(world, length);
    let too_long = |name: &str, token: String| Row::new(name, "a", "token_too_large").bearer(token);
    vec![
        Row::new("as long as may be", "a", "ok").bearer(of(limit)).by("corp"),
        too_long("one byte longer", of(limit + 1)),
        too_long("longer than may be, and no token", "x".repeat(limit + 1)),
        malformed("as long as may be, and no token", "x".repeat(limit)),
    ]
}

/// A good token of exactly this length: what header and payload are padded with is tried out.
fn of_length(world: &World, length: usize) -> String {
    let claims = world.claims(&json!({"pad": ""}));
    let padded = |pad: usize| {
        let mut claims: Value = claims.clone();
        claims["pad"] = "p".repeat(pad).into();
        claims
    };
    let encoded = |text: String| (text.len() * 4).div_ceil(3);
    for extra in 0..4 {
        let header = world.header(&json!({"x": "y".repeat(extra)}));
        let rest = encoded(header.to_string()) + 2 + 86;
        let wanted = length.checked_sub(rest).expect("long enough");
        let about = (wanted * 3 / 4).saturating_sub(claims.to_string().len() + 4);
        for pad in about..about + 12 {
            let claims = padded(pad);
            if encoded(claims.to_string()) == wanted {
                let token = world.signed_by(world.key("es256"), &header, &claims);
                assert_eq!(token.len(), length);
                return token;
            }
        }
    }
    panic!("no token of {length} bytes")
}
