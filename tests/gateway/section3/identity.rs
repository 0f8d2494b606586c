//! What an agent requires beside scopes and claims: a profile, a client, an actor, a login.

use serde_json::{Value, json};
use testkit::{client, now};

use super::row::Row;
use super::world::{ABSENT, NAMED_ISSUER, World};

#[tokio::test]
async fn requirements_are_judged_as_the_contract_says() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    [profiles(world), clients(world), actors(world), logins(world)].into_iter().flatten().collect()
}

/// The claims that RFC 9068 asks for beside those of every token.
fn profile() -> Value {
    json!({"sub": "alice", "client_id": "web", "jti": "j1", "iat": now() - 10})
}

fn profiles(world: &World) -> Vec<Row> {
    let mut rows = Vec::new();
    for (typ, reason) in [
        (json!("at+jwt"), "ok"),
        (json!("AT+JWT"), "ok"),
        (json!("application/at+jwt"), "ok"),
        (json!("JWT"), "profile_mismatch"),
        (json!(ABSENT), "profile_mismatch"),
        (json!("dpop+jwt"), "typ_mismatch"),
    ] {
        let provider = (reason != "typ_mismatch").then_some("corp");
        let row = Row::new(format!("typ {typ}"), "profiled", reason);
        let row = row.bearer(world.token(&json!({"typ": typ}), &profile()));
        rows.push(Row { provider, ..row });
    }
    for name in ["sub", "client_id", "iat", "jti"] {
        for value in [json!(ABSENT), Value::Null] {
            let mut claims = profile();
            claims[name] = value.clone();
            let row = Row::new(format!("{name} is {value}"), "profiled", "profile_mismatch");
            rows.push(row.bearer(world.token(&json!({"typ": "at+jwt"}), &claims)).by("corp"));
        }
    }
    rows
}

fn clients(world: &World) -> Vec<Row> {
    let cases = [
        ("clients", json!({"client_id": "web"}), "ok"),
        ("clients", json!({"client_id": "https://apps.test/cli.json"}), "ok"),
        ("clients", json!({"client_id": "https://apps.test/bad.json"}), "client_not_allowed"),
        ("clients", json!({"client_id": "https://apps.test.evil.test/cli.json"}), "client_not_allowed"),
        ("clients", json!({"client_id": "http://apps.test/cli.json"}), "client_not_allowed"),
        ("clients", json!({"client_id": "https://apps.test"}), "client_not_allowed"),
        ("clients", json!({"client_id": "WEB"}), "client_not_allowed"),
        ("clients", json!({"client_id": "webs"}), "client_not_allowed"),
        ("clients", json!({"client_id": ABSENT, "cid": "web"}), "ok"),
        ("clients", json!({"client_id": ABSENT, "azp": "web"}), "ok"),
        ("clients", json!({"client_id": ABSENT, "appid": "web"}), "ok"),
        ("clients", json!({"client_id": "other", "cid": "web"}), "client_not_allowed"),
        ("clients", json!({"client_id": ABSENT, "cid": "other", "azp": "web"}), "client_not_allowed"),
        ("clients", json!({"client_id": ABSENT, "cid": ["web"]}), "client_not_allowed"),
        ("clients", json!({"client_id": ABSENT}), "client_not_allowed"),
        ("no-clients", json!({"client_id": "other"}), "ok"),
        ("no-clients", json!({"client_id": "web"}), "client_not_allowed"),
        ("no-clients", json!({"client_id": ABSENT, "azp": "web"}), "client_not_allowed"),
        ("no-clients", json!({"client_id": ABSENT}), "client_not_allowed"),
    ];
    let rows = cases.into_iter().map(|(agent, patch, reason)| {
        Row::new(format!("claims {patch}"), agent, reason).bearer(world.claiming(&patch)).by("corp")
    });
    let named = [
        (json!({"app": {"id": "web"}, "client_id": "other"}), "ok"),
        (json!({"app": {"id": "other"}, "client_id": "web"}), "client_not_allowed"),
        (json!({"client_id": "web"}), "client_not_allowed"),
    ];
    let named = named.into_iter().map(|(mut patch, reason)| {
        patch["iss"] = NAMED_ISSUER.into();
        let token = world.signed_by(world.key("pem"), &json!({"alg": "ES256"}), &world.claims(&patch));
        Row::new(format!("of a client claim: {patch}"), "clients", reason).bearer(token).by("named")
    });
    rows.chain(named).collect()
}

/// So many actors, the outermost of which is `bot`.
fn chain(depth: usize) -> Value {
    let inside = (1..depth).fold(Value::Null, |act, at| json!({"sub": format!("inner-{at}"), "act": act}));
    json!({"sub": "bot", "act": inside})
}

fn actors(world: &World) -> Vec<Row> {
    let mut cases = vec![
        ("acted", json!({"act": ABSENT}), "actor_not_allowed"),
        ("acted", json!({"act": null}), "actor_not_allowed"),
        ("acted", json!({"act": {"sub": "bot"}}), "ok"),
        ("acted", json!({"act": {"sub": "bot", "iss": "https://agents.test"}}), "ok"),
        ("acted", json!({"act": {"sub": "bot", "iss": "https://agents.test/"}}), "actor_not_allowed"),
        ("acted", json!({"act": {"sub": "Bot"}}), "actor_not_allowed"),
        ("acted", json!({"act": {"iss": "https://agents.test"}}), "actor_not_allowed"),
        ("acted", json!({"act": {"sub": "bad", "act": {"sub": "bot"}}}), "actor_not_allowed"),
        ("acted", json!({"act": {"sub": "bot", "act": {"sub": "bad"}}}), "ok"),
        ("acted", json!({"act": "bot"}), "actor_not_allowed"),
        ("acted", json!({"act": ["bot"]}), "actor_not_allowed"),
        ("acted", json!({"act": {"sub": ["bot"]}}), "actor_not_allowed"),
        ("acted", json!({"act": {"sub": "bot", "filler": "x".repeat(8_000)}}), "ok"),
        ("deep", json!({"act": ABSENT}), "ok"),
        ("deep", json!({"act": {"sub": "anybody", "iss": "https://x.test"}}), "ok"),
        ("a", json!({"act": "whatever"}), "ok"),
        ("a", json!({"act": chain(20)}), "ok"),
    ];
    for depth in 1..=10 {
        cases.push((
            "acted",
            json!({"act": chain(depth)}),
            if depth <= 3 { "ok" } else { "actor_not_allowed" },
        ));
        cases.push((
            "deep",
            json!({"act": chain(depth)}),
            if depth <= 9 { "ok" } else { "actor_not_allowed" },
        ));
    }
    let rows = cases.into_iter().map(|(agent, patch, reason)| {
        let shown: String = patch.to_string().chars().take(120).collect();
        Row::new(format!("claims {shown}"), agent, reason).bearer(world.claiming(&patch)).by("corp")
    });
    // Deeper than JSON may nest in a token, and wider than it may be.
    let bombs = [
        chain(40),
        (0..1_050).fold(json!({}), |mut wide, at| {
            wide[format!("{at}")] = json!({});
            wide
        }),
    ];
    let bombs = bombs.into_iter().enumerate().map(|(at, act)| {
        let token = world.claiming(&json!({"act": act}));
        Row::new(format!("bomb {at}"), "acted", "token_malformed").bearer(token)
    });
    let large = world.claiming(&json!({"act": {"sub": "x".repeat(20_000)}}));
    rows.chain(bombs).chain([Row::new("a large actor", "acted", "token_too_large").bearer(large)]).collect()
}

fn logins(world: &World) -> Vec<Row> {
    let now = now();
    let good = json!({"acr": "urn:gold", "amr": ["pwd", "otp"], "auth_time": now - 10, "scope": "pay:write"});
    let cases = [
        (json!({}), "ok"),
        (json!({"acr": "urn:silver"}), "ok"),
        (json!({"acr": "urn:bronze"}), "acr_insufficient"),
        (json!({"acr": "URN:GOLD"}), "acr_insufficient"),
        (json!({"acr": "urn:gold urn:silver"}), "acr_insufficient"),
        (json!({"acr": ["urn:gold"]}), "acr_insufficient"),
        (json!({"acr": ABSENT}), "acr_insufficient"),
        (json!({"amr": "hwk"}), "ok"),
        (json!({"amr": ["pwd"]}), "acr_insufficient"),
        (json!({"amr": []}), "acr_insufficient"),
        (json!({"amr": ABSENT}), "acr_insufficient"),
        // The provider's leeway is 5m.
        (json!({"auth_time": now - 200}), "ok"),
        (json!({"auth_time": now - 361}), "auth_too_old"),
        (json!({"auth_time": now + 290}), "ok"),
        (json!({"auth_time": now + 900}), "auth_too_old"),
        (json!({"auth_time": now * 1000}), "auth_too_old"),
        (json!({"auth_time": now.to_string()}), "auth_too_old"),
        (json!({"auth_time": null}), "auth_too_old"),
        (json!({"auth_time": ABSENT}), "auth_too_old"),
        (json!({"scope": ABSENT}), "scope_missing"),
    ];
    let row = |(patch, reason): (Value, &'static str)| {
        let mut claims = good.clone();
        for (name, value) in patch.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        Row::new(format!("claims {patch}"), "stepped", reason).bearer(world.claiming(&claims)).by("corp")
    };
    cases.into_iter().map(row).collect()
}

#[tokio::test]
async fn a_token_that_is_remembered_is_refused_once_its_login_is_too_long_ago() {
    let world = World::new().await;
    let gateway = world.gateway().await;
    // Of 60 s and a leeway of 5m, two seconds are left.
    let claims = json!({"acr": "urn:gold", "amr": ["otp"], "scope": "pay:write", "auth_time": now() - 358});
    let token = world.claiming(&claims);
    let (mut passed, mut refused) = (0, None);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while refused.is_none() && std::time::Instant::now() < deadline {
        let asked =
            client().get(gateway.url("/stepped")).bearer_auth(&token).send().await.expect("a response");
        match asked.status().as_u16() {
            200 => passed += 1,
            _ => refused = Some(asked),
        }
    }
    let refused = refused.expect("the login grows too old");
    assert!(passed > 1, "the token passed before");
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().expect("text").to_owned();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    let id = refused.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line = gateway.logged(&id).await;
    assert_eq!((&line["auth"]["reason"], &line["auth"]["cache"]), (&json!("auth_too_old"), &json!("hit")));
}

#[tokio::test]
async fn the_access_log_says_how_the_user_logged_in_and_who_acts() {
    let world = World::new().await;
    let gateway = world.gateway().await;
    let mut act = chain(6);
    act["iss"] = "https://agents.test".into();
    act["act"]["sub"] = "x".repeat(300).into();
    for (claims, acr, acts) in [
        (json!({}), Value::Null, Value::Null),
        (json!({"acr": "urn:gold"}), json!("urn:gold"), Value::Null),
        (
            json!({"acr": "y".repeat(300), "act": act}),
            json!("y".repeat(128)),
            json!([
                "https://agents.test|bot",
                format!("{}|{}", world.corp.url, "x".repeat(300)).get(..128),
                format!("{}|inner-4", world.corp.url),
                format!("{}|inner-3", world.corp.url),
            ]),
        ),
    ] {
        let asked = client().get(gateway.url("/a")).bearer_auth(world.claiming(&claims)).send().await;
        let id = asked.expect("a response").headers()["x-request-id"].to_str().expect("text").to_owned();
        let auth = gateway.logged(&id).await["auth"].clone();
        assert_eq!((&auth["acr"], &auth["act"]), (&acr, &acts), "{claims}");
        assert_eq!(auth.as_object().is_some_and(|auth| auth.contains_key("act")), !acts.is_null());
    }
}
