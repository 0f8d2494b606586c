//! etcd's database is full: nothing is written, and everything runs, until an operator makes room.

use testkit::{EtcdStart, Fleet, FleetStart};

use super::measure::write;
use super::page::{Shell, block};
use super::traffic::Traffic;

/// Room for a fleet's own keys, and for a few fillers.
const QUOTA: &str = "1048576";
const FILLER: usize = 1 << 18;

#[tokio::test]
async fn a_full_etcd_refuses_writes_as_a_full_disk_does_until_the_commands_of_the_page_were_run() {
    let etcd = EtcdStart { args: &["--quota-backend-bytes", QUOTA], ..EtcdStart::default() }.start().await;
    let fleet = Fleet::on(etcd, FleetStart { gateways: 2, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    let filler = "x".repeat(FILLER);
    let mut filled = 0;
    while fleet.etcd.try_put("/others/large", &filler).await.is_ok() {
        filled += 1;
        assert!(filled < 20, "the quota is never reached");
    }
    for at in [0, 1] {
        write(&fleet, at, "b").await.problem(507, "store_failed");
        assert_eq!(fleet.members[at].readyz().await, 200);
    }
    let shell = Shell::at(&fleet.etcd, fleet.members[0].folder.path());
    shell.run(&block("full")).await;
    write(&fleet, 0, "b").await.is(201);
    write(&fleet, 1, "c").await.is(201);
    fleet.all_serve("b", 200).await;
    fleet.all_serve("c", 200).await;
    traffic.ends_without_a_failure().await;
}
