//! Limits over the members of a fleet: each counts its share, which shrinks as soon as another comes, and grows some time after
//! one has gone.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
use testkit::fleet::{FleetMember, SOON};
use testkit::{Fleet, eventually};
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
