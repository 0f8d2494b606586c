//! Gateways that start, and go on, while their store is away, is another one, or holds what they cannot run; and the snapshot
//! that they then start from.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use testkit::fleet::{Fleet, FleetMember, FleetStart, SOON};
use testkit::{Etcd, eventually};

/// A member that keeps what it runs on disk.
const KEEPS: &str = "  member: { name: gateway-{n} }\n  state_dir: state\n";

fn one() -> FleetStart<'static> {
    FleetStart { gateways: 1, server: KEEPS, ..FleetStart::default() }
}

/// One gateway with an agent `a` live, which is on its disk.
async fn with_snapshot() -> Fleet {
    let fleet = Fleet::on(Etcd::start().await, one()).await;
    fleet.deploy(0, "a").await;
    fleet.members[0].keeps(1).await;
    fleet
}

trait Kept {
    fn snapshot(&self) -> PathBuf;
    async fn keeps(&self, revision: u64);
    async fn stops(&mut self);
    async fn is_not_ready(&self, words: &[&str]);
    fn logs(&self, word: &str) -> usize;
}

impl Kept for FleetMember {
    fn snapshot(&self) -> PathBuf {
        self.folder.path().join("state/store.snapshot")
    }

    /// Waits until this revision is on its disk.
    async fn keeps(&self, revision: u64) {
        let wanted = format!("\\\"revision\\\":{revision},");
        eventually(&format!("revision {revision} is on disk"), SOON, async || {
            let text = fs::read(self.snapshot()).ok()?;
            String::from_utf8_lossy(&text).lines().next()?.contains(&wanted).then_some(())
        })
        .await;
    }

    async fn stops(&mut self) {
        self.gateway.signal("TERM").await;
        assert!(self.gateway.ended(SOON).await.success());
    }

    /// Waits until its pages say that nothing is live, and why; callers and operators find nobody.
    async fn is_not_ready(&self, words: &[&str]) {
        eventually(&format!("/readyz says {words:?}"), SOON, async || {
            let (status, text) = self.ops_get("/readyz").await;
            (status == 503 && words.iter().all(|word| text.contains(word))).then_some(())
        })
        .await;
        assert_eq!(self.ops_get("/livez").await, (200, "ok\n".to_owned()));
        assert!(self.ops_get("/metrics").await.1.contains("portcullis_build_info"));
        assert!(self.ops_get("/readyz?verbose").await.1.contains("\"waiting_for\""));
        for port in [self.port, self.admin] {
            let connected = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            assert!(connected.is_err(), "nobody listens at {port}");
        }
    }

    fn logs(&self, word: &str) -> usize {
        self.gateway.stderr().iter().filter(|line| line.contains(word)).count()
    }
}

#[tokio::test]
async fn a_start_without_store_and_snapshot_waits_and_goes_on_when_the_store_comes() {
    let etcd = Etcd::start().await;
    etcd.kill().await;
    let mut fleet = Fleet::unready(etcd, one()).await;
    fleet.members[0].is_not_ready(&["nothing is live yet", "there is no snapshot"]).await;
    fleet.members[0].gateway.signal("QUIT").await;
    eventually("it says that nothing can be handed over", SOON, async || {
        (fleet.members[0].logs("nothing to hand over") == 1).then_some(())
    })
    .await;
    fleet.etcd.start_again().await;
    fleet.members[0].gateway.is_ready().await;
    let revision = fleet.deploy(0, "a").await;
    fleet.all_run(revision).await;
    fleet.all_serve("a", 200).await;
    assert_eq!(fleet.members[0].logs("the store is tried again"), 1, "said once");
}

#[tokio::test]
async fn a_gateway_that_waits_ends_when_it_is_told_and_tries_again_when_it_is_told() {
    for signal in ["TERM", "INT"] {
        let etcd = Etcd::start().await;
        etcd.kill().await;
        let mut fleet = Fleet::unready(etcd, one()).await;
        let member = &mut fleet.members[0];
        member.is_not_ready(&["no snapshot"]).await;
        member.gateway.signal("HUP").await;
        member.is_not_ready(&["no snapshot"]).await;
        member.gateway.signal(signal).await;
        assert!(member.gateway.ended(Duration::from_secs(2)).await.success(), "{signal}");
    }
}

#[tokio::test]
async fn a_start_without_the_store_takes_the_snapshot_within_two_and_a_half_seconds_and_follows_again() {
    let mut fleet = with_snapshot().await;
    fleet.members[0].stops().await;
    // A store that does not respond takes all of the time that it gets.
    fleet.members[0].swallowed();
    let began = Instant::now();
    fleet.members[0].gateway.start_at_all().await;
    fleet.members[0].gateway.is_ready().await;
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(3500),
        "{took:?}, of which one second is for the machine of the test"
    );
    assert_eq!(fleet.members[0].status("a").await, 200);
    assert_eq!(fleet.members[0].runs().await, 1);
    fleet.members[0].is_in_state("stale").await;
    let mut other = FleetStart { gateways: 2, ..FleetStart::default() };
    other.server = KEEPS;
    fleet.join(other).await;
    fleet.deploy(1, "b").await;
    assert_eq!(fleet.members[0].status("b").await, 404, "it hears of nothing");
    fleet.members[0].reaches_again();
    fleet.all_serve("b", 200).await;
    fleet.members[0].is_in_state("ok").await;
    fleet.members[0].keeps(2).await;
}

#[tokio::test]
async fn a_snapshot_that_is_damaged_readable_by_others_or_foreign_is_not_used_and_the_log_says_so() {
    let mut fleet = with_snapshot().await;
    let member = &mut fleet.members[0];
    member.stops().await;
    member.cut_off();
    let path = member.snapshot();
    let whole = fs::read(&path).expect("the snapshot");
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let foreign = String::from_utf8_lossy(&whole).replacen("/portcullis/", "/elsewhere/", 1).into_bytes();
    for (case, bytes, mode, said) in [
        ("cut off", whole[..whole.len() - 9].to_vec(), 0o600, "damaged"),
        ("changed", changed, 0o600, "damaged"),
        ("empty", Vec::new(), 0o600, "damaged"),
        ("with another prefix, and so another checksum", foreign, 0o600, "damaged"),
        ("readable by everybody", whole.clone(), 0o644, "mode 644"),
        ("readable by the group", whole.clone(), 0o640, "mode 640"),
    ] {
        fs::write(&path, bytes).expect("it is written");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("its mode");
        member.gateway.start_at_all().await;
        member.is_not_ready(&["snapshot", said]).await;
        assert!(member.logs("snapshot") >= 1, "{case}: the log says so");
        member.stops().await;
    }
    fs::write(&path, &whole).expect("it is written");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
    member.gateway.start_at_all().await;
    member.gateway.is_ready().await;
    assert_eq!(member.status("a").await, 200, "as it was, it is used");
}

#[tokio::test]
async fn a_member_that_starts_while_its_store_is_gone_another_one_or_an_old_one_runs_its_snapshot() {
    let mut fleet = with_snapshot().await;
    let saved = fleet.etcd.save("before").await;
    fleet.deploy(0, "b").await;
    fleet.members[0].keeps(2).await;
    let head = fleet.etcd.get("/portcullis/head").await.expect("a head");
    let other = head.replacen("\"store_id\":\"", "\"store_id\":\"0", 1);
    for (state, case) in [("regressed", 0), ("vanished", 1), ("foreign", 2)] {
        fleet.members[0].stops().await;
        match case {
            0 => fleet.etcd.restore(&saved).await,
            1 => drop(fleet.etcd.delete("/portcullis/head").await),
            _ => drop(fleet.etcd.put("/portcullis/head", &other).await),
        }
        fleet.members[0].gateway.start_at_all().await;
        fleet.members[0].gateway.is_ready().await;
        fleet.members[0].is_in_state(state).await;
        assert_eq!((fleet.members[0].status("a").await, fleet.members[0].status("b").await), (200, 200));
        assert_eq!(fleet.members[0].ops_get("/readyz").await.0, 200);
        assert!(fleet.members[0].logs("snapshot") >= 1, "{state}");
    }
}

#[tokio::test]
async fn content_that_cannot_run_is_waited_for_unless_something_ran_before() {
    let mut fleet = with_snapshot().await;
    // A provider of the member's own has the route of an agent of the store: only this member refuses it.
    fleet.members[0].stops().await;
    let open = fleet.open("a").to_string();
    let own = format!("agents:\n  own: {open}\n");
    fleet.members[0].write_body(&own);
    fleet.members[0].gateway.start_at_all().await;
    fleet.members[0].is_not_ready(&["duplicate-route", "snapshot"]).await;
    // Its own document is fixed: no signal is needed.
    fleet.members[0].write_body("");
    fleet.members[0].gateway.is_ready().await;
    assert_eq!(fleet.members[0].status("a").await, 200);
}

#[tokio::test]
async fn content_that_this_member_cannot_run_leaves_it_with_what_ran_before() {
    let mut fleet = with_snapshot().await;
    fleet.join(FleetStart { gateways: 2, server: KEEPS, ..FleetStart::default() }).await;
    fleet.members[0].stops().await;
    let own = format!("agents:\n  own: {}\n", fleet.open("b"));
    fleet.members[0].write_body(&own);
    fleet.deploy(1, "b").await;
    let member = &mut fleet.members[0];
    member.gateway.start_at_all().await;
    member.gateway.is_ready().await;
    assert_eq!(member.status("a").await, 200, "revision 1 runs");
    eventually("it refuses revision 2", SOON, async || {
        let refused = member.status_page().await?["refused"].to_string();
        refused.contains("duplicate-route").then_some(())
    })
    .await;
    member.keeps(1).await;
    // Without the document that is in the way, it runs what all run.
    member.write_body("");
    fleet.all_run(2).await;
    fleet.members[0].keeps(2).await;
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_a_snapshot_that_can_be_used() {
    let mut fleet = with_snapshot().await;
    for name in ["b", "c", "d", "e"] {
        let revision = fleet.deploy(0, name).await;
        let member = &mut fleet.members[0];
        // While it is being written, or just before or after.
        eventually(&format!("{name} is live"), SOON, async || {
            (member.runs().await == revision).then_some(())
        })
        .await;
        member.gateway.kill().await;
        member.cut_off();
        member.gateway.start_at_all().await;
        member.gateway.is_ready().await;
        assert!(member.runs().await >= 1);
        member.reaches_again();
        fleet.all_serve(name, 200).await;
    }
    let state = fleet.members[0].folder.path().join("state");
    // The member that runs may be writing one.
    eventually("no half-written file is left", SOON, async || {
        let left = fs::read_dir(&state).expect("the folder").flatten();
        (!left.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(".new"))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn documents_of_the_member_itself_that_are_wrong_end_its_start() {
    let mut fleet = with_snapshot().await;
    fleet.members[0].stops().await;
    fleet.members[0].write_body("agents: { b: { route: /b } }\n");
    fleet.members[0].cut_off();
    let place = &fleet.members[0].gateway;
    let config = place.config();
    let ran = testkit::portcullis(place.folder.path(), &["run", "-c", config.to_str().expect("text")]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("missing-field"), "{}", ran.err);
}

#[tokio::test]
async fn a_member_goes_on_while_the_store_is_away_and_costs_next_to_nothing() {
    let fleet = with_snapshot().await;
    let member = &fleet.members[0];
    let before = member.runs().await;
    fleet.etcd.kill().await;
    let busy = cpu(member.pid());
    let (began, mut calls) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(16) {
        assert_eq!(member.status("a").await, 200, "after {calls} calls");
        assert_eq!(member.ops_get("/readyz").await.0, 200);
        calls += 1;
        eventually_next(began, calls).await;
    }
    let used = cpu(member.pid()) - busy;
    assert!(used < Duration::from_millis(800), "{used:?} of processor time in 16 s with {calls} calls");
    member.is_in_state("stale").await;
    assert!(member.logs("etcd is tried again") <= 2, "{}", member.logs("etcd is tried again"));
    fleet.etcd.start_again().await;
    member.is_in_state("ok").await;
    assert_eq!(member.runs().await, before);
    fleet.deploy(0, "b").await;
    fleet.all_serve("b", 200).await;
}

/// Waits for the next fifth of a second.
async fn eventually_next(began: Instant, calls: u32) {
    tokio::time::sleep_until((began + Duration::from_millis(200) * calls).into()).await;
}

/// The processor time that a process has used.
fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let after = stat.rsplit_once(')').expect("its name").1;
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().expect("ticks")).sum();
    // Linux counts 100 ticks a second for everybody who asks.
    Duration::from_millis(ticks * 10)
}
