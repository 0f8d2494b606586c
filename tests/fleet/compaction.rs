//! Compaction, while others are busy in the same etcd and the fleet is quiet: apisix#12514, where a gateway skipped what it
//! had not seen.

use futures::future::join_all;
use testkit::fleet::SOON;
use testkit::{EtcdStart, Fleet, FleetStart, eventually};

/// Writes under another prefix, and forgets all but the last ten revisions now and then.
async fn others_are_busy(fleet: &Fleet) {
    for hundred in 0..10 {
        let value = hundred.to_string();
        let keys: Vec<String> = (0..100).map(|nth| format!("/others/{nth}")).collect();
        join_all(keys.iter().map(|key| fleet.etcd.put(key, &value))).await;
        let now = fleet.etcd.revision().await;
        fleet.etcd.compact(now - 10).await;
    }
}

#[tokio::test]
async fn a_quiet_fleet_beside_a_busy_one_misses_nothing_when_etcd_forgets() {
    let args = ["--auto-compaction-mode", "revision", "--auto-compaction-retention", "10"];
    let etcd = EtcdStart { args: &args, ..EtcdStart::default() }.start().await;
    let fleet = Fleet::on(etcd, FleetStart { gateways: 2, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    others_are_busy(&fleet).await;
    fleet.deploy(0, "b").await;
    fleet.all_serve("b", 200).await;
    // And a member that is away while it happens.
    let away = &fleet.members[1];
    away.cut_off();
    fleet.deploy(0, "c").await;
    others_are_busy(&fleet).await;
    away.reaches_again();
    fleet.all_serve("c", 200).await;
    // It may have heard of `c` just before it was cut off, and writes once it has found its way back.
    eventually("it writes again", SOON, async || {
        let reply = away.apply("/agents/e", &fleet.open("e")).await;
        (reply.status < 300).then_some(())
    })
    .await;
    let revision = fleet.deploy(1, "d").await;
    fleet.all_run(revision).await;
    assert_eq!(fleet.members[0].hash().await, fleet.members[1].hash().await);
}
