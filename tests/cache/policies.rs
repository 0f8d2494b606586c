//! What one agent makes of a token is no other agent's answer, and not the same agent's after a reload.

use portcullis::model::CacheLabel::{Hit, Miss};
use portcullis::model::Reason::{
    AudienceMismatch, AuthTooOld, BindingRequired, ClaimMismatch, ClientNotAllowed, IssuerNotAllowed,
    IssuerUnknown, LifetimeTooLong, Ok, ScopeMissing, TokenExpired,
};
use portcullis::model::{Decision, Reason};
use serde_json::{Value, json};

use testkit::Key;

use super::world::World;

const AGENTS: [(&str, Reason); 13] = [
    ("desk", Ok),
    ("till", AudienceMismatch),
    ("both", Ok),
    ("other", IssuerNotAllowed),
    ("brief", LifetimeTooLong),
    ("unbound", Ok),
    ("client", AudienceMismatch),
    ("writer", Ok),
    ("admin", ScopeMissing),
    ("acme", Ok),
    ("umbrella", ClaimMismatch),
    ("plain", Ok),
    ("shadow", ScopeMissing),
];

#[test]
fn a_verdict_never_crosses_to_another_agent() {
    let key = Key::new("EdDSA", "k");
    let world = World::new(100, &[&key], &[]);
    let mut count = 0;
    // Each pair of agents, in either order, with a token that nobody has seen.
    for (first, first_reason) in AGENTS {
        for (second, second_reason) in AGENTS {
            let token = key.signed(&world.claims(&format!("{first}-{second}")));
            for (agent, reason) in [
                (first, first_reason),
                (first, first_reason),
                (second, second_reason),
                (first, first_reason),
                (second, second_reason),
            ] {
                assert_eq!(world.ask(agent, &token).0, reason, "{first}, then {second}: {agent}");
                count += 1;
            }
        }
    }
    // One token at all of them in turn, more than are remembered with it.
    let token = key.signed(&world.claims("everywhere"));
    for _ in 0..3 {
        for (agent, reason) in AGENTS {
            assert_eq!(world.ask(agent, &token).0, reason, "{agent}");
            count += 1;
        }
    }
    let (hits, asked) = (world.cached.event("hit"), count);
    eprintln!("{asked} decisions, {hits} hits");
    assert!(hits > asked / 3);
}

#[test]
fn claim_headers_are_those_of_this_caller_at_this_agent() {
    let (key, others) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "k"));
    let mut world = World::new(1000, &[&key], &[&others]);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut count = 0;
    let mut expect = |world: &World, caller: &str, token: &str, rows: &[(&str, Vec<(String, String)>)]| {
        for _ in 0..2 {
            for (agent, wanted) in rows {
                assert_eq!(&world.headers(agent, token), wanted, "{caller} at {agent}");
                count += 1;
            }
        }
    };
    let callers: Vec<(String, String)> = (0..40)
        .map(|nth| {
            let mut claims = world.claims(&format!("sub-{nth}"));
            claims["jti"] = format!("jti-{nth}").into();
            claims["tenant"] = if nth % 3 == 0 { Value::Null } else { "acme".into() };
            (format!("{nth}"), key.signed(&claims))
        })
        .collect();
    for (nth, token) in &callers {
        let (sub, jti) = (format!("sub-{nth}"), format!("jti-{nth}"));
        let mut desk = vec![header("x-sub", &sub)];
        if nth.parse::<u32>().expect("a number") % 3 != 0 {
            desk.push(header("x-tenant", "acme"));
        }
        let rows = [
            ("desk", desk),
            ("both", vec![header("x-sub", &jti)]),
            ("plain", vec![]),
            ("till", vec![]),
            ("shadow", vec![]),
        ];
        expect(&world, nth, token, &rows);
    }
    world.set_agent("desk", "claim_headers", json!({"jti": "X-Other"}));
    world.set_agent("plain", "claim_headers", json!({"scope": "X-Scope"}));
    for (nth, token) in &callers {
        let (sub, jti) = (format!("sub-{nth}"), format!("jti-{nth}"));
        let desk = vec![header("x-other", &jti)];
        let plain = vec![header("x-scope", "read write")];
        let rows = [("desk", desk), ("both", vec![header("x-sub", &jti)]), ("plain", plain)];
        expect(&world, &sub, token, &rows);
    }
    assert_eq!(world.cached.event("insert"), 40);
    eprintln!("{count} sets of headers");
}

#[test]
fn a_reload_decides_known_tokens_by_the_new_rules() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    claims["iat"] = (world.now - 100).into();
    let token = key.signed(&claims);
    let rows: [(&str, Value, Reason); 12] = [
        ("scopes", json!({"all_of": ["admin"]}), ScopeMissing),
        ("scopes", json!({"all_of": ["read"]}), Ok),
        ("claims", json!({"all_of": [{"claim": "tenant", "values": ["umbrella"]}]}), ClaimMismatch),
        ("claims", json!({}), Ok),
        ("audiences", json!(["api://till"]), AudienceMismatch),
        ("audiences", json!(["api://till", "api://desk"]), Ok),
        ("identity_providers", json!(["other"]), IssuerNotAllowed),
        ("identity_providers", json!(["other", "corp"]), Ok),
        ("identity_providers", json!(["corp"]), Ok),
        ("max_token_lifetime", json!("5m"), LifetimeTooLong),
        ("max_token_lifetime", json!("6m"), Ok),
        ("claim_headers", json!({"scope": "X-Scope"}), Ok),
    ];
    assert_eq!(world.ask("plain", &token), (Ok, Miss));
    for (setting, value, reason) in rows {
        world.set_agent("plain", setting, value.clone());
        for nth in 0..3 {
            assert_eq!(world.ask("plain", &token).0, reason, "{setting}: {value}, {nth}");
        }
    }
    assert_eq!(world.cached.event("insert"), 1, "no reload of an agent makes its tokens unknown");
}

#[test]
fn a_known_token_is_refused_once_its_login_is_too_long_ago_and_only_where_that_matters() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    // Of 60 s, and a leeway of 30 s.
    claims["client_id"] = "c1".into();
    claims["auth_time"] = (world.now - 20).into();
    let token = key.signed(&claims);
    for (agent, after, wanted) in [
        ("lately", 0, (Ok, Miss)),
        ("lately", 70, (Ok, Hit)),
        ("lately", 71, (AuthTooOld, Hit)),
        ("plain", 71, (Ok, Hit)),
        // The clock goes back.
        ("lately", 70, (Ok, Hit)),
        ("lately", -20, (Ok, Hit)),
        ("lately", 71, (AuthTooOld, Hit)),
        ("lately", 71, (AuthTooOld, Hit)),
        ("lately", 0, (Ok, Hit)),
    ] {
        assert_eq!(world.ask_at(agent, &token, after), wanted, "{agent} after {after} s");
    }
    // A login that is yet to come is refused, and not for good.
    claims["auth_time"] = (world.now + 60).into();
    let early = key.signed(&claims);
    for (after, wanted) in [
        (0, (AuthTooOld, Miss)),
        (29, (AuthTooOld, Hit)),
        (30, (Ok, Hit)),
        (31, (Ok, Hit)),
        (0, (AuthTooOld, Hit)),
    ] {
        assert_eq!(world.ask_at("lately", &early, after), wanted, "after {after} s");
    }
    // What no time changes is remembered, whatever the time.
    claims["client_id"] = "c2".into();
    let other = key.signed(&claims);
    for (after, wanted) in
        [(0, (ClientNotAllowed, Miss)), (60, (ClientNotAllowed, Hit)), (200, (ClientNotAllowed, Hit))]
    {
        assert_eq!(world.ask_at("lately", &other, after), wanted, "after {after} s");
    }
    // The claim that names the client is the provider's to say.
    world.set_provider("corp", "client_claim", json!("jti"));
    assert_eq!(world.ask_at("lately", &other, 60), (Ok, Miss));
    world.set_agent("lately", "require", json!({"max_auth_age": "1s"}));
    assert_eq!(world.ask_at("lately", &token, 0).0, Ok);
    assert_eq!(world.ask_at("lately", &token, 15).0, AuthTooOld);
}

#[test]
fn a_bound_token_that_is_known_opens_only_the_agents_that_ignore_its_binding() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    claims["cnf"] = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"});
    let token = key.signed(&claims);
    for (agent, wanted) in [
        ("plain", (BindingRequired, Miss)),
        ("unbound", (Ok, Miss)),
        ("unbound", (Ok, Hit)),
        ("plain", (BindingRequired, Miss)),
        ("desk", (BindingRequired, Miss)),
        ("unbound", (Ok, Hit)),
    ] {
        assert_eq!(world.ask(agent, &token), wanted, "{agent}");
    }
    for (agent, cnf, reason) in [
        ("unbound", "refuse", BindingRequired),
        ("plain", "ignore", Ok),
        ("plain", "refuse", BindingRequired),
        ("unbound", "ignore", Ok),
    ] {
        world.set_agent(agent, "sender_constraint", json!({"cnf": cnf}));
        for nth in 0..3 {
            assert_eq!(world.ask(agent, &token).0, reason, "{agent}: {cnf}, {nth}");
        }
    }
    // A forged one whose signature is known to be bad.
    let mallory = Key::new("EdDSA", "k").signed(&claims);
    for (agent, reason) in [
        ("unbound", Reason::SignatureInvalid),
        ("plain", BindingRequired),
        ("unbound", Reason::SignatureInvalid),
    ] {
        assert_eq!(world.ask(agent, &mallory).0, reason, "{agent}, forged");
    }
}

#[test]
fn a_known_token_is_for_the_audience_that_the_agents_claim_names() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    claims["client_id"] = "c1".into();
    let token = key.signed(&claims);
    // Known first by an agent that never asked for the client, the token is verified once more.
    for (agent, wanted) in [
        ("plain", (Ok, Miss)),
        ("plain", (Ok, Hit)),
        ("client", (Ok, Miss)),
        ("client", (Ok, Hit)),
        ("plain", (Ok, Hit)),
        ("till", (AudienceMismatch, Miss)),
        ("client", (Ok, Hit)),
    ] {
        assert_eq!(world.ask(agent, &token), wanted, "{agent}");
    }
    world.set_agent("client", "audiences", json!(["c2"]));
    assert_eq!(world.ask("client", &token).0, AudienceMismatch);
    world.set_agent("client", "audiences", json!(["api://desk"]));
    assert_eq!(world.ask("client", &token).0, AudienceMismatch);
    world.set_agent("client", "audience_claim", json!("aud"));
    assert_eq!(world.ask("client", &token).0, Ok);
}

#[test]
fn a_provider_with_other_settings_decides_known_tokens_by_these() {
    let (key, mallory) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "k"));
    let mut world = World::new(100, &[&key], &[]);
    let mut claims = world.claims("a");
    claims["exp"] = (world.now + 10_000).into();
    let (long, forged) = (key.signed(&claims), mallory.signed(&claims));
    claims["exp"] = (world.now + 10).into();
    let short = key.signed(&claims);
    // A setting of the provider; then the long token, the short one 35 s after the start, and the forged one.
    let bad = Reason::SignatureInvalid;
    let rows: [(&str, Value, [Reason; 3]); 8] = [
        ("leeway", json!("60s"), [Ok, Ok, bad]),
        ("leeway", json!("10s"), [Ok, TokenExpired, bad]),
        ("leeway", json!("1m"), [Ok, Ok, bad]),
        ("algorithms", json!(["ES256", "RS256", "EdDSA"]), [Ok, Ok, bad]),
        ("issuer", json!("https://corp.example/"), [IssuerUnknown; 3]),
        ("issuer", json!("https://corp.example"), [Ok, Ok, bad]),
        ("max_stale", json!("2h"), [Ok, Ok, bad]),
        ("refresh", json!("5m"), [Ok, Ok, bad]),
    ];
    let start = world.now;
    for (setting, value, reasons) in rows {
        world.set_provider("corp", setting, value.clone());
        let after = i64::try_from(start + 35 - world.now).expect("seconds");
        for nth in 0..3 {
            for (token, reason) in [&long, &short, &forged].into_iter().zip(reasons) {
                assert_eq!(world.ask_at("desk", token, after).0, reason, "{setting}: {value}, {nth}");
            }
        }
    }
    assert_eq!(world.ask_at("desk", &long, 7200).0, Ok);
    assert_eq!(world.ask_at("desk", &long, 7201).0, Reason::KeysUnavailable);
}

#[test]
fn in_shadow_a_known_token_that_the_rules_refuse_brings_no_headers() {
    let key = Key::new("EdDSA", "k");
    let mut world = World::new(100, &[&key], &[]);
    let token = key.signed(&world.claims("a"));
    for label in [Miss, Hit, Hit] {
        let (seen, said) = world
            .ask_in("shadow", &token, 0, &portcullis::gate::Evidence::unavailable())
            .expect("a decision");
        assert_eq!((seen.decision, seen.reason, said), (Decision::ShadowDeny, ScopeMissing, label));
        assert_eq!(seen.headers, Some(vec![]));
    }
    world.set_agent("shadow", "scopes", json!({}));
    let (seen, said) =
        world.ask_in("shadow", &token, 0, &portcullis::gate::Evidence::unavailable()).expect("a decision");
    assert_eq!((seen.decision, said, seen.headers.map(|h| h.len())), (Decision::Allow, Hit, Some(1)));
}

#[test]
fn a_changed_meaning_of_a_scope_holds_for_remembered_tokens_of_its_provider_alone() {
    let (key, others) = (Key::new("EdDSA", "k"), Key::new("EdDSA", "k"));
    let mut world = World::new(100, &[&key], &[&others]);
    let mut claims = world.claims("broad");
    claims["scope"] = "all".into();
    let token = key.signed(&claims);
    claims["iss"] = "https://other.example".into();
    let of_other = others.signed(&claims);
    world.set_agent("admin", "identity_providers", json!(["corp", "other"]));
    for (corp, other, of_corp_wanted, of_other_wanted) in [
        (json!({}), json!({}), ScopeMissing, ScopeMissing),
        (json!({"all": ["write", "admin"]}), json!({}), Ok, ScopeMissing),
        (json!({"all": ["write"], "write": ["admin", "all"]}), json!({}), Ok, ScopeMissing),
        (json!({"all": ["write"]}), json!({"all": ["admin"]}), ScopeMissing, Ok),
        (json!({}), json!({"write": ["admin"]}), ScopeMissing, ScopeMissing),
    ] {
        world.set_provider("corp", "scope_implies", corp.clone());
        world.set_provider("other", "scope_implies", other.clone());
        for nth in 0..3 {
            let (reason, label) = world.ask("admin", &token);
            assert_eq!(reason, of_corp_wanted, "{corp} {nth}");
            assert_eq!(label, if nth == 0 { Miss } else { Hit }, "{corp} {nth}");
            assert_eq!(world.ask("admin", &of_other).0, of_other_wanted, "{other} {nth}");
            // The same token at an agent that asks for no scope.
            assert_eq!(world.ask("desk", &token).0, Ok, "{corp} {nth}");
        }
    }
}
