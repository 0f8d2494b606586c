//! etcd's database is full: nothing is written, and everything runs.

use testkit::{EtcdStart, Fleet, FleetStart};

use super::measure::write;
use super::traffic::Traffic;

#[tokio::test]
async fn a_full_etcd_refuses_writes_as_a_full_disk_does() {
    let etcd =
        EtcdStart { args: &["--quota-backend-bytes", "8388608"], ..EtcdStart::default() }.start().await;
    let fleet = Fleet::on(etcd, FleetStart { gateways: 2, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    let megabyte = "x".repeat(1 << 20);
    let mut filled = 0;
    while fleet.etcd.try_put("/others/large", &megabyte).await.is_ok() {
        filled += 1;
        assert!(filled < 20, "the quota is never reached");
    }
    for at in [0, 1] {
        write(&fleet, at, "b").await.problem(507, "store_failed");
        assert_eq!(fleet.members[at].readyz().await, 200);
    }
    traffic.ends_without_a_failure().await;
}
