//! What callers can make the cache hold, and drive out of it.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use portcullis::authz::{SignedAssertion, Silent};
use portcullis::gate::{Evidence, Step, decide};
use portcullis::model::CacheLabel::{self, Hit, Miss, Off};
use portcullis::model::Reason::{self, Ok, SignatureInvalid};
use portcullis::model::{Instant, Request};
use portcullis::routing::Agent;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use testkit::Key;
use testkit::token::forged;

use super::MEMORY;
use super::world::{START, World, answer, bearer};

const MIB: usize = 1 << 20;

fn ask(agent: &Arc<Agent>, headers: &HeaderMap) -> (Reason, CacheLabel) {
    let (seen, label) = answer(agent, headers, START + 2, &Evidence::unavailable()).expect("a decision");
    (seen.reason, label)
}

#[test]
fn forged_tokens_drive_out_no_good_one() {
    const FORGED: u64 = 20_000;
    let key = Key::new("EdDSA", "k");
    let world = World::new(64, &[&key], &[]);
    let agent = world.cached.agent("desk");
    let good: Vec<_> = (0..8).map(|nth| bearer(&key.signed(&world.claims(&format!("{nth}"))))).collect();
    for headers in &good {
        assert_eq!(ask(&agent, headers), (Ok, Miss));
    }
    let template = key.signed(&world.claims("mallory"));
    let mut asked = 0;
    for nth in 0..FORGED {
        let headers = bearer(&forged(&template, nth));
        assert_eq!(ask(&agent, &headers), (SignatureInvalid, Miss), "{nth}");
        if nth % 500 == 0 {
            // A thread of its own has nothing in front of the cache.
            let (agent, good) = (Arc::clone(&agent), good.clone());
            let labels = std::thread::spawn(move || {
                good.iter().map(|headers| ask(&agent, headers)).collect::<Vec<_>>()
            });
            assert_eq!(labels.join().expect("it ends"), [(Ok, Hit); 8], "after {nth}");
            asked += 8;
        }
    }
    eprintln!("{FORGED} forged tokens, {asked} good ones between them, 0 of these unknown");
    let counts = ["insert", "evict", "bad_insert"].map(|event| world.cached.event(event));
    assert_eq!((counts, world.cached.entries()), ([8, 0, FORGED], 8));
}

/// What a token of 16 KiB can hold.
fn many_audiences(world: &World, name: &str) -> Value {
    let mut claims = world.claims(name);
    claims["aud"] = std::iter::once("api://desk").chain(std::iter::repeat_n("a", 2900)).collect();
    claims
}

#[test]
fn forged_tokens_hold_little_memory_however_they_are_made() {
    const FORGED: u64 = 400;
    let key = Key::new("EdDSA", "k");
    let world = World::new(100_000, &[&key], &[]);
    let agent = world.cached.agent("desk");
    let template = key.signed(&many_audiences(&world, "mallory"));
    assert!((12_000..16_384).contains(&template.len()), "{}", template.len());
    let before = MEMORY.current_usage();
    for nth in 0..FORGED {
        assert_eq!(ask(&agent, &bearer(&forged(&template, nth))), (SignatureInvalid, Miss));
    }
    let held = MEMORY.current_usage().saturating_sub(before);
    eprintln!("{FORGED} forged tokens of 16 KiB: {held} bytes are held");
    assert!(held < 8 * MIB, "{held} bytes");
}

#[test]
fn good_tokens_fill_the_cache_and_no_more() {
    let key = Key::new("EdDSA", "k");
    // How many entries are allowed, how many tokens come, how many audiences each has, and how many may be held then.
    for (entries, tokens, large, most) in
        [(1000, 3000, false, 1000), (1000, 400, true, 60), (1, 300, false, 1), (16, 300, false, 16)]
    {
        let world = World::new(entries, &[&key], &[]);
        let agent = world.cached.agent("desk");
        let before = MEMORY.current_usage();
        for nth in 0..tokens {
            let name = format!("{nth}");
            let claims = if large { many_audiences(&world, &name) } else { world.claims(&name) };
            assert_eq!(ask(&agent, &bearer(&key.signed(&claims))), (Ok, Miss));
            assert!(world.cached.entries() <= most || nth % 50 != 0, "after {nth}");
        }
        // The thread's own 64 come on top.
        let held = MEMORY.current_usage().saturating_sub(before);
        let allowed = entries * 2048 + 64 * if large { 90 * 1024 } else { 2048 } + MIB / 2;
        let (inserted, evicted) = (world.cached.event("insert"), world.cached.event("evict"));
        eprintln!(
            "{entries} entries, {tokens} tokens: {} are held, {held} of {allowed} bytes",
            world.cached.entries()
        );
        assert!(held <= allowed, "{entries} entries: {held} of {allowed} bytes");
        assert_eq!((inserted, inserted - evicted), (tokens, world.cached.entries()));
        assert!(world.cached.entries() <= most, "{} of {most}", world.cached.entries());
    }
}

/// Admits a caller, and keeps an assertion as one that was signed.
fn tell(agent: &Arc<Agent>, headers: &HeaderMap) {
    let now = Instant::from_unix(START + 2);
    let request = Request::with_headers(headers, now);
    let Step::Decided(verdict) = decide(agent, &request, &Evidence::unavailable(), &mut Silent) else {
        panic!("a decision");
    };
    let permit = verdict.permit.expect("a way on");
    let asserted = permit.asserted().expect("the agent is told of its callers");
    let claims = asserted.at(now, std::time::Duration::from_secs(60), &"0".repeat(32));
    // Its head names the algorithm and the key, and its signature has 64 bytes, all in base64url.
    let value = HeaderValue::from_str(&"a".repeat(120 + claims.text.len() * 4 / 3 + 88)).expect("a value");
    asserted.keep(SignedAssertion { value, key: [1; 32], from: claims.from, until: claims.until });
}

#[test]
fn tokens_of_callers_that_an_agent_is_told_of_fill_the_cache_sooner() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(1000, &[&key], &[]);
    world.body["server"]["public_url"] = json!("https://gate.example");
    world.body["agents"]["desk"]["assertion"] = json!({"audience": "urn:desk"});
    world.configure();
    let agent = world.cached.agent("desk");
    let before = MEMORY.current_usage();
    for nth in 0..3000 {
        tell(&agent, &bearer(&key.signed(&world.claims(&format!("{nth}")))));
    }
    let held = MEMORY.current_usage().saturating_sub(before);
    let allowed = (1000 + 64) * 2048 + MIB / 2;
    eprintln!("{} tokens and assertions are held, {held} of {allowed} bytes", world.cached.entries());
    assert!(held <= allowed, "{held} of {allowed} bytes");
    let entries = world.cached.entries();
    // As many as would fit without assertions, but for the weight of these.
    assert!((600..=900).contains(&entries), "{entries} are held where 1000 without assertions are");
}

/// Distinct tokens and entries: a million in `make soak`.
fn tokens_and_entries() -> (u64, usize) {
    if std::env::var_os("PORTCULLIS_LONG").is_some() { (1_000_000, 100_000) } else { (6_000, 600) }
}

#[test]
fn ten_times_more_tokens_than_entries_hold_what_the_entries_may_and_a_tenth_is_known() {
    let (tokens, entries) = tokens_and_entries();
    let key = Key::new("EdDSA", "k");
    let world = World::new(entries, &[&key], &[]);
    let agent = world.cached.agent("desk");
    // A token is made again where it is sent again: Ed25519 signs a text in one way.
    let send = |nth: u64| ask(&agent, &bearer(&key.signed(&world.claims(&format!("{nth}")))));
    let before = MEMORY.current_usage();
    let allowed = (entries + 64) * 2048 + MIB / 2;
    for nth in 0..tokens {
        assert_eq!(send(nth), (Ok, Miss), "{nth}");
        if nth % (tokens / 20) == 0 {
            let held = MEMORY.current_usage().saturating_sub(before);
            assert!(held <= allowed, "{held} of {allowed} bytes after {nth}");
        }
    }
    let held = MEMORY.current_usage().saturating_sub(before);
    // All of them again and again, in an order without a pattern: as likely one that is held as another.
    let mut rng = StdRng::seed_from_u64(14);
    let (mut hits, draws) = (0, tokens / 2);
    for _ in 0..draws {
        let (reason, label) = send(rng.random_range(0..tokens));
        assert_eq!(reason, Ok);
        hits += u64::from(label == Hit);
    }
    let (rate, wanted) = (hits as f64 / draws as f64, entries as f64 / tokens as f64);
    eprintln!(
        "{tokens} tokens, {entries} entries: {} held in {held} of {allowed} bytes, {hits} hits of {draws}",
        world.cached.entries()
    );
    assert!(held <= allowed, "{held} of {allowed} bytes");
    assert!(world.cached.entries() <= entries as u64, "{} of {entries}", world.cached.entries());
    assert!((wanted * 0.8..wanted * 1.2).contains(&rate), "a hit rate of {rate}, and not of {wanted}");
}

#[test]
fn a_cache_of_no_entries_is_off() {
    let key = Key::new("EdDSA", "k");
    let world = World::new(0, &[&key], &[]);
    let (good, bad) = (key.signed(&world.claims("a")), forged(&key.signed(&world.claims("b")), 0));
    for _ in 0..3 {
        assert_eq!(world.ask("desk", &good), (Ok, Off));
        assert_eq!(world.ask("desk", &bad), (SignatureInvalid, Off));
    }
    let events =
        ["hit", "miss", "insert", "evict", "bad_hit", "bad_insert"].map(|event| world.cached.event(event));
    assert_eq!((events, world.cached.entries()), ([0; 6], 0));
}

#[test]
fn two_caches_in_one_thread_do_not_mix() {
    let (key, twin) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "k"));
    let (one, mut two) = (World::new(100, &[&key], &[]), World::new(100, &[&key], &[]));
    let strict = World::new(100, &[&twin], &[]);
    let token = key.signed(&one.claims("a"));
    assert_eq!(one.ask("desk", &token), (Ok, Miss));
    assert_eq!(one.ask("desk", &token), (Ok, Hit));
    assert_eq!(two.ask("desk", &token), (Ok, Miss));
    assert_eq!(strict.ask("desk", &token), (SignatureInvalid, Miss));
    assert_eq!(one.ask("desk", &token).0, Ok);
    two.publish("corp", &[&twin]);
    assert_eq!(two.ask("desk", &token).0, SignatureInvalid);
    assert_eq!(one.ask("desk", &token), (Ok, Hit));
}
