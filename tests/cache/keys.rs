//! Keys that come, go and grow old: a token is known for as long as its provider would have it verified by the same key.

use portcullis::gate::{Evidence, Known, explain};
use portcullis::model::CacheLabel::{Hit, Miss};
use portcullis::model::Reason::{KeyUnknown, KeysUnavailable, Ok, SignatureInvalid};
use portcullis::model::{Instant, Reason, Request};

use testkit::Key;

use super::world::{World, bearer};

#[test]
fn a_withdrawn_key_takes_its_tokens_along_and_brings_them_back() {
    let (one, two, again) = (Key::new("EdDSA", "one"), Key::new("EdDSA", "two"), Key::new("EdDSA", "one"));
    let mut world = World::new(100, &[&one], &[]);
    let token = one.signed(&world.claims("a"));
    // What is published, and the answers to the token.
    let rows: [(&str, &[&Key], Reason); 10] = [
        ("its key alone", &[&one], Ok),
        ("another beside it", &[&one, &two], Ok),
        ("the other alone", &[&two], KeyUnknown),
        ("it comes back", &[&two, &one], Ok),
        ("another key of the same id", &[&again], SignatureInvalid),
        ("both of that id", &[&again, &one], Ok),
        ("the other way round", &[&one, &again], Ok),
        ("the other of that id", &[&again, &two], SignatureInvalid),
        ("its key alone, again", &[&one], Ok),
        ("the other alone, again", &[&two], KeyUnknown),
    ];
    for (name, keys, reason) in rows {
        world.publish("corp", keys);
        for nth in 0..3 {
            assert_eq!(world.ask("desk", &token).0, reason, "{name}, {nth}");
        }
    }
    assert_eq!(world.cached.entries(), 0, "a token without a key is not kept");
    assert_eq!(world.cached.event("insert"), world.cached.event("evict"));
    // An unknown key is asked for, known token or not.
    assert!(world.ask_in("desk", &token, 0, &Evidence::default()).is_none());
}

#[test]
fn other_keys_of_the_provider_cost_no_known_token() {
    let (one, two, three) = (Key::new("EdDSA", "one"), Key::new("EdDSA", "two"), Key::new("EdDSA", "three"));
    let mut world = World::new(100, &[&one], &[]);
    let token = one.signed(&world.claims("a"));
    assert_eq!(world.ask("desk", &token), (Ok, Miss));
    for keys in [&[&one, &two][..], &[&two, &one], &[&three, &one]] {
        world.publish("corp", keys);
        assert_eq!(world.ask("desk", &token), (Ok, Hit));
    }
}

#[test]
fn a_token_that_names_no_key_is_refused_once_two_keys_fit() {
    let (one, two) = (Key::new("EdDSA", "one"), Key::new("EdDSA", "two"));
    let mut world = World::new(100, &[&one], &[]);
    let token = one.signed_as(None, &world.claims("a"));
    for (keys, reason) in [
        (&[&one][..], Ok),
        (&[&one, &two], KeyUnknown),
        (&[&one], Ok),
        (&[&two], SignatureInvalid),
        (&[&one], Ok),
    ] {
        world.publish("corp", keys);
        for _ in 0..2 {
            assert_eq!(world.ask("desk", &token).0, reason, "{} keys", keys.len());
        }
    }
}

#[test]
fn keys_that_are_too_old_verify_no_known_token() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    claims["exp"] = (world.now + 100_000).into();
    let token = key.signed(&claims);
    assert_eq!(world.ask("desk", &token), (Ok, Miss));
    assert_eq!(world.ask("desk", &token), (Ok, Hit));
    assert_eq!(world.ask_at("desk", &token, 3600).0, Ok);
    assert_eq!(world.ask_at("desk", &token, 3601).0, KeysUnavailable);
    world.fail("corp");
    assert_eq!(world.ask("desk", &token).0, Ok, "a failed fetch alone changes nothing");
    assert_eq!(world.ask_at("desk", &token, 3600).0, KeysUnavailable);
    world.now += 4000;
    assert_eq!(world.ask("desk", &token).0, KeysUnavailable);
    world.publish("corp", &[&key]);
    assert_eq!(world.ask("desk", &token).0, Ok);
    assert_eq!(world.ask("desk", &token), (Ok, Hit));
}

#[test]
fn a_known_token_still_marks_its_key_as_used_and_an_explanation_neither_asks_nor_marks() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let token = key.signed(&world.claims("a"));
    world.ask("desk", &token);
    let used =
        |world: &World| world.cached.provider("corp").status(Instant::from_unix(world.now)).keys[0].last_used;
    assert_eq!(used(&world), Some(world.now));
    world.now += 7;
    assert_eq!(world.ask("desk", &token), (Ok, Hit));
    assert_eq!(used(&world), Some(world.now));
    let at = world.now;
    world.now += 7;
    let events = |world: &World| {
        ["hit", "miss", "insert", "evict", "bad_hit", "bad_insert"].map(|e| world.cached.event(e))
    };
    let before = events(&world);
    let told = |gate: &super::world::Gate| {
        explain(
            &gate.agent("desk"),
            &Request::with_headers(&bearer(&token), Instant::from_unix(world.now)),
            Known::default(),
        )
    };
    let (cached, plain) = (told(&world.cached), told(&world.plain));
    assert_eq!(cached, plain);
    assert!(cached.allows() && cached.checks.len() >= 10, "every check is shown: {:#?}", cached.checks);
    assert_eq!((used(&world), events(&world)), (Some(at), before));
}
