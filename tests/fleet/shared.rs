//! What a fleet is for: a change at one member is live at all, and two writers do not overwrite each other.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
use testkit::{Fleet, eventually};

use super::measure::put;
use super::traffic::Traffic;

#[tokio::test]
async fn a_change_at_one_member_is_live_at_all_and_no_call_fails_meanwhile() {
    let fleet = Fleet::of(3).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    for (at, name) in [(0, "b"), (1, "c"), (2, "d")] {
        let revision = fleet.deploy(at, name).await;
        fleet.all_serve(name, 200).await;
        fleet.all_run(revision).await;
    }
    fleet.members[2].api().delete("/agents/b", If::Any).await.is(200);
    fleet.all_serve("b", 404).await;
    traffic.ends_without_a_failure().await;
    let head: Value =
        serde_json::from_str(&fleet.etcd.get("/portcullis/head").await.expect("a head")).expect("JSON");
    assert_eq!(head["revision"], 5, "{head}");
    let history = fleet.members[1].api().get("/revisions").await.is(200).json();
    assert_eq!(history["head"], 5, "{history}");
    assert_eq!(history["items"].as_array().map(Vec::len), Some(5), "{history}");
}

#[tokio::test]
async fn of_two_writers_at_once_one_makes_the_agent_and_numbers_have_no_gaps() {
    let fleet = Fleet::of(2).await;
    let (one, other) = (&fleet.members[0], &fleet.members[1]);
    for round in 0..10 {
        let name = format!("a{round}");
        let mine = json!({"route": format!("/{name}"), "upstream": fleet.upstream.url(), "auth": "public"});
        let theirs =
            json!({"route": format!("/{name}-x"), "upstream": fleet.upstream.url(), "auth": "public"});
        let (first, second) = tokio::join!(put(one, &name, &mine), put(other, &name, &theirs));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412], "{} / {}", first.text, second.text);
    }
    for round in 0..10 {
        // Others' resources do not stand in the way of either.
        let names = [format!("b{round}"), format!("c{round}")];
        let documents = [fleet.open(&names[0]), fleet.open(&names[1])];
        let (first, second) =
            tokio::join!(put(one, &names[0], &documents[0]), put(other, &names[1], &documents[1]));
        assert_eq!((first.status, second.status), (201, 201), "{} / {}", first.text, second.text);
    }
    let records = fleet.etcd.all("/portcullis/rev/").await;
    let mut numbers: Vec<u64> =
        records.keys().map(|key| key["/portcullis/rev/".len()..].parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=30).collect::<Vec<_>>());
    eventually("both run the same", Duration::from_secs(10), async || {
        let (mine, theirs) = (one.hash().await, other.hash().await);
        (mine == theirs && one.runs().await == 30 && other.runs().await == 30).then_some(())
    })
    .await;
}
