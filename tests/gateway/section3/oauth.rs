//! Where the credential stands, whose it is, and whether it is signed: agents with tokens.

use serde_json::json;
use testkit::token::encode;

use super::row::Row;
use super::world::{ABSENT, DEAD_ISSUER, PEM_ISSUER, World};

#[tokio::test]
async fn tokens_are_read_and_their_signers_known_as_the_contract_says() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    [credentials(world), algorithms(world), issuers(world), keys(world), signatures(world)]
        .into_iter()
        .flatten()
        .collect()
}

fn credentials(world: &World) -> Vec<Row> {
    let good = world.good();
    let at_a = |name: &str, reason, value: &str| Row::new(name, "a", reason).header("authorization", value);
    let mut rows = vec![
        Row::new("no agent for this path", "_none", "no_route"),
        Row::new("no agent, whatever is sent", "_none", "no_route").bearer(&good),
        Row::new("no credential", "a", "token_missing"),
        Row::new("a public agent", "public", "ok"),
        Row::new("a public agent looks at nothing", "public", "ok").bearer("x").header("x-api-key", "y"),
        at_a("an empty header", "token_missing", ""),
        at_a("the prefix alone", "token_missing", "Bearer"),
        at_a("the prefix and spaces", "token_missing", "Bearer   "),
        at_a("another scheme", "token_missing", "Basic dXNlcjpwYXNz"),
        at_a("another scheme with a good token", "token_missing", &format!("Token {good}")),
        at_a("the token without a scheme", "token_missing", &good),
        at_a("no space behind the scheme", "token_missing", &format!("Bearer{good}")),
        at_a(
            "two credentials joined by a comma",
            "multiple_tokens",
            &format!("Bearer {good}, Bearer {good}"),
        ),
        at_a("a comma and something", "multiple_tokens", &format!("Bearer {good},x")),
        at_a("a comma at the end", "multiple_tokens", &format!("Bearer {good},")),
        at_a("another scheme, a comma, a token", "multiple_tokens", &format!("Basic x, Bearer {good}")),
        at_a("not ASCII", "token_malformed", &format!("Bearer {good}ä")),
        at_a("a tab in it", "token_malformed", &format!("Bearer {}\t{}", &good[..9], &good[9..])),
        at_a("a space in it", "token_malformed", &format!("Bearer {} {}", &good[..9], &good[9..])),
        Row::new("the same header twice", "a", "multiple_tokens").bearer(&good).bearer(&good),
        Row::new("two headers, two schemes", "a", "multiple_tokens")
            .header("authorization", "Basic x")
            .bearer(&good),
        Row::new("an API key alone", "a", "token_missing").header("x-api-key", "pck_x"),
        Row::new("an API key beside a token", "a", "ok")
            .bearer(&good)
            .header("x-api-key", "pck_x")
            .by("corp"),
        Row::new("a bare token", "bare", "ok").header("x-token", &good).by("corp"),
        Row::new("a scheme where the token is bare", "bare", "token_malformed")
            .header("x-token", format!("Bearer {good}")),
        Row::new("the usual header where another is read", "bare", "token_missing").bearer(&good),
        Row::new("an empty bare token", "bare", "token_missing").header("x-token", ""),
        Row::new("two bare tokens", "bare", "multiple_tokens")
            .header("x-token", &good)
            .header("x-token", &good),
        Row::new("a header and a prefix of one's own", "custom", "ok")
            .header("x-auth", format!("tOKEN  {good}"))
            .by("corp"),
        Row::new("the usual prefix where another is read", "custom", "token_missing")
            .header("x-auth", format!("Bearer {good}")),
        Row::new("bad, with a header of one's own", "custom", "token_malformed").header("x-auth", "Token x"),
    ];
    for scheme in ["Bearer ", "bearer ", "BEARER    ", "bEaReR  "] {
        let value = format!("{scheme}{good}");
        rows.push(at_a(&format!("scheme {scheme:?}"), "ok", &value).by("corp"));
    }
    rows
}

fn algorithms(world: &World) -> Vec<Row> {
    let mut rows = Vec::new();
    for (alg, kid) in [
        ("RS256", "rsa"),
        ("RS384", "rsa"),
        ("RS512", "rsa"),
        ("PS256", "rsa"),
        ("PS384", "rsa"),
        ("PS512", "rsa2"),
        ("ES256", "es256"),
        ("ES384", "es384"),
        ("ES512", "es512"),
        ("EdDSA", "ed"),
        ("Ed25519", "ed"),
    ] {
        let token = world.token(&json!({"alg": alg, "kid": kid}), &json!({}));
        rows.push(Row::new(format!("{alg} passes"), "a", "ok").bearer(token).by("corp"));
    }
    for alg in [
        "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "es256", "rs256", "EDDSA", "Ed448",
        "ES256K", "RS1", "RSA-OAEP", "dir", "", " ES256", ABSENT,
    ] {
        let token = world.token(&json!({"alg": alg}), &json!({}));
        rows.push(Row::new(format!("alg {alg:?}"), "a", "alg_not_allowed").bearer(token));
    }
    let none = world.token(&json!({"alg": "none"}), &json!({}));
    let (unsigned, _) = none.rsplit_once('.').expect("three parts");
    rows.push(Row::new("none without a signature", "a", "alg_not_allowed").bearer(format!("{unsigned}.")));
    for (alg, kid) in
        [("ES256", "rsa"), ("RS256", "es256"), ("ES384", "es256"), ("EdDSA", "es256"), ("ES256", "ed")]
    {
        let token = world.token(&json!({"alg": alg, "kid": kid}), &json!({}));
        let row = Row::new(format!("{alg} with the key {kid}"), "a", "alg_not_allowed");
        rows.push(row.bearer(token).by("corp"));
    }
    let narrow = |header| world.token(&header, &json!({"iss": world.narrow.url}));
    rows.push(
        Row::new("allowed by the provider", "a", "ok").bearer(narrow(json!({"kid": "n-es"}))).by("narrow"),
    );
    rows.push(
        Row::new("not allowed by the provider", "a", "alg_not_allowed")
            .bearer(narrow(json!({"alg": "RS256", "kid": "n-rsa"})))
            .by("narrow"),
    );
    rows
}

fn issuers(world: &World) -> Vec<Row> {
    let url = &world.corp.url;
    let mut rows = vec![
        Row::new("a provider of others", "a", "issuer_not_allowed")
            .bearer(world.token(&json!({"kid": "f-es"}), &json!({"iss": world.foreign.url}))),
        Row::new("a provider that never gave keys", "a", "keys_unavailable")
            .bearer(world.claiming(&json!({"iss": DEAD_ISSUER})))
            .by("dead"),
        Row::new("a provider that never gave keys, no kid", "a", "keys_unavailable")
            .bearer(world.token(&json!({"kid": ABSENT}), &json!({"iss": DEAD_ISSUER})))
            .by("dead"),
    ];
    for iss in [ABSENT.to_owned(), String::new(), format!("{url}/"), url.to_uppercase(), format!(" {url}")] {
        let row = Row::new(format!("iss {iss:?}"), "a", "issuer_unknown");
        rows.push(row.bearer(world.claiming(&json!({"iss": iss}))));
    }
    rows
}

fn keys(world: &World) -> Vec<Row> {
    let token = |header, claims| world.token(&header, &claims);
    let of_pem = |header| {
        world.signed_by(world.key("pem"), &world.header(&header), &world.claims(&json!({"iss": PEM_ISSUER})))
    };
    let row = |name: &str, reason, token: String| Row::new(name, "a", reason).bearer(token).by("corp");
    vec![
        row("no kid, one key fits", "ok", token(json!({"kid": ABSENT}), json!({}))),
        row("no kid, two keys fit", "key_unknown", token(json!({"kid": ABSENT, "alg": "RS256"}), json!({}))),
        row("a kid that nobody has", "key_unknown", token(json!({"kid": "nobody"}), json!({}))),
        row("an empty kid", "key_unknown", token(json!({"kid": ""}), json!({}))),
        row("a kid of another case", "key_unknown", token(json!({"kid": "ES256"}), json!({}))),
        row("a kid of another provider", "key_unknown", token(json!({"kid": "n-es"}), json!({}))),
        row("a key in the header", "key_unknown", {
            let key = world.key("stranger");
            token(json!({"kid": "stranger", "jwk": key.jwk(), "jku": "http://127.0.0.1:9/"}), json!({}))
        }),
        Row::new("a PEM key, no kid", "a", "ok").bearer(of_pem(json!({"kid": ABSENT}))).by("pem"),
        Row::new("a PEM key, any kid", "a", "ok").bearer(of_pem(json!({"kid": "whatever"}))).by("pem"),
        Row::new("a PEM key, another algorithm", "a", "alg_not_allowed")
            .bearer(of_pem(json!({"kid": "whatever", "alg": "ES384"})))
            .by("pem"),
        Row::new("a PEM key, another signer", "a", "signature_invalid")
            .bearer(token(json!({"kid": "es256"}), json!({"iss": PEM_ISSUER})))
            .by("pem"),
    ]
}

fn signatures(world: &World) -> Vec<Row> {
    let good = world.good();
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let raw = world.key("es256").sign("ES256", message.as_bytes());
    let with = |bytes: &[u8]| format!("{message}.{}", encode(bytes));
    let other = world.claiming(&json!({"sub": "mallory"}));
    let (other_message, _) = other.rsplit_once('.').expect("three parts");
    let flipped: Vec<u8> = raw.iter().enumerate().map(|(i, b)| if i == 7 { b ^ 1 } else { *b }).collect();
    let rsa = world.header(&json!({"alg": "RS256", "kid": "rsa"}));
    let by = |kid, header| world.signed_by(world.key(kid), &header, &world.claims(&json!({})));
    let declared = |alg: &str, signed_as: &str| {
        let header = world.header(&json!({"alg": alg, "kid": "rsa"})).to_string();
        world.key("rsa").token_of_text(signed_as, &header, &world.claims(&json!({})).to_string())
    };
    let mut rows = Vec::new();
    for (name, token) in [
        ("other claims under the signature", format!("{other_message}.{signature}")),
        ("one bit of the signature", with(&flipped)),
        ("a byte too few", with(&raw[..63])),
        ("a byte too many", with(&[&raw[..], &[0]].concat())),
        ("zeros", with(&[0; 64])),
        ("an empty signature", format!("{message}.")),
        ("the same algorithm by a stranger", by("stranger", world.header(&json!({})))),
        ("another provider's key under our kid", by("n-es", world.header(&json!({})))),
        ("another key of the same provider", by("rsa2", rsa)),
        ("PS256 that says RS256", declared("RS256", "PS256")),
        ("RS256 that says PS256", declared("PS256", "RS256")),
        ("RS512 that says RS256", declared("RS256", "RS512")),
    ] {
        rows.push(Row::new(name, "a", "signature_invalid").bearer(token).by("corp"));
    }
    rows
}
