//! What a proven caller may: rules over scopes and claims, and claims that cannot be written as a header.

use serde_json::{Value, json};

use super::row::Row;
use super::world::{ABSENT, World};

#[tokio::test]
async fn rules_are_judged_as_the_contract_says() {
    let world = World::new().await;
    world.run(&rows(&world)).await;
}

pub(super) fn rows(world: &World) -> Vec<Row> {
    [scopes(world), rules(world), patterns(world), headers(world)].into_iter().flatten().collect()
}

fn scopes(world: &World) -> Vec<Row> {
    let cases = [
        (json!({"scope": "b:read a:read z:write"}), "ok"),
        (json!({"scope": "c:write x a:read   b:read"}), "ok"),
        (json!({"scope": ABSENT, "scp": ["a:read", "b:read", "c:write"]}), "ok"),
        (json!({"scope": ABSENT, "scp": "a:read b:read c:write"}), "ok"),
        (json!({"scope": "a:read b:read", "scp": ["z:write"]}), "ok"),
        (json!({"scope": ["a:read", "b:read", "c:write"]}), "ok"),
        (json!({"scope": ["a:read", "b:read"], "scp": ["z:write"]}), "ok"),
        (json!({"scope": ["a:read", "b:read"]}), "scope_missing"),
        (json!({"scope": ["a:read b:read z:write"]}), "scope_missing"),
        (json!({"scope": []}), "scope_missing"),
        (json!({"scope": null}), "scope_missing"),
        (json!({"scope": null, "scp": ["a:read", "b:read", "c:write"]}), "ok"),
        (json!({"scope": "a:read", "scp": "b:read z:write"}), "ok"),
        (json!({"scope": ABSENT}), "scope_missing"),
        (json!({"scope": ""}), "scope_missing"),
        (json!({"scope": "a:read z:write"}), "scope_missing"),
        (json!({"scope": "a:read b:read"}), "scope_missing"),
        (json!({"scope": "A:READ b:read z:write"}), "scope_missing"),
        (json!({"scope": "a:read b:reader z:write"}), "scope_missing"),
        (json!({"scope": "a:read,b:read,z:write"}), "scope_missing"),
        (json!({"scope": ABSENT, "scp": []}), "scope_missing"),
        (json!({"scope": ABSENT, "scp": ["a:read b:read z:write"]}), "scope_missing"),
        (json!({"scope": ABSENT, "scopes": "a:read b:read z:write"}), "scope_missing"),
    ];
    let row = |(patch, reason): (Value, &'static str)| {
        Row::new(format!("claims {patch}"), "scoped", reason).bearer(world.claiming(&patch)).by("corp")
    };
    cases.into_iter().map(row).collect()
}

/// Claims that meet every rule of the agent `ruled`.
pub(super) fn fitting() -> Value {
    json!({"tenant": "acme", "level": 3, "org": {"unit": "x"}, "https://x.y/z": "yes", "roles": ["user", "ops"]})
}

fn rules(world: &World) -> Vec<Row> {
    let cases = [
        (json!({}), "ok"),
        (json!({"tenant": "globex"}), "ok"),
        (json!({"tenant": ["x", "acme"]}), "ok"),
        (json!({"tenant": ABSENT}), "claim_mismatch"),
        (json!({"tenant": "Acme"}), "claim_mismatch"),
        (json!({"tenant": "acme "}), "claim_mismatch"),
        (json!({"tenant": null}), "claim_mismatch"),
        (json!({"tenant": []}), "claim_mismatch"),
        (json!({"tenant": ["x"]}), "claim_mismatch"),
        (json!({"tenant": [["acme"]]}), "claim_mismatch"),
        (json!({"tenant": {"acme": true}}), "claim_mismatch"),
        (json!({"level": true}), "ok"),
        (json!({"level": [1, 3]}), "ok"),
        (json!({"level": "3"}), "claim_mismatch"),
        (json!({"level": "true"}), "claim_mismatch"),
        (json!({"level": 4}), "claim_mismatch"),
        (json!({"level": false}), "claim_mismatch"),
        (json!({"level": 1}), "claim_mismatch"),
        (json!({"org": {"unit": "y"}}), "claim_mismatch"),
        (json!({"org": "x"}), "claim_mismatch"),
        (json!({"org": [{"unit": "x"}]}), "claim_mismatch"),
        (json!({"org": {"unit": ["y", "x"]}}), "ok"),
        (json!({"org.unit": "y"}), "claim_mismatch"),
        (json!({"org.unit": "x", "org": {"unit": "y"}}), "ok"),
        (json!({"org.unit": "x", "org": ABSENT}), "ok"),
        (json!({"https://x.y/z": "no"}), "claim_mismatch"),
        (json!({"https://x.y/z": ABSENT, "https://x": {"y/z": "yes"}}), "ok"),
        (json!({"roles": "ops"}), "ok"),
        (json!({"roles": ["admin"]}), "ok"),
        (json!({"roles": []}), "claim_mismatch"),
        (json!({"roles": "admin ops"}), "claim_mismatch"),
        (json!({"roles": ABSENT}), "claim_mismatch"),
        (json!({"roles": ABSENT, "root": true}), "ok"),
        (json!({"roles": ABSENT, "root": "true"}), "claim_mismatch"),
        (json!({"roles": ABSENT, "root": 1}), "claim_mismatch"),
    ];
    let row = |(patch, reason): (Value, &'static str)| {
        let mut claims = fitting();
        for (name, value) in patch.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        Row::new(format!("claims {patch}"), "ruled", reason).bearer(world.claiming(&claims)).by("corp")
    };
    cases.into_iter().map(row).collect()
}

/// Values with an asterisk at the end, and names of members.
fn patterns(world: &World) -> Vec<Row> {
    let cases = [
        (json!({"repo": "org/a"}), "ok"),
        (json!({"repo": ["x", "org/a"]}), "ok"),
        (json!({"repo": "organisation/a"}), "claim_mismatch"),
        (json!({"repo": "x/org/a"}), "claim_mismatch"),
        (json!({"repo": {"org/a": 1}}), "claim_mismatch"),
        (json!({"urn:roles": {"admin": {"17": "acme.test"}}}), "ok"),
        (json!({"urn:roles": {"ops-eu": {}}}), "ok"),
        (json!({"urn:roles": {"user": {"admin": 1}}}), "claim_mismatch"),
        (json!({"urn:roles": {"administrator": {}}}), "claim_mismatch"),
        (json!({"urn:roles": ["admin"]}), "claim_mismatch"),
        (json!({"urn:roles": "admin"}), "claim_mismatch"),
        (json!({}), "claim_mismatch"),
    ];
    let row = |(patch, reason): (Value, &'static str)| {
        Row::new(format!("claims {patch}"), "patterned", reason).bearer(world.claiming(&patch)).by("corp")
    };
    cases.into_iter().map(row).collect()
}

fn headers(world: &World) -> Vec<Row> {
    let cases = [
        (json!(ABSENT), "ok"),
        (json!(null), "ok"),
        (json!("a, b"), "ok"),
        (json!(["a", 1, true]), "ok"),
        (json!("a\nb"), "claim_mismatch"),
        (json!("a\u{0}b"), "claim_mismatch"),
        (json!("\u{7f}"), "claim_mismatch"),
        (json!("ä"), "claim_mismatch"),
        (json!(["a", "b,c"]), "claim_mismatch"),
        (json!(["a", "b\r\nX-Admin: 1"]), "claim_mismatch"),
        (json!({"a": 1}), "claim_mismatch"),
        (json!([{"a": 1}]), "claim_mismatch"),
    ];
    let row = |(note, reason): (Value, &'static str)| {
        let token = world.claiming(&json!({"note": note}));
        Row::new(format!("as a header: {note}"), "titled", reason).bearer(token).by("corp")
    };
    cases.into_iter().map(row).collect()
}
