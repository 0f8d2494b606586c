//! The order of the checks: a token with two faults is refused for the one that comes first. Shape, algorithm, issuer,
//! time, audience, binding, key, signature, requirements (profile, client, actor, login), rules.

use serde_json::{Value, json};
use testkit::now;

use super::row::Row;
use super::world::{ABSENT, DEAD_ISSUER, World};

#[tokio::test]
async fn of_two_faults_the_earlier_in_order_wins() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    let now = now();
    let strange = "https://strange.test";
    let mut rows = Vec::new();
    let cases: Vec<(&str, &'static str, &'static str, Value, Value)> = vec![
        ("shape before algorithm", "a", "token_malformed", json!({"alg": "none"}), json!({"exp": "1"})),
        ("shape before issuer", "a", "token_malformed", json!({}), json!({"iss": strange, "aud": 1})),
        ("crit before issuer", "a", "token_malformed", json!({"crit": ["x"]}), json!({"iss": strange})),
        ("crit before time", "a", "token_malformed", json!({"crit": ["x"]}), json!({"exp": 1})),
        ("algorithm before issuer", "a", "alg_not_allowed", json!({"alg": "none"}), json!({"iss": strange})),
        ("algorithm before time", "a", "alg_not_allowed", json!({"alg": "HS256"}), json!({"exp": ABSENT})),
        ("type before issuer", "a", "typ_mismatch", json!({"typ": "JWS"}), json!({"iss": strange})),
        ("issuer before time", "a", "issuer_unknown", json!({}), json!({"iss": strange, "exp": 1})),
        ("issuer before audience", "a", "issuer_unknown", json!({}), json!({"iss": ABSENT, "aud": "x"})),
        ("issuer before key", "a", "issuer_unknown", json!({"kid": "nobody"}), json!({"iss": strange})),
    ];
    for (name, agent, reason, header, claims) in cases {
        rows.push(Row::new(name, agent, reason).bearer(world.token(&header, &claims)));
    }
    let foreign = json!({"iss": world.foreign.url, "exp": 1});
    rows.push(
        Row::new("an issuer of others before time", "a", "issuer_not_allowed")
            .bearer(world.token(&json!({"kid": "f-es"}), &foreign)),
    );
    let known: Vec<(&str, &'static str, &'static str, Value, Value)> = vec![
        ("end before beginning", "a", "token_expired", json!({}), json!({"exp": 1, "nbf": now + 900})),
        ("time before audience", "a", "token_expired", json!({}), json!({"exp": 1, "aud": "x"})),
        ("no end before audience", "a", "exp_missing", json!({}), json!({"exp": ABSENT, "aud": "x"})),
        ("beginning before audience", "a", "not_yet_valid", json!({}), json!({"nbf": now + 900, "aud": "x"})),
        (
            "lifetime before audience",
            "short",
            "lifetime_too_long",
            json!({}),
            json!({"iat": ABSENT, "aud": "x"}),
        ),
        ("time before key", "a", "token_expired", json!({"kid": "nobody"}), json!({"exp": 1})),
        ("audience before key", "a", "audience_mismatch", json!({"kid": "nobody"}), json!({"aud": "x"})),
        (
            "audience before binding",
            "a",
            "audience_mismatch",
            json!({}),
            json!({"aud": "x", "cnf": {"jkt": "x"}}),
        ),
        (
            "binding before key",
            "a",
            "binding_required",
            json!({"kid": "nobody"}),
            json!({"cnf": {"jkt": "x"}}),
        ),
        (
            "audience before the key's algorithm",
            "a",
            "audience_mismatch",
            json!({"kid": "rsa"}),
            json!({"aud": "x"}),
        ),
        ("key before scopes", "scoped", "key_unknown", json!({"kid": "nobody"}), json!({"scope": ABSENT})),
        ("the key's algorithm before scopes", "scoped", "alg_not_allowed", json!({"kid": "rsa"}), json!({})),
        (
            "scopes before claims",
            "ruled",
            "scope_missing",
            json!({}),
            json!({"scope": ABSENT, "tenant": "x"}),
        ),
    ];
    let mut known = known;
    for (name, agent, reason, claims) in [
        ("login before scopes", "stepped", "acr_insufficient", json!({"scope": ABSENT})),
        ("class before age", "stepped", "acr_insufficient", json!({"auth_time": 1})),
        (
            "age before scopes",
            "stepped",
            "auth_too_old",
            json!({"acr": "urn:gold", "amr": ["otp"], "scope": ABSENT}),
        ),
        ("time before client", "clients", "token_expired", json!({"exp": 1, "client_id": "x"})),
    ] {
        known.push((name, agent, reason, json!({}), claims));
    }
    for (name, agent, reason, header, claims) in known {
        rows.push(Row::new(name, agent, reason).bearer(world.token(&header, &claims)).by("corp"));
    }
    for (name, reason, claims) in [
        ("time before keys that are not there", "token_expired", json!({"iss": DEAD_ISSUER, "exp": 1})),
        (
            "audience before keys that are not there",
            "audience_mismatch",
            json!({"iss": DEAD_ISSUER, "aud": "x"}),
        ),
    ] {
        rows.push(Row::new(name, "a", reason).bearer(world.claiming(&claims)).by("dead"));
    }
    for (name, agent, reason, claims) in [
        ("time before signature", "a", "token_expired", json!({"exp": 1})),
        ("audience before signature", "a", "audience_mismatch", json!({"aud": "x"})),
        ("signature before scopes", "scoped", "signature_invalid", json!({"scope": ABSENT})),
        ("signature before claims", "ruled", "signature_invalid", json!({"tenant": "x"})),
        ("signature before client", "clients", "signature_invalid", json!({"client_id": "x"})),
        ("signature before login", "stepped", "signature_invalid", json!({})),
    ] {
        let forged =
            world.signed_by(world.key("stranger"), &world.header(&json!({})), &world.claims(&claims));
        rows.push(Row::new(name, agent, reason).bearer(forged).by("corp"));
    }
    rows
}
