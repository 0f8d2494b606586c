//! API keys, made here by the contract's grammar and not by the product.

use serde_json::{Value, json};

use super::row::Row;
use super::world::World;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The key with this id and this secret letter, with the check digits that it needs.
pub(crate) fn key(id: &str, secret: char) -> String {
    let body = format!("pck_{id}_{}", secret.to_string().repeat(30));
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut check = Vec::new();
    for _ in 0..6 {
        check.insert(0, char::from(ALPHABET[rest % 62]));
        rest /= 62;
    }
    body + &check.into_iter().collect::<String>()
}

pub(crate) fn sha256(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `api_keys` of the configuration.
pub(super) fn stored(now: u64) -> Value {
    let at = |seconds: u64| {
        jiff::Timestamp::from_second(i64::try_from(seconds).expect("a time")).expect("a time").to_string()
    };
    let entry = |id: &str, agent: &str, more: Value| {
        let mut entry = json!({"agent": agent, "name": format!("key {id}"), "sha256": sha256(&key(id, 's'))});
        for (name, value) in more.as_object().expect("an object") {
            entry[name] = value.clone();
        }
        (id.to_owned(), entry)
    };
    Value::Object(
        [
            entry("Good0001", "keyed", json!({})),
            entry("Good0002", "keyed", json!({"expires_at": at(now + 3600), "revoked_at": at(now + 3600)})),
            entry("Bearer01", "keyed-bearer", json!({})),
            entry("Other001", "keyed-other", json!({})),
            entry("Expired1", "keyed", json!({"expires_at": at(now - 60)})),
            entry("Revoked1", "keyed", json!({"revoked_at": at(now - 60)})),
            entry("Revoked2", "keyed", json!({"revoked_at": at(now - 60), "expires_at": at(now + 3600)})),
        ]
        .into_iter()
        .collect(),
    )
}

#[tokio::test]
async fn api_keys_are_judged_as_the_contract_says() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    let good = key("Good0001", 's');
    let row = |name: &str, reason, value: &str| Row::new(name, "keyed", reason).header("x-api-key", value);
    let bad_check = {
        let last = if good.ends_with('0') { '1' } else { '0' };
        format!("{}{last}", &good[..good.len() - 1])
    };
    vec![
        Row::new("no key", "keyed", "api_key_missing"),
        row("an empty key", "api_key_missing", ""),
        row("a good key", "ok", &good).key(Some("Good0001")),
        row("a key that ends later", "ok", &key("Good0002", 's')),
        row("bad check digits", "api_key_invalid", &bad_check),
        row("another secret", "api_key_invalid", &key("Good0001", 't')).key(None),
        row("an unknown id", "api_key_invalid", &key("Nobody01", 's')).key(None),
        row("another agent's key", "api_key_invalid", &key("Other001", 's')).key(None),
        row("no key at all by its form", "api_key_invalid", "hunter2"),
        row("the prefix of a key", "api_key_invalid", "pck_Good0001_"),
        row("a scheme before it", "api_key_invalid", &format!("Bearer {good}")),
        row("in lower case", "api_key_invalid", &good.to_lowercase()),
        row("something behind it", "api_key_invalid", &format!("{good}0")),
        row("not ASCII", "api_key_invalid", &format!("{good}ä")),
        row("expired", "api_key_expired", &key("Expired1", 's')).key(Some("Expired1")),
        row("expired, and another secret", "api_key_invalid", &key("Expired1", 't')).key(None),
        row("revoked", "api_key_revoked", &key("Revoked1", 's')).key(Some("Revoked1")),
        row("revoked before its end", "api_key_revoked", &key("Revoked2", 's')).key(Some("Revoked2")),
        row("the same header twice", "multiple_tokens", &good).header("x-api-key", &good),
        row("two keys joined by a comma", "multiple_tokens", &format!("{good}, {good}")),
        Row::new("a token alone", "keyed", "api_key_missing").bearer(world.good()),
        row("a token beside a good key", "ok", &good).bearer(world.good()),
        Row::new("the key as a bearer token", "keyed", "api_key_missing").bearer(&good),
        Row::new("as a bearer token", "keyed-bearer", "ok")
            .bearer(key("Bearer01", 's'))
            .key(Some("Bearer01")),
        Row::new("the scheme in other letters", "keyed-bearer", "ok")
            .header("authorization", format!("bEARER  {}", key("Bearer01", 's'))),
        Row::new("the bare key where a scheme is wanted", "keyed-bearer", "api_key_missing")
            .header("authorization", key("Bearer01", 's')),
        Row::new("another scheme", "keyed-bearer", "api_key_missing").header("authorization", "Basic dTpw"),
        Row::new("two keys", "keyed-bearer", "multiple_tokens")
            .header("authorization", format!("Bearer {0}, Bearer {0}", key("Bearer01", 's'))),
        Row::new("a token where a key is wanted", "keyed-bearer", "api_key_invalid").bearer(world.good()),
        Row::new("a header of one's own", "keyed-other", "ok").header("x-other-key", key("Other001", 's')),
        Row::new("the usual header where another is read", "keyed-other", "api_key_missing")
            .header("x-api-key", key("Other001", 's')),
    ]
}
