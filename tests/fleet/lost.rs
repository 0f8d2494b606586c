//! A store that is no longer the one it was: wiped, restored from a backup, another one, or one that went another way. What
//! runs stays, and a person decides.

use std::time::Duration;

use testkit::{Cut, Etcd, Fleet, FleetStart, eventually};

use super::measure::{needs_a_person, write, writes_until};
use super::traffic::Traffic;

/// A look every 5.5 s at most, and what etcd takes to come back.
const NOTICED: Duration = Duration::from_secs(20);

/// Two gateways with one agent, `a`.
async fn fleet() -> (Fleet, Traffic) {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    (fleet, traffic)
}

/// Every member notices, serves what it served, and refuses writes with this code.
async fn all_refuse(fleet: &Fleet, state: &str) {
    let code = format!("store_{state}");
    for (at, member) in fleet.members.iter().enumerate() {
        writes_until(fleet, at, "never", &[&code], NOTICED).await;
        needs_a_person(&write(fleet, at, "never").await, &code);
        assert_eq!((member.status("a").await, member.readyz().await), (200, 200));
        member.is_in_state(state).await;
    }
}

#[tokio::test]
async fn a_store_that_is_wiped_has_vanished_and_is_never_an_empty_configuration() {
    let (mut fleet, traffic) = fleet().await;
    let snapshot = fleet.members[1].folder.path().join("state/store.snapshot");
    eventually("what runs is on the disk", NOTICED, async || snapshot.exists().then_some(())).await;
    fleet.etcd.wipe().await;
    all_refuse(&fleet, "vanished").await;
    traffic.ends_without_a_failure().await;
    // Nor is it for a member that starts meanwhile: what it ran last is on its disk.
    let restarted = &mut fleet.members[1].gateway;
    restarted.kill().await;
    restarted.start_at_all().await;
    restarted.is_ready().await;
    all_refuse(&fleet, "vanished").await;
}

#[tokio::test]
async fn a_store_that_lost_its_head_alone_has_vanished() {
    let (fleet, traffic) = fleet().await;
    let head = fleet.etcd.get("/portcullis/head").await.expect("a head");
    assert!(fleet.etcd.delete("/portcullis/head").await);
    all_refuse(&fleet, "vanished").await;
    fleet.etcd.put("/portcullis/head", &head).await;
    writes_until(&fleet, 0, "b", &["201"], NOTICED).await;
    fleet.all_serve("b", 200).await;
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn a_restored_backup_is_regressed_and_what_then_goes_another_way_is_forked() {
    let (mut fleet, traffic) = fleet().await;
    let backup = fleet.etcd.save("backup").await;
    let revision = fleet.deploy(0, "b").await;
    fleet.all_run(revision).await;
    fleet.etcd.restore(&backup).await;
    all_refuse(&fleet, "regressed").await;
    fleet.all_serve("b", 200).await;
    // A member that never saw more than the backup goes on from there, and makes a second revision of its own.
    fleet.join(FleetStart::default()).await;
    fleet.deploy(2, "c").await;
    fleet.deploy(2, "d").await;
    let newcomer = fleet.members.pop().expect("the newcomer");
    all_refuse(&fleet, "forked").await;
    fleet.all_serve("b", 200).await;
    assert_eq!((newcomer.status("b").await, newcomer.status("d").await), (404, 200));
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn another_cluster_behind_the_same_endpoints_is_foreign_until_the_old_one_is_back() {
    let (fleet, traffic) = fleet().await;
    let other = Fleet::on(Etcd::start().await, FleetStart { gateways: 1, ..FleetStart::default() }).await;
    for name in ["x", "y", "z"] {
        other.deploy(0, name).await;
    }
    let lead_to = |port: u16| {
        for cut in fleet.members.iter().flat_map(|member| &member.cuts) {
            cut.redirect(port);
            Cut::end_connections(cut);
        }
    };
    lead_to(other.etcd.members[0].port);
    all_refuse(&fleet, "foreign").await;
    fleet.all_serve("x", 404).await;
    lead_to(fleet.etcd.members[0].port);
    for member in &fleet.members {
        member.is_in_state("ok").await;
    }
    write(&fleet, 1, "b").await.is(201);
    fleet.all_serve("b", 200).await;
    traffic.ends_without_a_failure().await;
}
