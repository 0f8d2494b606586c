//! Three members of etcd, of which some cannot reach each other: the majority goes on, a minority takes no write, and a
//! gateway at the minority finds the majority.

use std::time::Duration;

use testkit::{Etcd, Fleet, FleetStart, eventually};

use super::measure::{is_unavailable, write};
use super::traffic::Traffic;

/// A new leader takes up to two seconds, and the gateway's own look up to eight; and a busy machine.
const MOVED: Duration = Duration::from_secs(20);

async fn fleet() -> Fleet {
    let fleet = Fleet::on(Etcd::of_three().await, FleetStart { gateways: 2, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    fleet
}

#[tokio::test]
async fn a_gateway_at_a_member_without_a_leader_moves_to_another() {
    let fleet = fleet().await;
    let traffic = Traffic::start(&fleet, "a");
    let pinned = fleet.members[0].cuts.iter().position(|cut| cut.open_connections() > 0);
    fleet.etcd.isolate(pinned.expect("a member of etcd")).await;
    eventually("writes go to the majority", MOVED, async || {
        let reply = write(&fleet, 0, "b").await;
        [201, 412].contains(&reply.status).then_some(())
    })
    .await;
    fleet.all_serve("b", 200).await;
    fleet.etcd.join_again();
    // What is sent to a member that has just found the others again may take longer than the gateway waits.
    eventually("writes are taken everywhere", MOVED, async || {
        [201, 412].contains(&write(&fleet, 1, "c").await.status).then_some(())
    })
    .await;
    fleet.all_serve("c", 200).await;
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn without_a_majority_nothing_is_written_and_calls_go_on() {
    let fleet = fleet().await;
    let traffic = Traffic::start(&fleet, "a");
    let before = fleet.members[0].runs().await;
    for member in &fleet.etcd.members[1..] {
        member.kill().await;
    }
    for at in [0, 1] {
        is_unavailable(&write(&fleet, at, "b").await);
        assert_eq!((fleet.members[at].runs().await, fleet.members[at].readyz().await), (before, 200));
    }
    fleet.etcd.start_again().await;
    eventually("writes are taken again", MOVED, async || {
        (write(&fleet, 0, "c").await.status == 201).then_some(())
    })
    .await;
    fleet.all_serve("c", 200).await;
    fleet.all_serve("b", 404).await;
    traffic.ends_without_a_failure().await;
}
