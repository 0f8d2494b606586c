//! Limits over the members of a fleet: each counts its share, which shrinks as soon as another comes, and grows some time after
//! one has gone; or they count in Redis, beside the etcd that says who they are.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
use testkit::fleet::{FleetMember, SOON};
use testkit::{Etcd, Fleet, FleetStart, Redis, eventually};
use tokio::time::Instant;

/// A public agent that all together may ask so often.
fn agent(fleet: &Fleet, name: &str, limit: &Value) -> Value {
    let mut agent = fleet.open(name);
    agent["limits"] = json!([limit]);
    agent
}

/// What is left of the agent's limit at this member.
async fn left(member: &FleetMember, agent: &str) -> Option<u64> {
    let told = member.api().post("/explain", If::Unsaid, &json!({"agent": agent})).await;
    told.json()["limits"][0]["left"].as_u64()
}

/// Waits until so much is left at each of these members.
async fn have(members: &[FleetMember], agent: &str, wanted: u64) {
    for member in members {
        let what = format!("{} has {wanted} left at {agent}", member.name);
        eventually(&what, SOON, async || (left(member, agent).await == Some(wanted)).then_some(())).await;
    }
}

#[tokio::test]
async fn members_let_in_the_limit_together_and_no_share_grows_before_another_has_shrunk() {
    let mut fleet = Fleet::of(3).await;
    let rate = json!({"name": "all", "per": "agent", "scope": "agent", "rate": "30/1h"});
    let places = json!({"name": "all", "per": "agent", "scope": "agent", "concurrent": 7});
    for (name, limit) in [("spent", &rate), ("kept", &rate), ("places", &places)] {
        let revision = fleet.members[0].create(&format!("/agents/{name}"), &agent(&fleet, name, limit)).await;
        fleet.all_run(revision).await;
    }
    have(&fleet.members, "spent", 10).await;
    have(&fleet.members, "places", 2).await;
    let mut admitted = [0; 3];
    for (member, admitted) in fleet.members.iter().zip(&mut admitted) {
        for _ in 0..13 {
            *admitted += usize::from(member.status("spent").await == 200);
        }
    }
    assert_eq!(admitted, [10, 10, 10], "of 30");

    fleet.members[2].gateway.signal("TERM").await;
    fleet.members[2].gateway.ended(SOON).await;
    let gone = Instant::now();
    have(&fleet.members[..2], "kept", 15).await;
    let grown = gone.elapsed();
    // It said goodbye a moment before it ended.
    assert!(grown > Duration::from_millis(1_200), "after {grown:?}");
    have(&fleet.members[..2], "places", 3).await;
    assert_eq!(left(&fleet.members[0], "spent").await, Some(0), "a larger share is not a full one");

    fleet.members[2].gateway.start_again().await;
    have(&fleet.members, "kept", 10).await;
}

#[tokio::test]
async fn a_limit_of_all_agents_that_is_put_at_one_member_is_enforced_at_the_others() {
    let mut fleet = Fleet::of(2).await;
    let revision = fleet.deploy(0, "a").await;
    fleet.all_run(revision).await;
    let limit = json!({"per": "agent", "scope": "agent", "rate": "8/1h"});
    let revision = fleet.members[0].create("/limits/all", &limit).await;
    fleet.all_run(revision).await;
    have(&fleet.members, "a", 4).await;
    let other = &fleet.members[1];
    for wanted in [200, 200, 200, 200, 429] {
        assert_eq!(other.status("a").await, wanted);
    }

    // Changed at the other one; what was spent there stays spent.
    let more = json!({"per": "agent", "scope": "agent", "rate": "12/1h"});
    let changed = other.api().put("/limits/all", If::Any, &more).await.is(200).json();
    fleet.all_run(changed["revision"].as_u64().expect("a revision")).await;
    have(&fleet.members[..1], "a", 6).await;
    have(&fleet.members[1..], "a", 2).await;

    // Who comes later reads it from the store, and counts by its share.
    fleet.join(FleetStart::default()).await;
    have(&fleet.members[2..], "a", 4).await;
    let gone = fleet.members[2].api().delete("/limits/all", If::Any).await.is(200).json();
    fleet.all_run(gone["revision"].as_u64().expect("a revision")).await;
    for member in &fleet.members {
        assert_eq!(member.status("a").await, 200, "{}", member.name);
        assert_eq!(left(member, "a").await, None, "{}", member.name);
    }
}

/// Waits until each member says that its Redis is there, or that it is not.
async fn linked(fleet: &Fleet, is_linked: bool) {
    for member in &fleet.members {
        eventually(&format!("{}: Redis is there: {is_linked}", member.name), SOON, async || {
            let up = member.gateway.metric("portcullis_shared_state_up", &[]).await;
            ((up > 0.0) == is_linked).then_some(())
        })
        .await;
    }
}

/// How many of so many requests at each member in turn are let in.
async fn admitted(fleet: &Fleet, agent: &str, each: usize) -> Vec<usize> {
    let mut admitted = vec![0; fleet.members.len()];
    for _ in 0..each {
        for (member, admitted) in fleet.members.iter().zip(&mut admitted) {
            *admitted += usize::from(member.status(agent).await == 200);
        }
    }
    admitted
}

#[tokio::test]
async fn members_that_etcd_names_count_in_redis_and_by_their_shares_while_it_is_away() {
    let redis = Redis::start().await;
    let server = format!(
        "  member: {{ name: gateway-{{n}} }}\n  state_dir: state\n  shared_state: {{ redis: {{ url: \"{}\", timeout: 1s }} }}\n",
        redis.url()
    );
    let fleet = Fleet::on(Etcd::start().await, FleetStart { server: &server, ..FleetStart::default() }).await;
    let limit = |counting: &str| json!({"name": "all", "per": "agent", "scope": "agent", "rate": "30/1h", "counting": counting});
    for (name, counting) in [("moves", "shared"), ("exact", "strict"), ("cut", "strict"), ("alone", "shared")]
    {
        let document = agent(&fleet, name, &limit(counting));
        let revision = fleet.members[0].create(&format!("/agents/{name}"), &document).await;
        fleet.all_run(revision).await;
    }
    linked(&fleet, true).await;
    assert_eq!(admitted(&fleet, "exact", 13).await.iter().sum::<usize>(), 30);
    let mut all = 0;
    eventually("one member lets in all that there is", SOON, async || {
        all += usize::from(fleet.members[0].status("moves").await == 200);
        (all >= 30).then_some(())
    })
    .await;
    fleet.all_serve("moves", 429).await;
    let more = admitted(&fleet, "moves", 5).await;
    assert!(more.iter().sum::<usize>() <= 1, "{more:?} after all was spent");

    // Who is there is known from etcd, and what is spent from Redis: neither needs the other.
    fleet.members[1].cuts.iter().for_each(testkit::Cut::cut);
    assert_eq!(admitted(&fleet, "cut", 13).await.iter().sum::<usize>(), 30, "one without etcd");
    fleet.members[1].cuts.iter().for_each(testkit::Cut::pass);

    redis.kill().await;
    linked(&fleet, false).await;
    assert_eq!(admitted(&fleet, "alone", 13).await, [10, 10, 10], "a third each");
    redis.start_again().await;
    linked(&fleet, true).await;
    for name in ["moves", "exact", "cut", "alone"] {
        let more = admitted(&fleet, name, 5).await;
        assert!(more.iter().sum::<usize>() <= 1, "{name}: {more:?} at an empty Redis");
    }
}
