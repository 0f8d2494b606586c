//! What `check` says of a configuration whose resources are in etcd.

use testkit::{Etcd, Fleet, FleetStart, Start, portcullis};

#[tokio::test]
async fn check_contacts_the_store_only_when_it_is_told_to_try() {
    let start = || FleetStart { gateways: 1, ..FleetStart::default() };
    let fleet = Fleet::on(Etcd::start().await, start()).await;
    fleet.deploy(0, "first").await;
    let settings = format!("endpoints: [{:?}]", fleet.etcd.endpoints()[0]);
    let place = Start { etcd: Some(&settings), ..Start::default() }.place();
    let check = async |args: &[&str]| portcullis(place.folder.path(), &[&["check"], args].concat()).await;
    let tried = check(&["--bind"]).await;
    assert!(tried.code == Some(0) && tried.out.contains("valid: 1 agent, "), "{tried:?}");
    fleet.etcd.kill().await;
    let tried = check(&["--bind"]).await;
    assert!(tried.code == Some(1) && tried.err.contains("etcd cannot be reached"), "{tried:?}");
    let alone = check(&[]).await;
    assert!(alone.code == Some(0) && alone.out.contains("valid: 0 agents, "), "{alone:?}");
    assert!(alone.err.contains("not read: what the store in etcd holds"), "{alone:?}");
}
