//! Writing from several gateways at once: who comes first, what the other is told, and what no gateway may write.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::{If, Reply};
use testkit::fleet::SOON;
use testkit::{Certificate, Etcd, Fleet, FleetStart, eventually};
use tokio::time::Instant;

/// What a client waits for at most, whatever becomes of etcd.
const ANSWERED: Duration = Duration::from_secs(5);

fn number(reply: &Reply) -> u64 {
    reply.json()["revision"].as_u64().unwrap_or_else(|| panic!("a revision in {}", reply.text))
}

/// The codes of the findings of a rejected document, and where they are.
fn found(reply: &Reply) -> Vec<(String, String)> {
    let said = reply.problem(422, "invalid");
    let findings = said["diagnostics"].as_array().expect("diagnostics");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings.iter().map(|finding| (text(&finding["code"]), text(&finding["path"]))).collect()
}

#[tokio::test]
async fn of_two_gateways_that_write_at_once_each_gets_a_number_of_its_own() {
    // As often as a write is tried again: more commits of the other one could overtake each of its tries.
    const EACH: usize = 5;
    let fleet = Fleet::of(2).await;
    let write = async |at: usize| {
        let mut numbers = Vec::new();
        for nth in 0..EACH {
            let name = format!("a{at}-{nth}");
            let path = format!("/agents/{name}");
            let reply = fleet.members[at].api().put(&path, If::Absent, &fleet.open(&name)).await;
            numbers.push(number(&reply.is(201)));
        }
        numbers
    };
    let (one, other) = tokio::join!(write(0), write(1));
    let mut numbers = [one, other].concat();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=2 * EACH as u64).collect::<Vec<_>>());
    fleet.all_run(2 * EACH as u64).await;
    eventually("both say that they run the same", SOON, async || {
        let members = fleet.members[0].api().get("/fleet").await.is(200).json()["members"].clone();
        let last = json!(2 * EACH as u64);
        let same = members[0]["hash"] == members[1]["hash"] && members[0]["hash"].is_string();
        (same && members[0]["revision"] == last && members[1]["revision"] == last).then_some(())
    })
    .await;
    for member in &fleet.members {
        let list = member.api().get("/revisions?limit=500").await.is(200).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(2 * EACH), "the history is the fleet's");
    }
    let kept = fleet.etcd.get("/portcullis/rev/1").await.expect("a record");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let first = fleet.members[1].api().get("/revisions/1").await.is(200).json();
    for member in ["number", "at", "who", "what", "commit"] {
        assert_eq!(kept[member], first[member], "{member} of {kept}");
    }
    let commit = first["commit"].as_str().expect("the id of the commit");
    let asked = fleet.members[0].api().get(&format!("/revisions?commit={commit}")).await.is(200).json();
    assert_eq!(asked["items"][0]["number"], 1, "{asked}");
    let none = fleet.members[0].api().get(&format!("/revisions?commit={}", "0".repeat(32))).await;
    assert_eq!(none.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn only_a_precondition_that_does_not_hold_any_more_fails() {
    let fleet = Fleet::of(2).await;
    let (one, other) = (fleet.members[0].api(), fleet.members[1].api());
    let made = one.put("/agents/a", If::Absent, &fleet.open("a")).await.is(201);
    // The other gateway need not have heard of it.
    let mut changed = fleet.open("a");
    changed["display_name"] = "Changed".into();
    let second = other.put("/agents/a", If::Tag(&made.tag()), &changed).await.is(200);
    assert_eq!(number(&second), 2);
    let stale = one.put("/agents/a", If::Tag(&made.tag()), &fleet.open("a")).await;
    let said = stale.problem(412, "precondition_failed");
    assert_eq!(said["head"]["revision"], 2, "{said}");
    assert!(said["head"]["at"].is_string() && said["head"]["who"].is_string(), "{said}");
    let there = other.put("/agents/a", If::Absent, &fleet.open("a")).await;
    assert_eq!(there.problem(412, "precondition_failed")["head"]["revision"], 2);

    // Somebody else's resource is no reason to fail.
    one.put("/agents/b", If::Absent, &fleet.open("b")).await.is(201);
    other.put("/agents/a", If::Any, &fleet.open("a")).await.is(200);
    let tag = one.tag("/agents/b").await;
    other.put("/agents/c", If::Absent, &fleet.open("c")).await.is(201);
    one.delete("/agents/b", If::Tag(&tag)).await.is(200);

    // A roll-back is a commit, and a revoked key stays revoked.
    let by_key = json!({"route": "/k", "upstream": fleet.upstream.url(), "auth": {"api_key": {}}});
    let with_key = number(&one.put("/agents/k", If::Absent, &by_key).await.is(201));
    let key = one.post("/api-keys", If::Unsaid, &json!({"agent": "k"})).await.is(201).json();
    let id = key["id"].as_str().expect("an id").to_owned();
    other.post(&format!("/api-keys/{id}/revoke"), If::Any, &json!({})).await.is(200);
    other.delete("/agents/c", If::Any).await.is(200);
    let before = one.get("/revisions").await.is(200).tag();
    let back = format!("/revisions/{with_key}/rollback");
    let old = one.post(&back, If::Tag("\"r1\""), &json!({})).await;
    assert!(old.problem(412, "precondition_failed")["head"]["revision"].as_u64() > Some(1));
    let rolled = eventually("the last revision is known", SOON, async || {
        let tag = one.get("/revisions").await.tag();
        let reply = one.post(&back, If::Tag(&tag), &json!({})).await;
        (reply.status != 412).then_some(reply)
    })
    .await;
    assert!(number(&rolled.is(200)) > with_key, "{before}");
    fleet.all_run(with_key + 1).await;
    let state = other.get(&format!("/api-keys/{id}")).await.is(200).json();
    assert_eq!(state["state"], "revoked", "{state}");
}

#[tokio::test]
async fn what_one_gateway_wrote_another_changes_at_once() {
    let fleet = Fleet::of(2).await;
    let (one, other) = (fleet.members[0].api(), fleet.members[1].api());
    let nothing = json!({});
    // None of these waits until the other gateway has heard of the one before.
    for nth in 0..5 {
        let agent = format!("/agents/k{nth}");
        let by_key =
            json!({"route": format!("/k{nth}"), "upstream": fleet.upstream.url(), "auth": {"api_key": {}}});
        let made = one.put(&agent, If::Absent, &by_key).await.is(201);
        let of_agent = json!({"agent": format!("k{nth}")});
        let key = other.post("/api-keys", If::Unsaid, &of_agent).await.is(201).json();
        let path = format!("/api-keys/{}", key["id"].as_str().expect("an id"));
        let next = one.post(&format!("{path}/rotate"), If::Any, &nothing).await.is(201).json();
        let next = format!("/api-keys/{}", next["id"].as_str().expect("an id"));
        other.post(&format!("{next}/revoke"), If::Any, &nothing).await.is(200);
        one.delete(&next, If::Any).await.is(200);
        let mut changed = by_key;
        changed["display_name"] = "Changed".into();
        other.put(&agent, If::Tag(&made.tag()), &changed).await.is(200);
        one.delete(&agent, If::Any).await.is(200);
        other.delete(&agent, If::Any).await.problem(404, "not_found");
    }
    for (method, path) in [("revoke", "/api-keys/AAAAAAAA/revoke"), ("rotate", "/api-keys/AAAAAAAA/rotate")] {
        let reply = other.post(path, If::Any, &nothing).await;
        assert_eq!(reply.status, 404, "{method}: {}", reply.text);
    }
    // Without the store nobody can say that there is no such key.
    fleet.members[1].cut_off();
    let unsure = other.post("/api-keys/AAAAAAAA/revoke", If::Any, &nothing).await;
    unsure.problem(503, "store_unavailable");
}

#[tokio::test]
async fn a_write_is_answered_within_five_seconds_whatever_becomes_of_its_connection() {
    let fleet = Fleet::of(1).await;
    let member = &fleet.members[0];
    fleet.deploy(0, "a").await;
    let timed = async |name: &str| {
        let began = Instant::now();
        let path = format!("/agents/{name}");
        let reply = member.api().put(&path, If::Absent, &fleet.open(name)).await;
        assert!(began.elapsed() < ANSWERED, "{:?}: {}", began.elapsed(), reply.text);
        reply
    };
    // The connection is dead, and a new one passes.
    member.cuts[0].let_die();
    let first = timed("b").await;
    if first.status != 201 {
        first.problem(503, "store_unavailable");
    }
    for away in [|cut: &testkit::Cut| cut.swallow(), |cut: &testkit::Cut| cut.cut()] {
        away(&member.cuts[0]);
        let refused = timed("c").await;
        refused.problem(503, "store_unavailable");
        assert_eq!(refused.header("retry-after"), "5");
        assert_eq!((member.status("a").await, member.status("c").await), (200, 404), "what runs goes on");
        member.reaches_again();
        let reply = eventually("it writes again", SOON, async || {
            let reply = member.apply("/agents/c", &fleet.open("c")).await;
            (reply.status < 300).then_some(reply)
        })
        .await;
        assert_eq!(member.status("c").await, 200, "{}", reply.text);
        member.api().delete("/agents/c", If::Any).await.is(200);
    }
}

#[tokio::test]
async fn what_members_share_names_nothing_of_one_member() {
    let pem = Certificate::for_name("upstream.example").pem;
    let start = FleetStart {
        gateways: 2,
        etcd: "shared_files: [corp-ca.pem]",
        files: &[("corp-ca.pem", &pem), ("other.pem", &pem)],
        ..FleetStart::default()
    };
    let fleet = Fleet::on(Etcd::start().await, start).await;
    let api = fleet.members[0].api();
    let with_ca = |file: &str| {
        let mut agent = fleet.open("a");
        agent["upstream"] = json!({"url": "https://127.0.0.1:9", "ca_file": file});
        agent
    };
    let provider = |member: &str, value: &str| json!({"issuer": "https://idp.example.com", member: value});
    for (path, document, pointer) in [
        ("/agents/a", with_ca("other.pem"), "/upstream/ca_file"),
        ("/agents/a", with_ca("./corp-ca.pem"), "/upstream/ca_file"),
        (
            "/agents/a",
            json!({"route": "/${HOME}", "upstream": "http://127.0.0.1:9", "auth": "public"}),
            "/route",
        ),
        ("/identity-providers/p", provider("jwks_file", "keys.json"), "/jwks_file"),
        ("/identity-providers/p", provider("public_key_file", "key.pem"), "/public_key_file"),
        ("/identity-providers/p", provider("ca_file", "/etc/ssl/ca.pem"), "/ca_file"),
    ] {
        let refused = api.put(path, If::Absent, &document).await;
        let wanted = ("local_reference".to_owned(), pointer.to_owned());
        assert!(found(&refused).contains(&wanted), "{}", refused.text);
    }
    let made = api.put("/agents/a", If::Absent, &with_ca("corp-ca.pem")).await.is(201);
    fleet.all_run(number(&made)).await;

    // A name that stands in one member's own file is one that this member cannot take from the store.
    let own = &fleet.members[1];
    let path = own.folder.path().join("portcullis.yaml");
    let mut text = std::fs::read_to_string(&path).expect("its configuration");
    writeln!(text, "agents:\n  own: {}", fleet.open("own")).expect("a string");
    std::fs::write(&path, text).expect("a writable file");
    eventually("it serves its own agent", SOON, async || (own.status("own").await == 200).then_some(()))
        .await;
    let made = api.put("/agents/own", If::Absent, &fleet.open("elsewhere")).await.is(201);
    eventually("it refuses the revision", SOON, async || {
        let status = own.status_page().await?;
        let refused = status["refused"]["diagnostics"].as_array()?.clone();
        refused.iter().any(|finding| finding["code"] == "duplicate-name").then_some(())
    })
    .await;
    assert_eq!((own.status("own").await, own.status("elsewhere").await), (200, 404));
    assert_eq!((fleet.members[0].status("elsewhere").await, number(&made)), (200, 2));
}

#[tokio::test]
async fn what_a_member_is_too_old_to_know_is_written_only_with_force() {
    let fleet = Fleet::of(1).await;
    let old = json!({
        "name": "old", "boot_id": "0", "version": "0.0.1", "features": ["agents", "identity_providers"],
        "revision": 0, "hash": "", "confirmed_age_ms": 0, "ready": true,
    });
    fleet.etcd.put("/portcullis/members/old", &old.to_string()).await;
    let api = fleet.members[0].api();
    eventually("it is seen", SOON, async || api.get("/fleet").await.text.contains("\"old\"").then_some(()))
        .await;
    let mut spoken = fleet.open("a");
    spoken["cors"] = json!({"allowed_origins": ["https://app.example.com"]});
    let refused = api.put("/agents/a", If::Absent, &spoken).await;
    let said = refused.problem(409, "not_understood_by");
    assert_eq!(said["members"], json!(["old"]), "{said}");
    api.put("/agents/b", If::Absent, &fleet.open("b")).await.is(201);
    api.put("/agents/a?force=true", If::Absent, &spoken).await.is(201);
}
