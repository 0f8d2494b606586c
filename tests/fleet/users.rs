//! Users of etcd: switched on under a running fleet, taken away and given back, with too few rights, with dead tokens.

use std::time::Duration;

use testkit::{Etcd, Fleet, FleetStart, eventually};

use super::measure::{put, write};
use super::traffic::Traffic;

/// What the settings say of a user.
const USER: &str = "username: portcullis, password_file: etcd.password";
const PASSWORD: &[(&str, &str)] = &[("etcd.password", "secret\n")];
/// The documented rights of a member that writes.
const WRITER: &[(&str, &str)] = &[("READWRITE", "/portcullis/")];
/// And of one that only reads, and says that it is there.
const READER: &[(&str, &str)] = &[
    ("READ", "/portcullis/format"),
    ("READ", "/portcullis/head"),
    ("READ", "/portcullis/g/"),
    ("READ", "/portcullis/rev/"),
    ("READ", "/portcullis/deny/"),
    ("READ", "/portcullis/deny-head"),
    ("READWRITE", "/portcullis/members/"),
    ("READWRITE", "/portcullis/seen/"),
];
/// Settled 14: tokens that die cost a writer this much at most; and what a busy machine adds.
const TOKENS: Duration = Duration::from_secs(14);

fn with_user(gateways: usize) -> FleetStart<'static> {
    FleetStart { gateways, etcd: USER, files: PASSWORD, ..FleetStart::default() }
}

async fn writes_again(fleet: &Fleet, at: usize, agent: &str) {
    eventually("writes are taken", TOKENS, async || {
        (write(fleet, at, agent).await.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn members_without_a_user_go_on_when_users_are_switched_on_and_say_what_is_missing() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    fleet.etcd.auth_on().await;
    for at in [0, 1] {
        let said = write(&fleet, at, "b").await.problem(409, "read_only");
        let detail = said["detail"].as_str().expect("a text");
        assert!(detail.contains("user"), "{detail}");
        assert_eq!(fleet.members[at].readyz().await, 200);
    }
    fleet.etcd.auth_off().await;
    writes_again(&fleet, 0, "b").await;
    fleet.all_serve("b", 200).await;
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn a_password_is_there_for_the_day_on_which_users_are_switched_on() {
    let etcd = Etcd::start().await;
    let fleet = Fleet::on(etcd, with_user(2)).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    fleet.etcd.add_user("portcullis", "secret", WRITER).await;
    fleet.etcd.auth_on().await;
    writes_again(&fleet, 0, "b").await;
    fleet.all_serve("b", 200).await;
    // Every token dies with a change of users; the file says which password counts now.
    fleet.etcd.change_password("portcullis", "another").await;
    for member in &fleet.members {
        std::fs::write(member.folder.path().join("etcd.password"), "another\n")
            .expect("the password is replaced");
    }
    writes_again(&fleet, 1, "c").await;
    fleet.all_serve("c", 200).await;
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn a_user_that_is_deleted_and_made_again_is_noticed_both_times() {
    let etcd = Etcd::start().await;
    etcd.add_user("portcullis", "secret", WRITER).await;
    etcd.auth_on().await;
    let fleet = Fleet::on(etcd, with_user(2)).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    fleet.etcd.delete_user("portcullis").await;
    for at in [0, 1] {
        write(&fleet, at, "b").await.problem(409, "read_only");
    }
    fleet.etcd.add_user("portcullis", "secret", WRITER).await;
    writes_again(&fleet, 0, "b").await;
    fleet.all_serve("b", 200).await;
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn a_reader_follows_and_is_told_which_right_it_lacks() {
    let etcd = Etcd::start().await;
    etcd.add_user("portcullis", "secret", WRITER).await;
    etcd.add_user("reader", "secret", READER).await;
    etcd.auth_on().await;
    let mut fleet = Fleet::on(etcd, with_user(1)).await;
    fleet.deploy(0, "a").await;
    let settings = "username: reader, password_file: etcd.password";
    fleet.join(FleetStart { etcd: settings, ..with_user(1) }).await;
    fleet.all_serve("a", 200).await;
    let said = put(&fleet.members[1], "b", &fleet.open("b")).await.problem(409, "read_only");
    let detail = said["detail"].as_str().expect("a text");
    assert!(detail.contains("permission") || detail.contains("right"), "{detail}");
    fleet.deploy(0, "c").await;
    fleet.all_serve("c", 200).await;
    assert_eq!(fleet.members[1].store_state().await, "ok");
}
