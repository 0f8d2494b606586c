//! Commits that another version of the gateway could make, or nobody could: what a member does not understand, or what does
//! not add up, is never applied.

use serde_json::{Value, json};
use testkit::{Fleet, eventually};

use super::measure::write;

/// What settled 9 says: hex of SHA-256 over `kind/name NUL hex(SHA-256(text)) LF` for each resource, in byte order.
fn hash(resources: &[(String, String)]) -> String {
    let mut all = String::new();
    for (name, text) in resources {
        all += &format!("{name}\0{}\n", hex(text));
    }
    hex(&all)
}

fn hex(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Commits a resource in the way that the contract says, as a member of another version would.
async fn commit(fleet: &Fleet, name: &str, text: &str, sha256: Option<&str>) -> u64 {
    let mut head: Value =
        serde_json::from_str(&fleet.etcd.get("/portcullis/head").await.expect("a head")).expect("JSON");
    let folder = format!("/portcullis/g/{}/", head["generation"]);
    let stored = fleet.etcd.all(&folder).await;
    let mut resources: Vec<(String, String)> =
        stored.into_iter().map(|(key, stored)| (key[folder.len()..].to_owned(), stored.value)).collect();
    resources.retain(|(there, _)| there != name);
    resources.push((name.to_owned(), text.to_owned()));
    resources.sort();
    let number = head["revision"].as_u64().expect("a number") + 1;
    head["revision"] = number.into();
    head["sha256"] = sha256.map_or_else(|| hash(&resources), str::to_owned).into();
    head["commit"] = format!("{number:032x}").into();
    let change = json!({"resource": name, "action": "created", "from": null, "to": text});
    let record = json!({
        "number": number, "at": head["at"], "who": "another version", "what": format!("create {name}"),
        "commit": head["commit"], "changes": [change],
    });
    let put = |key: String, value: &str| json!({"requestPut": {"key": testkit::etcd::coded(&key), "value": testkit::etcd::coded(value)}});
    let writes = [
        put(format!("{folder}{name}"), text),
        put(format!("/portcullis/rev/{number}"), &record.to_string()),
        put("/portcullis/head".to_owned(), &head.to_string()),
    ];
    assert!(fleet.etcd.txn(&json!({"success": writes})).await);
    number
}

#[tokio::test]
async fn the_layout_is_the_one_of_the_contract() {
    let fleet = Fleet::of(1).await;
    fleet.deploy(0, "a").await;
    fleet.deploy(0, "b").await;
    let head: Value =
        serde_json::from_str(&fleet.etcd.get("/portcullis/head").await.expect("a head")).expect("JSON");
    let folder = format!("/portcullis/g/{}/", head["generation"]);
    let stored = fleet.etcd.all(&folder).await;
    let resources: Vec<(String, String)> =
        stored.into_iter().map(|(key, stored)| (key[folder.len()..].to_owned(), stored.value)).collect();
    let names: Vec<&str> = resources.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["agents/a", "agents/b"]);
    assert_eq!(head["sha256"], hash(&resources), "{head}");
    for field in ["store_id", "at", "who", "commit"] {
        assert!(head[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {head}");
    }
    assert_eq!(head["revision"], 2);
    let record = fleet.etcd.get("/portcullis/rev/2").await.expect("a record");
    let record: Value = serde_json::from_str(&record).expect("JSON");
    assert_eq!((&record["number"], &record["commit"]), (&json!(2), &head["commit"]), "{record}");
    // And the other way round: what somebody else writes by the contract is applied.
    let text = format!("route: /c\nupstream: {}\nauth: public\n", fleet.upstream.url());
    commit(&fleet, "agents/c", &text, None).await;
    fleet.all_serve("c", 200).await;
}

#[tokio::test]
async fn a_kind_that_this_version_does_not_know_is_refused_and_what_runs_goes_on() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    commit(&fleet, "unheard/x", "of: this\n", None).await;
    for (at, member) in fleet.members.iter().enumerate() {
        eventually(&format!("gateway-{at} says so"), testkit::fleet::SOON, async || {
            let status = member.status_page().await?;
            status["refused"].to_string().contains("unheard/x").then_some(())
        })
        .await;
        assert_eq!((member.status("a").await, member.readyz().await, member.runs().await), (200, 200, 1));
    }
}

#[tokio::test]
async fn resources_that_do_not_add_up_to_the_hash_are_never_applied() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let text = format!("route: /b\nupstream: {}\nauth: public\n", fleet.upstream.url());
    let number = commit(&fleet, "agents/b", &text, Some(&"0".repeat(64))).await;
    for (at, member) in fleet.members.iter().enumerate() {
        member.is_in_state("torn").await;
        assert_eq!(
            (member.status("a").await, member.status("b").await, member.readyz().await),
            (200, 404, 200)
        );
        write(&fleet, at, "c").await.problem(503, "torn_read");
    }
    // Whoever tears it can close it.
    let head = fleet.etcd.get("/portcullis/head").await.expect("a head");
    let stored = fleet.etcd.all("/portcullis/g/1/").await;
    let resources: Vec<(String, String)> = stored
        .into_iter()
        .map(|(key, stored)| (key["/portcullis/g/1/".len()..].to_owned(), stored.value))
        .collect();
    fleet.etcd.put("/portcullis/head", &head.replace(&"0".repeat(64), &hash(&resources))).await;
    fleet.all_serve("b", 200).await;
    fleet.all_run(number).await;
}
