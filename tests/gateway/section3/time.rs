//! When a token is good, and for whom: `exp`, `nbf`, `iat`, lifetime and audience.
//!
//! `corp` has five minutes of leeway and `narrow` the thirty seconds of the default, so that no row hangs on how fast
//! the table runs.

use serde_json::{Value, json};
use testkit::now;

use super::row::Row;
use super::world::{ABSENT, World};

#[tokio::test]
async fn time_and_audience_are_judged_as_the_contract_says() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    [times(world), default_leeway(world), lifetimes(world), audiences(world), bindings(world)]
        .into_iter()
        .flatten()
        .collect()
}

fn times(world: &World) -> Vec<Row> {
    let now = now() as f64;
    let cases = [
        (json!({"exp": ABSENT}), "exp_missing"),
        (json!({"exp": now - 200.0}), "ok"),
        (json!({"exp": now - 300.0}), "token_expired"),
        (json!({"exp": now - 86_400.0}), "token_expired"),
        (json!({"exp": 1}), "token_expired"),
        (json!({"exp": 0.5}), "token_expired"),
        (json!({"exp": now + 300.5}), "ok"),
        (json!({"exp": 1e10}), "ok"),
        (json!({"exp": 9_007_199_254_740_991_u64}), "ok"),
        (json!({"nbf": now + 200.0}), "ok"),
        (json!({"nbf": now + 900.0}), "not_yet_valid"),
        (json!({"nbf": now + 900.25}), "not_yet_valid"),
        (json!({"nbf": now - 1.25}), "ok"),
        (json!({"nbf": 1}), "ok"),
        (json!({"iat": now + 200.0}), "ok"),
        (json!({"iat": now + 900.0}), "not_yet_valid"),
        (json!({"iat": now - 0.75}), "ok"),
        (json!({"iat": ABSENT}), "ok"),
    ];
    let row = |(patch, reason): (Value, &'static str)| {
        Row::new(format!("claims {patch}, now {now}"), "a", reason).bearer(world.claiming(&patch)).by("corp")
    };
    cases.into_iter().map(row).collect()
}

fn default_leeway(world: &World) -> Vec<Row> {
    let now = now();
    let cases = [
        (json!({"exp": now - 5}), "ok"),
        (json!({"exp": now - 31}), "token_expired"),
        (json!({"nbf": now + 25}), "ok"),
        (json!({"nbf": now + 120}), "not_yet_valid"),
        (json!({"iat": now + 25}), "ok"),
        (json!({"iat": now + 120}), "not_yet_valid"),
    ];
    let row = |(mut patch, reason): (Value, &'static str)| {
        let name = format!("thirty seconds of leeway: claims {patch}, now {now}");
        patch["iss"] = world.narrow.url.clone().into();
        Row::new(name, "a", reason).bearer(world.token(&json!({"kid": "n-es"}), &patch)).by("narrow")
    };
    cases.into_iter().map(row).collect()
}

fn lifetimes(world: &World) -> Vec<Row> {
    let now = now() as f64;
    let cases = [
        (json!({"iat": now, "exp": now + 300.0}), "ok"),
        (json!({"iat": now, "exp": now + 301.0}), "lifetime_too_long"),
        (json!({"iat": now, "exp": now + 300.5}), "lifetime_too_long"),
        (json!({"iat": now - 3600.0, "exp": now + 60.0}), "lifetime_too_long"),
        (json!({"iat": ABSENT}), "lifetime_too_long"),
        (json!({"iat": null}), "lifetime_too_long"),
    ];
    let row = |(patch, reason): (Value, &'static str)| {
        Row::new(format!("claims {patch}"), "short", reason).bearer(world.claiming(&patch)).by("corp")
    };
    cases.into_iter().map(row).collect()
}

/// A token that is bound to a key (RFC 7800) is no bearer token.
fn bindings(world: &World) -> Vec<Row> {
    let mut rows = Vec::new();
    for (cnf, reason) in [
        (json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), "binding_required"),
        (json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}), "binding_required"),
        (json!({"x": "1"}), "binding_required"),
        (json!({"jkt": ""}), "binding_required"),
        (json!({}), "binding_required"),
        (json!(ABSENT), "ok"),
        (json!(null), "ok"),
    ] {
        let token = world.claiming(&json!({"cnf": cnf}));
        // Twice, since the second time it may be known.
        for nth in ["first", "again"] {
            let name = format!("cnf {cnf}, {nth}");
            rows.push(Row::new(format!("{name}, ignored"), "unbound", "ok").bearer(&token).by("corp"));
            rows.push(Row::new(name, "a", reason).bearer(&token).by("corp"));
        }
    }
    rows
}

fn audiences(world: &World) -> Vec<Row> {
    let cases = [
        (json!("api://a"), "ok"),
        (json!(["api://b", "api://a"]), "ok"),
        (json!(ABSENT), "audience_mismatch"),
        (json!(null), "audience_mismatch"),
        (json!("api://b"), "audience_mismatch"),
        (json!(""), "audience_mismatch"),
        (json!([]), "audience_mismatch"),
        (json!(["api://b", "api://c"]), "audience_mismatch"),
        (json!("api://A"), "audience_mismatch"),
        (json!("api://a/"), "audience_mismatch"),
        (json!("api://ab"), "audience_mismatch"),
        (json!("api://a api://b"), "audience_mismatch"),
    ];
    let mut rows = Vec::new();
    for (patch, reason) in [
        (json!({"aud": ABSENT, "client_id": "client-a"}), "ok"),
        (json!({"aud": "client-x", "client_id": "client-b"}), "ok"),
        (json!({"aud": "client-a", "client_id": "client-x"}), "audience_mismatch"),
        (json!({"aud": "client-a", "client_id": ABSENT}), "audience_mismatch"),
        (json!({"aud": "client-a", "client_id": null}), "audience_mismatch"),
        (json!({"client_id": ABSENT, "azp": "client-a"}), "audience_mismatch"),
        (json!({"client_id": "client-a,client-b"}), "audience_mismatch"),
    ] {
        let token = world.claiming(&patch);
        rows.push(Row::new(format!("claims {patch}"), "by-client", reason).bearer(&token).by("corp"));
    }
    for (aud, reason) in cases {
        let token = world.claiming(&json!({"aud": aud}));
        rows.push(Row::new(format!("aud {aud}"), "a", reason).bearer(&token).by("corp"));
        rows.push(Row::new(format!("aud {aud}, not checked"), "anyone", "ok").bearer(&token).by("corp"));
    }
    rows
}
