//! Every term of a token, for a token that is new and for one that is remembered: both are refused, for the same reason.

use portcullis::model::CacheLabel::{Hit, Miss};
use portcullis::model::Reason::{
    self, AudienceMismatch, BindingRequired, LifetimeTooLong, NotYetValid, Ok, TokenExpired,
};
use serde_json::{Value, json};
use testkit::Key;

use super::world::World;

/// Where and when a token is shown: the agent, and the seconds from now.
type Shown = (&'static str, i64);

/// A token is good for the one, and not for the other.
struct Case {
    claims: Value,
    good: Shown,
    bad: Shown,
    reason: Reason,
}

#[test]
fn each_term_refuses_a_new_token_and_a_remembered_one_alike() {
    let key = Key::new("EdDSA", "k");
    let world = World::new(100, &[&key], &[]);
    let later = world.now + 100;
    let case = |claims, good, bad, reason| Case { claims, good, bad, reason };
    let cases = [
        case(json!({}), ("desk", 0), ("desk", 271), TokenExpired),
        case(json!({"nbf": later}), ("desk", 70), ("desk", 69), NotYetValid),
        case(json!({"iat": later}), ("desk", 70), ("desk", 69), NotYetValid),
        case(json!({}), ("desk", 0), ("brief", 0), LifetimeTooLong),
        case(json!({}), ("desk", 0), ("till", 0), AudienceMismatch),
        case(json!({"client_id": "c2"}), ("desk", 0), ("client", 0), AudienceMismatch),
        case(json!({"cnf": {"jkt": "x"}}), ("unbound", 0), ("plain", 0), BindingRequired),
    ];
    for (nth, Case { claims, good, bad, reason }) in cases.into_iter().enumerate() {
        let token = |name: &str| {
            let mut all = world.claims(&format!("{name}-{nth}"));
            for (claim, value) in claims.as_object().expect("claims") {
                all[claim] = value.clone();
            }
            key.signed(&all)
        };
        assert_eq!(world.ask_at(bad.0, &token("new"), bad.1), (reason, Miss), "{claims} is new at {bad:?}");
        let known = token("known");
        assert_eq!(world.ask_at(good.0, &known, good.1), (Ok, Miss), "{claims} at {good:?}");
        assert_eq!(world.ask_at(good.0, &known, good.1), (Ok, Hit), "{claims} is remembered at {good:?}");
        assert_eq!(world.ask_at(bad.0, &known, bad.1), (reason, Miss), "{claims} is known at {bad:?}");
    }
}
