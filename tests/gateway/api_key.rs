//! `api-key create`: the form of the key, its check digits, and that what is printed can be pasted.

use std::path::Path;

use testkit::now;
use testkit::{Start, Upstream, client, portcullis};

const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// CRC-32 (IEEE, reflected), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

/// Six digits of base 62, most significant first.
fn base62(number: u32) -> String {
    let digits: Vec<char> = BASE62.chars().collect();
    let mut rest = number as usize;
    let mut out = Vec::new();
    for _ in 0..6 {
        out.push(digits[rest % 62]);
        rest /= 62;
    }
    out.iter().rev().collect()
}

/// The key and the YAML below it.
async fn create(args: &[&str]) -> (String, String) {
    let ran = portcullis(Path::new("/"), &[&["api-key", "create", "--agent", "k"], args].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (key, stored) = ran.out.split_once('\n').expect("a key and what to store");
    (key.to_owned(), stored.to_owned())
}

#[test]
fn the_checksum_of_this_test_is_the_known_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(base62(0), "000000");
}

#[tokio::test]
async fn a_key_has_its_form_and_its_check_digits_and_is_never_the_same_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let (key, stored) = create(&[]).await;
        let parts: Vec<&str> = key.split('_').collect();
        let [prefix, id, rest] = parts.as_slice() else { panic!("{key}") };
        assert_eq!((*prefix, id.len(), rest.len()), ("pck", 8, 36), "{key}");
        assert!(format!("{id}{rest}").chars().all(|c| BASE62.contains(c)), "{key}");
        let (before, check) = key.split_at(key.len() - 6);
        assert_eq!(check, base62(crc32(before.as_bytes())), "{key}");
        assert!(!stored.contains(&key) && !stored.contains(rest), "the YAML holds the hash only");
        assert!(stored.contains(&format!("\n  {id}:\n")), "{stored}");
        assert!(seen.insert(id.to_string()) && seen.insert(rest.to_string()), "{key}");
    }
}

#[tokio::test]
async fn what_is_printed_can_be_pasted_and_the_key_then_works() {
    let upstream = Upstream::start().await;
    let (key, stored) = create(&["--name", "Bob's \"key\": #1 \u{e4}", "--expires", "30d"]).await;
    let (second, _) = create(&[]).await;
    let body = format!(
        "agents:\n  k: {{ route: /k, upstream: \"{0}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n  other: {{ route: /other, upstream: \"{0}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n{stored}",
        upstream.url()
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let mut tampered = key.clone();
    tampered.replace_range(20..21, if &key[20..21] == "a" { "b" } else { "a" });
    for (path, key, status) in
        [("/k", &key, 200), ("/k", &second, 401), ("/k", &tampered, 401), ("/other", &key, 401)]
    {
        let answer =
            client().get(gateway.url(path)).header("x-api-key", key).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path} {key}");
    }
    assert!(upstream.last().all("x-api-key").is_empty(), "the key does not reach the agent");
}

#[tokio::test]
async fn expires_writes_the_time_and_an_expired_key_is_refused() {
    let (_, plain) = create(&[]).await;
    assert!(!plain.contains("expires_at"), "{plain}");
    for (text, seconds) in [("30d", 30 * 86_400), ("12h", 12 * 3600), ("90s", 90)] {
        let (_, stored) = create(&["--expires", text]).await;
        let line = stored.lines().find_map(|line| line.trim().strip_prefix("expires_at: "));
        let at: jiff::Timestamp = line.expect("a time").parse().expect("RFC 3339");
        let wanted = now().cast_signed() + seconds;
        assert!((at.as_second() - wanted).abs() < 10, "{text}: {at}");
    }
    let upstream = Upstream::start().await;
    let (key, stored) = create(&[]).await;
    let body = |extra: &str| {
        format!(
            "agents:\n  k: {{ route: /k, upstream: \"{}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n{}    {extra}\n",
            upstream.url(),
            stored.trim_end().to_owned() + "\n",
        )
    };
    for (extra, reason) in [
        ("expires_at: 2020-01-01T00:00:00Z", "api_key_expired"),
        ("revoked_at: 2020-01-01T00:00:00Z", "api_key_revoked"),
        ("revoked_at: 2999-01-01T00:00:00Z", "ok"),
    ] {
        let gateway = Start { body: &body(extra), ..Start::default() }.ready().await;
        let answer =
            client().get(gateway.url("/k")).header("x-api-key", &key).send().await.expect("an answer");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        assert_eq!(answer.status(), if reason == "ok" { 200 } else { 401 }, "{extra}");
        assert_eq!(gateway.logged(&id).await["auth"]["reason"], reason, "{extra}");
    }
}
