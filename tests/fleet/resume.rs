//! After a disaster a person says what the fleet follows: what a member ran, or what etcd has.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use testkit::{Etcd, Fleet, FleetStart, eventually};

use crate::moving::{head, is_done, is_refused, store};

#[tokio::test]
async fn a_store_that_was_wiped_is_resumed_from_what_a_member_runs() {
    let fleet =
        Fleet::on(Etcd::start().await, FleetStart { gateways: 2, server: SERVER, ..FleetStart::default() })
            .await;
    let revision = fleet.deploy(0, "a").await;
    fleet.all_run(revision).await;
    let id = head(&fleet.etcd).await["store_id"].clone();
    let folder = fleet.members[0].gateway.folder.path().to_owned();
    has_snapshot(&folder, revision).await;
    fleet.etcd.wipe().await;
    for member in &fleet.members {
        member.is_in_state("vanished").await;
    }
    fleet.all_serve("a", 200).await;
    is_refused(&store(&folder, "resume --from-member gateway-1").await, "configuration of gateway-0");
    is_refused(&store(&folder, "resume --accept 1").await, "no head to accept");

    let ran = store(&folder, "resume --from-member gateway-0 --wait fleet").await;
    is_done(&ran);
    assert!(ran.out.contains("2 of 2 members run"), "{ran:?}");
    for member in &fleet.members {
        member.is_in_state("ok").await;
    }
    let now = head(&fleet.etcd).await;
    assert_eq!((&now["store_id"], &now["revision"]), (&id, &json!(revision + 1)));
    let after = fleet.deploy(1, "b").await;
    assert_eq!(after, revision + 2);
    fleet.all_serve("b", 200).await;
}

#[tokio::test]
async fn a_store_of_another_id_is_not_applied_until_a_person_says_what_is_right() {
    let start = FleetStart { gateways: 1, server: SERVER, ..FleetStart::default() };
    let fleet = Fleet::on(Etcd::start().await, start).await;
    let revision = fleet.deploy(0, "a").await;
    let id = head(&fleet.etcd).await["store_id"].clone();
    let folder = fleet.members[0].gateway.folder.path().to_owned();
    has_snapshot(&folder, revision).await;
    fleet.etcd.wipe().await;
    is_done(&store(&folder, "init").await);
    assert_ne!(head(&fleet.etcd).await["store_id"], id);
    fleet.members[0].is_in_state("foreign").await;
    fleet.all_serve("a", 200).await;
    is_done(&store(&folder, "resume --from-member gateway-0 --wait fleet").await);
    let now = head(&fleet.etcd).await;
    assert_eq!((&now["store_id"], &now["revision"]), (&id, &json!(revision + 1)));
    fleet.members[0].is_in_state("ok").await;
    fleet.all_serve("a", 200).await;
}

#[tokio::test]
async fn a_store_that_went_back_is_accepted_or_resumed_from_a_member() {
    for from_member in [false, true] {
        let start = FleetStart { gateways: 2, server: SERVER, ..FleetStart::default() };
        let fleet = Fleet::on(Etcd::start().await, start).await;
        let early = fleet.deploy(0, "a").await;
        let saved = fleet.etcd.save("early").await;
        let late = fleet.deploy(0, "b").await;
        fleet.all_run(late).await;
        let folder = fleet.members[0].gateway.folder.path().to_owned();
        has_snapshot(&folder, late).await;
        fleet.etcd.restore(&saved).await;
        for member in &fleet.members {
            member.is_in_state("regressed").await;
        }
        fleet.all_serve("b", 200).await;
        is_refused(
            &store(&folder, &format!("resume --accept {late}")).await,
            &format!("at revision {early}, not at"),
        );
        let truth =
            if from_member { "--from-member gateway-0".to_owned() } else { format!("--accept {early}") };
        let ran = store(&folder, &format!("resume {truth} --wait fleet")).await;
        is_done(&ran);
        assert_eq!(head(&fleet.etcd).await["revision"], json!(late + 1));
        for member in &fleet.members {
            member.is_in_state("ok").await;
        }
        fleet.all_serve("a", 200).await;
        fleet.all_serve("b", if from_member { 200 } else { 404 }).await;
        let after = fleet.deploy(1, "c").await;
        assert_eq!(after, late + 2);
        fleet.all_serve("c", 200).await;
    }
}

const SERVER: &str = "  member: { name: gateway-{n} }\n  state_dir: state\n";

/// Waits until the snapshot of this revision is on disk.
async fn has_snapshot(folder: &Path, revision: u64) {
    let file = folder.join("state/store.snapshot");
    let wanted = format!("\\\"revision\\\":{revision},");
    let has = || fs::read_to_string(&file).is_ok_and(|text| text.contains(&wanted));
    eventually("the snapshot is kept", Duration::from_secs(10), async || has().then_some(())).await;
}
