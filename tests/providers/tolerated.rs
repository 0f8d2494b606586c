//! What is strange in a provider's answer and no reason to do without its keys.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{Key, Start, Upstream};

use super::crowd::{self, ALG, Member, call, ready, status, until};
use super::turncoat::{Document, answer};

/// What surrounds the good key.
struct Strange {
    name: &'static str,
    headers: &'static str,
    set: fn(Value) -> Value,
    keys: usize,
}

const fn headers(name: &'static str, headers: &'static str) -> Strange {
    Strange { name, headers, set: |good| json!({"keys": [good]}), keys: 1 }
}

const fn set(name: &'static str, set: fn(Value) -> Value, keys: usize) -> Strange {
    Strange { name, headers: "", set, keys }
}

/// An Ed25519 key whose point is the base point, under this id.
fn other(kid: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY"})
}

fn ten_thousand(good: Value) -> Value {
    let more = (0..9_999).map(|i| other(&format!("k{i}")));
    let all: Vec<Value> = std::iter::once(good).chain(more).collect();
    json!({"keys": all})
}

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key[name] = value;
    key
}

const STRANGE: &[Strange] = &[
    headers("no type", ""),
    headers("text", "Content-Type: text/plain\r\n"),
    headers("a page by its type", "Content-Type: text/html; charset=utf-7\r\n"),
    headers("identity said aloud", "Content-Encoding: identity\r\n"),
    headers("max-age 0", "Cache-Control: max-age=0\r\n"),
    headers("max-age below nought", "Cache-Control: max-age=-1\r\n"),
    headers("max-age beyond numbers", "Cache-Control: max-age=100000000000000000000\r\n"),
    headers("max-age at the end of numbers", "Cache-Control: max-age=18446744073709551615\r\n"),
    headers("no-store", "Cache-Control: no-store, no-cache, must-revalidate\r\n"),
    headers("an ETag without quotes", "ETag: nonsense, W/x\r\n"),
    headers("Retry-After", "Retry-After: 86400\r\n"),
    headers("a cookie", "Set-Cookie: a=b\r\n"),
    set(
        "members that nobody knows",
        |good| json!({"keys": [with(good, "foo", json!({"a": [1]}))], "x": 1}),
        1,
    ),
    set(
        "a shared secret beside it",
        |good| json!({"keys": [{"kty": "oct", "kid": "s", "k": "c2VjcmV0"}, good]}),
        1,
    ),
    set(
        "a private key beside it",
        |good| json!({"keys": [with(other("p"), "d", json!("c2VjcmV0")), good]}),
        1,
    ),
    set("rubbish beside it", |good| json!({"keys": [null, 7, [], {}, {"kty": 7}, good]}), 1),
    set(
        "its id three times",
        |good| {
            let again = other(good["kid"].as_str().unwrap_or_default());
            json!({"keys": [again, good.clone(), good]})
        },
        2,
    ),
    set("ten thousand keys", ten_thousand, 1000),
];

#[tokio::test]
async fn what_is_strange_and_harmless_is_taken() {
    let upstream = Upstream::start().await;
    let mut all = Vec::new();
    for (i, strange) in STRANGE.iter().enumerate() {
        all.push((Member::new(&format!("p{i}")).await, strange));
    }
    let gateway = crowd::gateway(
        &all.iter().map(|(member, _)| member).collect::<Vec<_>>(),
        &upstream,
        Start::default(),
    )
    .await;
    ready(&gateway).await;
    join_all(all.iter().map(|(member, strange)| {
        let gateway = &gateway;
        async move {
            let (name, fresh) = (&member.name, Key::new(ALG, "fresh"));
            let (old, new) = (member.token(), member.token_of(&fresh));
            assert_eq!(call(gateway, name, &old).await, 200, "{}", strange.name);
            let body = (strange.set)(fresh.jwk()).to_string();
            member.provider.play(Document::Keys, answer("200 OK", strange.headers, &body));
            until(gateway, name, &new, 200, Duration::from_secs(20)).await;
            until(gateway, name, &old, 401, Duration::from_secs(5)).await;
            let said = status(gateway, name).await;
            assert_eq!(said["last_error"], Value::Null, "{}: {said}", strange.name);
            assert_eq!(said["keys"].as_array().map(Vec::len), Some(strange.keys), "{}", strange.name);
            // Whatever it says of its age, it is asked again each second.
            let before = member.provider.asked_for_keys();
            testkit::eventually("it is asked again", Duration::from_secs(5), async || {
                (member.provider.asked_for_keys() >= before + 2).then_some(())
            })
            .await;
        }
    }))
    .await;
    let log = gateway.stderr();
    assert!(log.iter().all(|line| !line.contains("c2VjcmV0")), "no secret of a provider is written");
    let alarms = log.iter().filter(|line| line.contains("publishes a secret")).count();
    assert!(alarms >= 2, "a published secret is an alarm: {alarms}");
    assert!(log.iter().all(|line| line.len() < 16_000), "a large set does not make large lines");
    eprintln!("{} strange answers: 0 refused", STRANGE.len());
}
