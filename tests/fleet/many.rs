//! Many gateways at one etcd, which all lose it and find it again at the same moment. Thirty in the long form.

use std::time::Duration;

use futures::future::join_all;
use testkit::{Etcd, Fleet, FleetStart, eventually};

use super::measure::write;

#[tokio::test]
async fn gateways_that_all_come_back_at_once_do_not_storm_etcd() {
    let gateways = if std::env::var_os("PORTCULLIS_LONG").is_some() { 30 } else { 5 };
    let fleet = Fleet::on(Etcd::start().await, FleetStart { gateways, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let before: Vec<u64> = fleet.members.iter().map(|member| member.connections()).collect();
    fleet.etcd.kill().await;
    let away = join_all(fleet.members.iter().map(|member| member.status("a"))).await;
    assert!(away.iter().all(|status| *status == 200), "{away:?}");
    fleet.etcd.start_again().await;
    eventually("writes are taken again", Duration::from_secs(20), async || {
        (write(&fleet, gateways - 1, "b").await.status == 201).then_some(())
    })
    .await;
    fleet.all_serve("b", 200).await;
    for (member, before) in fleet.members.iter().zip(before) {
        let opened = member.connections() - before;
        assert!(opened <= 20, "{opened} connections for one outage of a second or two");
    }
    let hashes = join_all(fleet.members.iter().map(|member| member.hash())).await;
    assert!(hashes.iter().all(|hash| *hash == hashes[0] && !hash.is_empty()), "{hashes:?}");
}
