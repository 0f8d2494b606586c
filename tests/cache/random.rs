//! Thousands of random steps: tokens of all kinds are shown to all agents while time passes, keys come and go, and the
//! configuration changes. The gate with a cache says at each step what the one without says.

use std::collections::BTreeMap;

use portcullis::gate::Evidence;
use portcullis::model::CacheLabel;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use testkit::Key;
use testkit::token::forged;

use super::world::World;

const SEEDS: std::ops::Range<u64> = 0..4;
const STEPS: usize = 3000;
const POOL: usize = 24;
const AGENTS: [&str; 14] = [
    "desk", "till", "both", "lately", "other", "brief", "unbound", "client", "writer", "admin", "acme",
    "umbrella", "plain", "shadow",
];

/// The keys that providers publish and that sign.
struct Keys {
    corp: [Key; 4],
    other: [Key; 2],
}

fn pick<T: Clone>(rng: &mut StdRng, of: &[T]) -> T {
    of.choose(rng).expect("one").clone()
}

fn mint(rng: &mut StdRng, world: &World, keys: &Keys, nth: usize) -> String {
    let from_corp = rng.random_bool(0.85);
    let mut claims = world.claims(&format!("caller-{nth}"));
    if !from_corp || rng.random_ratio(1, 30) {
        claims["iss"] = "https://other.example".into();
    }
    let now = world.now;
    claims["exp"] = (now + pick(rng, &[1, 60, 160, 900, 5000, 9000])).into();
    claims["aud"] = pick(
        rng,
        &[json!("api://desk"), json!("api://desk"), json!(["api://till", "api://desk"]), json!("api://till")],
    );
    claims["scope"] = pick(rng, &["read", "read write", "admin", "admin write"]).into();
    claims["tenant"] = pick(rng, &[json!("acme"), json!("umbrella"), json!(7), Value::Null]);
    if rng.random_bool(0.5) {
        claims["client_id"] = pick(rng, &["c1", "c2"]).into();
    }
    if rng.random_bool(0.7) {
        claims["acr"] = pick(rng, &["gold", "silver"]).into();
        claims["auth_time"] = (now + pick(rng, &[0, 20, 100]) - pick(rng, &[0, 60, 300])).into();
    }
    if rng.random_ratio(1, 8) {
        claims["cnf"] = json!({"jkt": "a"});
    }
    if rng.random_ratio(1, 5) {
        claims["nbf"] = (now + pick(rng, &[0, 20, 50, 120])).into();
    }
    let key = if from_corp { keys.corp.choose(rng) } else { keys.other.choose(rng) }.expect("a key");
    let token = match rng.random_range(0..10) {
        0 | 1 => key.signed_as(None, &claims),
        2 => key.signed_as(Some(pick(rng, &["one", "two", "gone"])), &claims),
        _ => key.signed(&claims),
    };
    if rng.random_ratio(1, 8) { forged(&token, rng.random_range(0..1000)) } else { token }
}

/// Some of the keys, in any order.
fn some<'a>(rng: &mut StdRng, keys: &'a [Key], least: usize) -> Vec<&'a Key> {
    let count = rng.random_range(least..=keys.len().min(3));
    keys.choose_multiple(rng, count).collect()
}

fn reload(rng: &mut StdRng, world: &mut World) {
    let agent = pick(rng, &AGENTS);
    let (setting, values) = pick(
        rng,
        &[
            ("scopes", [json!({}), json!({"all_of": ["write"]}), json!({"any_of": ["admin"]})]),
            (
                "claims",
                [
                    json!({}),
                    json!({"all_of": [{"claim": "tenant", "values": ["acme"]}]}),
                    json!({"any_of": [{"claim": "tenant", "values": [7]}]}),
                ],
            ),
            (
                "claim_headers",
                [json!({}), json!({"sub": "X-Sub"}), json!({"jti": "X-Sub", "scope": "X-Scope"})],
            ),
            (
                "audiences",
                [json!(["api://desk"]), json!(["api://till"]), json!(["api://till", "api://desk"])],
            ),
            ("identity_providers", [json!(["corp"]), json!(["other", "corp"]), json!(["other"])]),
            ("max_token_lifetime", [json!("3m"), json!("1h"), json!("10m")]),
            ("audience_claim", [json!("aud"), json!("client_id"), json!("aud")]),
            (
                "require",
                [
                    json!({}),
                    json!({"max_auth_age": "60s"}),
                    json!({"acr_values": ["gold"], "clients": {"allow": ["c1"]}, "max_auth_age": "2m"}),
                ],
            ),
            ("sender_constraint", [json!({}), json!({"cnf": "refuse"}), json!({"cnf": "ignore"})]),
        ],
    );
    world.set_agent(agent, setting, pick(rng, &values));
}

#[test]
fn thousands_of_random_steps_are_decided_as_without_a_cache() {
    let mut reasons: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let (mut changes, mut hits) = (BTreeMap::<&str, u32>::new(), 0);
    for seed in SEEDS {
        eprintln!("seed {seed}");
        let rng = &mut StdRng::seed_from_u64(seed);
        let keys = Keys {
            corp: ["one", "two", "three", "one"].map(|kid| Key::new("EdDSA", kid)),
            other: ["one", "five"].map(|kid| Key::new("EdDSA", kid)),
        };
        let mut world =
            World::new(pick(rng, &[16, 64, 1000]), &[&keys.corp[0], &keys.corp[1]], &[&keys.other[0]]);
        let mut pool: Vec<String> = (0..POOL).map(|nth| mint(rng, &world, &keys, nth)).collect();
        let mut failing = false;
        for step in 0..STEPS {
            let change = match rng.random_range(0..1000) {
                0..12 => {
                    world.publish("corp", &some(rng, &keys.corp, 2));
                    failing = false;
                    "keys of corp"
                }
                12..16 => {
                    world.publish("other", &some(rng, &keys.other, 1));
                    "keys of other"
                }
                25..28 if !failing => {
                    world.fail("corp");
                    failing = true;
                    "a failed fetch"
                }
                30..50 => {
                    reload(rng, &mut world);
                    "an agent"
                }
                50..56 if !failing => {
                    let (setting, value) = pick(
                        rng,
                        &[
                            ("leeway", json!("30s")),
                            ("leeway", json!("5s")),
                            ("max_stale", json!("1h")),
                            ("max_stale", json!("2h")),
                        ],
                    );
                    if world.body["identity_providers"]["corp"][setting] != value {
                        world.set_provider("corp", setting, value);
                    }
                    "a provider"
                }
                60..90 => {
                    world.now += rng.random_range(0..25);
                    "time"
                }
                110..150 => {
                    let place = rng.random_range(0..POOL);
                    pool[place] = mint(rng, &world, &keys, POOL + step);
                    "a token"
                }
                _ => "nothing",
            };
            *changes.entry(change).or_default() += 1;
            // Time as the machine tells it may stand, jump and go back.
            let after = pick(rng, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 30, 100, -30, 3700]);
            // A few agents see most of the traffic.
            let agent =
                if rng.random_bool(0.6) { AGENTS[rng.random_range(0..4)] } else { pick(rng, &AGENTS) };
            let token = &pool[rng.random_range(0..POOL).min(rng.random_range(0..POOL))];
            let evidence = if rng.random_bool(0.2) { Evidence::default() } else { Evidence::unavailable() };
            let (name, column) = match world.ask_in(agent, token, after, &evidence) {
                None => ("keys wanted".to_owned(), 2),
                Some((seen, label)) => (seen.reason.to_string(), usize::from(label == CacheLabel::Miss)),
            };
            reasons.entry(name).or_default()[column] += 1;
        }
        hits += world.cached.event("hit") + world.cached.event("bad_hit");
    }
    eprintln!("reasons (hit, miss): {reasons:?}\nchanges: {changes:?}\n{hits} hits");
    let steps = u64::try_from(STEPS).expect("a number") * SEEDS.count() as u64;
    assert!(hits > steps / 20, "{hits} hits in {steps} steps");
    for reason in [
        "ok",
        "token_expired",
        "not_yet_valid",
        "audience_mismatch",
        "binding_required",
        "issuer_not_allowed",
        "lifetime_too_long",
        "key_unknown",
        "keys_unavailable",
        "signature_invalid",
        "scope_missing",
        "claim_mismatch",
        "client_not_allowed",
        "acr_insufficient",
        "auth_too_old",
        "keys wanted",
    ] {
        assert!(reasons.contains_key(reason), "{reason} never came up: {reasons:?}");
    }
}
