//! What a token is, and when: nothing but the whole token is known, and its times are looked at with each request.

use portcullis::model::CacheLabel::{Hit, Miss};
use portcullis::model::Reason::{NotYetValid, Ok, SignatureInvalid, TokenExpired, TokenMalformed};
use serde_json::json;

use testkit::Key;
use testkit::token::{encode, forged, halves};

use super::world::World;

/// A name, claims, and what is decided so many seconds later.
type Row = (&'static str, serde_json::Value, &'static [(i64, portcullis::model::Reason)]);

#[test]
fn the_times_of_a_known_token_are_looked_at_with_each_request() {
    let key = Key::new("EdDSA", "k");
    let world = World::new(100, &[&key], &[]);
    let now = world.now;
    // Leeway is 30 s. What changes in the claims, and the answers after so many seconds, in this order.
    let rows: [Row; 5] = [
        (
            "exp",
            json!({"exp": now + 60}),
            &[
                (0, Ok),
                (0, Ok),
                (60, Ok),
                (89, Ok),
                (90, TokenExpired),
                (600, TokenExpired),
                (89, Ok),
                (0, Ok),
            ],
        ),
        (
            "exp with a fraction",
            json!({"exp": now as f64 + 0.5}),
            &[(0, Ok), (30, Ok), (31, TokenExpired), (30, Ok)],
        ),
        (
            "nbf",
            json!({"nbf": now + 60}),
            &[
                (0, NotYetValid),
                (29, NotYetValid),
                (30, Ok),
                (30, Ok),
                (100, Ok),
                (29, NotYetValid),
                (0, NotYetValid),
                (31, Ok),
            ],
        ),
        (
            "iat",
            json!({"iat": now + 60}),
            &[(29, NotYetValid), (30, Ok), (31, Ok), (29, NotYetValid), (-60, NotYetValid)],
        ),
        (
            "nbf after exp",
            json!({"nbf": now + 60, "exp": now + 1}),
            &[(0, NotYetValid), (30, Ok), (31, TokenExpired), (30, Ok), (29, NotYetValid)],
        ),
    ];
    for (name, change, answers) in rows {
        let mut claims = world.claims(name);
        for (claim, value) in change.as_object().expect("claims") {
            claims[claim] = value.clone();
        }
        let token = key.signed(&claims);
        for (after, reason) in answers {
            assert_eq!(world.ask_at("desk", &token, *after).0, *reason, "{name} after {after} s");
        }
    }
    assert_eq!(world.cached.event("evict"), 0);
    assert!(world.cached.event("hit") >= 8, "they were known: {}", world.cached.event("hit"));
}

/// Two tokens that have a part in common, in either order.
#[test]
fn nothing_but_the_whole_token_is_known() {
    let (key, stranger) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "k"));
    let world = World::new(100, &[&key], &[]);
    let mut count = 0;
    let mut token = |sub: &str| {
        count += 1;
        key.signed(&world.claims(&format!("{sub}-{count}")))
    };
    type Twin<'a> = (&'a str, String, String, portcullis::model::Reason);
    let mut rows: Vec<Twin<'_>> = Vec::new();
    for order in ["first", "second"] {
        let good = token(order);
        let (signed, signature) = halves(&good);
        let (header, payload) = signed.split_once('.').expect("two parts");
        let other = token("mallory");
        let (other_signed, other_signature) = halves(&other);
        let other_payload = other_signed.split_once('.').expect("two parts").1;
        let claims = world.claims(&format!("{order}-twin"));
        // The last character of 64 bytes carries four stray bits.
        let (head, last) = good.split_at(good.len() - 1);
        let stray = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = stray.find(last).expect("base64url");
        let stray = &stray[at + 1..at + 2];
        for (name, bad, reason) in [
            ("one bit of the signature", forged(&good, 0), SignatureInvalid),
            ("the signature of another", format!("{signed}.{other_signature}"), SignatureInvalid),
            ("the payload of another", format!("{header}.{other_payload}.{signature}"), SignatureInvalid),
            (
                "another header",
                format!("{}.{payload}.{signature}", encode(r#"{"kid":"k","alg":"EdDSA","typ":"JWT"}"#)),
                SignatureInvalid,
            ),
            ("no signature", format!("{signed}."), SignatureInvalid),
            ("a cut signature", good[..good.len() - 2].to_owned(), SignatureInvalid),
            ("stray bits in the last character", format!("{head}{stray}"), TokenMalformed),
            ("padding", format!("{good}=="), TokenMalformed),
            ("a part more", format!("{good}.{payload}"), TokenMalformed),
        ] {
            rows.push((name, good.clone(), bad, reason));
        }
        rows.push(("of another key", key.signed(&claims), stranger.signed(&claims), SignatureInvalid));
    }
    let per_order = rows.len() / 2;
    for (nth, (name, good, bad, reason)) in rows.iter().enumerate() {
        let good_first = nth < per_order;
        for round in 0..3 {
            if good_first {
                assert_eq!(world.ask("desk", good).0, Ok, "{name}, {round}");
            }
            assert_eq!(world.ask("desk", bad).0, *reason, "{name}, {round}");
            assert_eq!(world.ask("desk", good).0, Ok, "{name}, {round}");
            assert_eq!(world.ask("desk", bad).0, *reason, "{name}, {round}");
        }
    }
    eprintln!("{} pairs, 3 rounds each", rows.len());
}

#[test]
fn a_forged_token_is_refused_each_time_for_what_is_wrong_with_it_then() {
    let (key, mallory) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "k"));
    let mut world = World::new(100, &[&key], &[]);
    let bad = mallory.signed(&world.claims("mallory"));
    assert_eq!(world.ask("desk", &bad), (SignatureInvalid, Miss));
    for _ in 0..3 {
        assert_eq!(world.ask("desk", &bad), (SignatureInvalid, Hit));
    }
    assert_eq!((world.cached.event("bad_insert"), world.cached.event("bad_hit")), (1, 3));
    assert_eq!(world.ask_at("desk", &bad, 269).0, SignatureInvalid);
    assert_eq!(world.ask_at("desk", &bad, 270).0, TokenExpired);
    assert_eq!(world.ask("till", &bad).0, portcullis::model::Reason::AudienceMismatch);
    assert_eq!(world.ask("other", &bad).0, portcullis::model::Reason::IssuerNotAllowed);
    assert_eq!(world.ask("desk", &bad), (SignatureInvalid, Hit));
    // Now its maker becomes the provider.
    world.publish("corp", &[&mallory]);
    assert_eq!(world.ask("desk", &bad), (Ok, Miss));
    assert_eq!(world.ask("desk", &bad), (Ok, Hit));
    world.publish("corp", &[&key]);
    assert_eq!(world.ask("desk", &bad), (SignatureInvalid, Miss));
    assert_eq!(world.ask("desk", &bad), (SignatureInvalid, Hit));
    assert_eq!(world.cached.entries(), 0);
}
