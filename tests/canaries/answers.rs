//! One body for every refusal of a class, byte for byte but for the request's id, and nothing in it that the caller
//! did not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::now;
use testkit::token::encode;
use testkit::{Key, client};

use super::stage::Stage;

/// What came back, without what differs with every request.
async fn answer(stage: &Stage, path: &str, header: &str, value: &str) -> (u16, String, BTreeSet<String>) {
    let request = client().get(stage.gateway.url(path)).header(header, value);
    let answer = request.send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let status = answer.status().as_u16();
    let fields: BTreeSet<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    (status, answer.text().await.expect("a body").replace(&id, "ID"), fields)
}

fn bad_tokens(stage: &Stage) -> Vec<String> {
    let forger = Key::new("ES256", "k1");
    let header = stage.key.header("ES256");
    let good = stage.claims();
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        stage.key.token(&header, &claims)
    };
    let of_header = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        stage.key.token_of_text("ES256", &header.to_string(), &good.to_string())
    };
    vec![
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}.", encode("{\"alg\":\"none\"}"), encode("{}")),
        "y".repeat(17_000),
        forger.token(&header, &good),
        of_header("kid", json!("unknown")),
        of_header("alg", json!("HS256")),
        of_header("alg", json!("RS256")),
        of_header("typ", json!("strange")),
        of_header("crit", json!(["exp"])),
        with("iss", json!("https://nobody.test")),
        with("iss", json!(stage.other.url)),
        with("aud", json!("y")),
        with("nbf", json!(now() + 9000)),
        with("exp", json!(now() + 90_000)),
        with("iat", json!("yesterday")),
        with("sub", json!(5)),
    ]
}

#[tokio::test]
async fn every_refusal_of_a_class_has_the_same_body_and_header_fields() {
    let stage = Stage::at("warn").await;
    let last = if stage.keys.good.ends_with('x') { 'y' } else { 'x' };
    let wrong = format!("{}{last}", &stage.keys.good[..48]);
    let keys = [
        &stage.keys.other,
        &stage.keys.expired,
        &stage.keys.revoked,
        &stage.keys.forged,
        &stage.keys.unknown,
        &wrong,
    ];
    let keys: Vec<String> = keys.into_iter().cloned().chain(["x".to_owned(), "pck_".to_owned()]).collect();
    let mut forbidden = vec![
        "corp".to_owned(),
        "alice".to_owned(),
        "jti-1".to_owned(),
        "client-1".to_owned(),
        "\"k1\"".to_owned(),
        stage.issuer.url.clone(),
        stage.other.url.clone(),
        "acme".to_owned(),
        "Good0001".to_owned(),
    ];
    forbidden.extend(
        ["garbling", "gone", "signature", "expired", "revoked", "issuer", "audience", "unknown"]
            .map(str::to_owned),
    );
    for (path, header, prefix, refused) in
        [("/a", "authorization", "Bearer ", bad_tokens(&stage)), ("/k", "x-api-key", "", keys)]
    {
        let mut seen: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let count = refused.len();
        for (i, credential) in refused.iter().enumerate() {
            let came = answer(&stage, path, header, &format!("{prefix}{credential}")).await;
            for word in &forbidden {
                assert!(!format!("{came:?}").contains(word.as_str()), "{word} is in {came:?}");
            }
            seen.entry(came).or_default().push(i);
        }
        assert_eq!(seen.len(), 1, "{path} tells refusals apart: {seen:#?}");
        let (status, _, _) = seen.keys().next().expect("an answer");
        assert_eq!(*status, 401);
        eprintln!("{path}: 1 answer to {count} refusals for different reasons");
    }
}
