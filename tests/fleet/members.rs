//! Who runs what: members that come, lag behind, refuse, grow stale, vanish, leave and share a name.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::If;
use testkit::fleet::{FleetMember, SOON};
use testkit::{Etcd, Fleet, FleetStart, eventually, portcullis};
use tokio::time::Instant;

/// The longest that a crashed member may be shown as present: a lease of ten seconds, the rest of the time in which etcd
/// looks for those that have ended, and a busy machine.
const VANISHED: Duration = Duration::from_secs(13);

async fn shown(member: &FleetMember) -> Value {
    member.api().get("/fleet").await.is(200).json()
}

fn of<'f>(fleet: &'f Value, name: &str) -> Vec<&'f Value> {
    fleet["members"].as_array().expect("members").iter().filter(|member| member["name"] == name).collect()
}

/// The states of everybody by name, as one member sees them.
async fn states(member: &FleetMember) -> Vec<(String, String)> {
    let fleet = shown(member).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let members = fleet["members"].as_array().expect("members");
    members.iter().map(|member| (text(&member["name"]), text(&member["state"]))).collect()
}

/// Waits until one member sees the others like this.
async fn sees(member: &FleetMember, within: Duration, expected: &[(&str, &str)]) {
    let mut last = Vec::new();
    let what = format!("{expected:?}");
    let is_so = async || {
        let now = states(member).await;
        if now != last {
            eprintln!("it sees {now:?}");
        }
        last = now;
        let same =
            last.iter().map(|(name, state)| (name.as_str(), state.as_str())).eq(expected.iter().copied());
        same.then_some(())
    };
    eventually(&what, within, is_so).await;
}

/// Creates an agent at the first member, and says what is said of the fleet.
async fn put(fleet: &Fleet, name: &str, query: &str) -> Value {
    let path = format!("/agents/{name}?{query}");
    let created = fleet.members[0].api().put(&path, If::Absent, &fleet.open(name)).await;
    created.is(201).json()["fleet"].clone()
}

/// `portcullis fleet` at a member: exit status and output.
async fn command(member: &FleetMember, args: &[&str]) -> (Option<i32>, String) {
    let ran = portcullis(member.folder.path(), &[&["fleet", "-c", "portcullis.yaml"], args].concat()).await;
    (ran.code, format!("{}{}", ran.out, ran.err))
}

const ALL_RUN: &[(&str, &str)] =
    &[("gateway-0", "running"), ("gateway-1", "running"), ("gateway-2", "running")];

#[tokio::test]
async fn a_member_that_leaves_is_gone_and_one_that_crashes_is_shown_as_vanished() {
    let server = "  member: { name: gateway-{n}, labels: { zone: z{n} }, canary: true }\n";
    let mut fleet = Fleet::on(Etcd::start().await, FleetStart { server, ..FleetStart::default() }).await;
    let revision = fleet.deploy(0, "a").await;
    sees(&fleet.members[1], SOON, ALL_RUN).await;
    let seen = shown(&fleet.members[1]).await;
    assert_eq!(seen["revision"], json!(revision));
    assert_eq!((&seen["store"]["kind"], &seen["store"]["state"]), (&json!("etcd"), &json!("ok")));
    let head: Value =
        serde_json::from_str(&fleet.etcd.get("/portcullis/head").await.expect("a head")).unwrap();
    assert_eq!(seen["store"]["store_id"], head["store_id"]);
    for member in seen["members"].as_array().expect("members") {
        let name = member["name"].as_str().expect("a name");
        assert_eq!(member["hash"], head["sha256"], "{name} runs what the head says");
        assert_eq!(member["labels"], json!({"zone": name.replace("gateway-", "z"), "canary": "true"}));
        assert_eq!((&member["ready"], &member["draining"]), (&json!(true), &json!(false)), "{name}");
        let age = member["confirmed_age_ms"].as_u64().expect("an age");
        assert!(age < 15_000, "{name} {age}");
    }
    let (code, said) = command(&fleet.members[0], &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), "3 of 3 gateways run revision 1\n"));
    let reports = fleet.etcd.all("/portcullis/members/").await;
    assert_eq!(reports.len(), 3);
    for (key, stored) in &reports {
        assert!(stored.value.len() <= 1024 && stored.lease != 0, "{key}: {}", stored.value);
    }

    fleet.members[2].gateway.signal("TERM").await;
    fleet.members[2].gateway.ended(SOON).await;
    assert_eq!(states(&fleet.members[0]).await.len(), 2, "it said goodbye");
    assert!(fleet.etcd.get("/portcullis/seen/gateway-2").await.is_none());

    let killed = Instant::now();
    fleet.members[1].gateway.kill().await;
    sees(&fleet.members[0], VANISHED, &[("gateway-0", "running"), ("gateway-1", "vanished")]).await;
    eprintln!("vanished after {:?}", killed.elapsed());
    let reached = put(&fleet, "b", "wait=fleet&timeout=10s").await;
    assert_eq!(
        reached,
        json!({"revision": 2, "members": 1, "running": 1, "behind": [], "refused": []}),
        "who has vanished is not waited for"
    );
    let (code, said) = command(&fleet.members[0], &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("gateway-1: vanished, it ran revision 1"), "{said}");

    fleet.members[1].gateway.start_again().await;
    sees(&fleet.members[0], SOON, &[("gateway-0", "running"), ("gateway-1", "running")]).await;
}

/// A member does not undo for all what it alone refuses.
async fn is_not_restored(member: &FleetMember, resource: &str) {
    let status = member.api().get("/status").await.is(200).json();
    let broken = &status["broken_documents"][0];
    assert_eq!((&broken["resource"], &broken["restorable"]), (&json!(resource), &json!(false)), "{status}");
    let restore = json!({"resource": resource});
    let said = member.api().post("/documents/restore", If::Unsaid, &restore).await;
    let said = said.problem(422, "not_accepted");
    let detail = said["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(&format!("roll {resource} back for all")), "{said}");
}

#[tokio::test]
async fn a_write_waits_for_the_fleet_and_says_who_is_behind_and_who_refused() {
    let fleet = Fleet::of(3).await;
    let all = [("gateway-0", "running"), ("gateway-1", "running"), ("gateway-2", "running")];
    sees(&fleet.members[0], SOON, &all).await;
    let put = async |name: &str, query: &str| put(&fleet, name, query).await;
    assert_eq!(
        put("a", "wait=fleet&timeout=10s").await,
        json!({"revision": 1, "members": 3, "running": 3, "behind": [], "refused": []})
    );
    assert_eq!(put("b", "wait=self").await, Value::Null);

    // A member whose own file has the route already.
    let agent = format!("{{ route: /c, upstream: \"{}\", auth: public }}", fleet.upstream.url());
    fleet.members[2].replace_body(&format!("agents:\n  mine: {agent}\n"));
    eventually("its own agent is live", SOON, async || {
        (fleet.members[2].status("c").await == 200).then_some(())
    })
    .await;
    let start = Instant::now();
    assert_eq!(
        put("c", "wait=fleet&timeout=20s").await,
        json!({"revision": 3, "members": 3, "running": 2, "behind": [], "refused": ["gateway-2"]})
    );
    assert!(start.elapsed() < Duration::from_secs(10), "who has refused is not waited for");
    sees(
        &fleet.members[1],
        SOON,
        &[("gateway-0", "running"), ("gateway-1", "running"), ("gateway-2", "refused")],
    )
    .await;
    let seen = shown(&fleet.members[1]).await;
    let refusing = of(&seen, "gateway-2")[0];
    assert_eq!((&refusing["revision"], &refusing["refused"]["revision"]), (&json!(2), &json!(3)));
    let finding = &refusing["refused"]["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["severity"]),
        (&json!("duplicate-route"), &json!("error")),
        "{refusing}"
    );
    let (code, said) = command(&fleet.members[0], &["--wait", "5s"]).await;
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("2 of 3 gateways run revision 3") && said.contains("duplicate-route"), "{said}");
    let (_, page) = fleet.members[2].ops_get("/metrics").await;
    for line in
        ["portcullis_store_revision{which=\"running\"} 2", "portcullis_store_revision{which=\"refused\"} 3"]
    {
        assert!(page.lines().any(|other| other == line), "{line}");
    }
    is_not_restored(&fleet.members[2], "agents/c").await;
    assert_eq!(fleet.members[0].status("c").await, 200);

    fleet.members[2].replace_body("");
    sees(&fleet.members[1], SOON, ALL_RUN).await;

    fleet.members[1].gateway.signal("STOP").await;
    let start = Instant::now();
    assert_eq!(
        put("d", "wait=fleet&timeout=2s").await,
        json!({"revision": 4, "members": 3, "running": 2, "behind": ["gateway-1"], "refused": []})
    );
    assert!(start.elapsed() >= Duration::from_secs(2));
    let (code, said) = command(&fleet.members[0], &["--json"]).await;
    assert_eq!(code, Some(3), "{said}");
    fleet.members[1].gateway.signal("CONT").await;
    let (code, said) = command(&fleet.members[0], &["--wait", "20s"]).await;
    assert_eq!((code, said.as_str()), (Some(0), "3 of 3 gateways run revision 4\n"));
    let (_, page) = fleet.members[1].ops_get("/metrics").await;
    for name in [
        "portcullis_store_connected 1",
        "portcullis_fleet_members{state=\"running\"} 3",
        "portcullis_store_state{state=\"ok\"} 1",
        "portcullis_store_full_reads_total{why=\"start\"} ",
        "portcullis_store_watch_restarts_total{reason=\"compacted\"} 0",
        "portcullis_store_apply_lag_seconds_count ",
        "portcullis_store_commit_duration_seconds_count ",
        "portcullis_store_confirmed_timestamp_seconds 1",
        "portcullis_store_conflicts_total ",
    ] {
        assert!(page.lines().any(|line| line.starts_with(name)), "{name} in {page}");
    }
}

#[tokio::test]
async fn a_member_that_is_cut_off_sees_everybody_stale_and_serves_on() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    // Whom it has never seen, a member that is cut off cannot show.
    sees(&fleet.members[1], SOON, &[("gateway-0", "running"), ("gateway-1", "running")]).await;
    fleet.members[1].cut_off();
    let limit = Duration::from_secs(25);
    sees(&fleet.members[1], limit, &[("gateway-0", "stale"), ("gateway-1", "stale")]).await;
    sees(&fleet.members[0], limit, &[("gateway-0", "running"), ("gateway-1", "vanished")]).await;
    let (code, said) = command(&fleet.members[1], &[]).await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the store is stale"), "{said}");
    assert_eq!(fleet.members[1].status("a").await, 200);
    let before = fleet.members[1].connections();
    fleet.members[1].reaches_again();
    sees(&fleet.members[1], SOON, &[("gateway-0", "running"), ("gateway-1", "running")]).await;
    sees(&fleet.members[0], SOON, &[("gateway-0", "running"), ("gateway-1", "running")]).await;
    assert!(before < 200, "{before} connections in half a minute are a storm");
}

#[tokio::test]
async fn two_gateways_of_one_name_are_both_shown_and_both_warn() {
    let server = "  member: { name: twin }\n";
    let start = FleetStart { gateways: 2, server, ..FleetStart::default() };
    let fleet = Fleet::on(Etcd::start().await, start).await;
    for member in &fleet.members {
        sees(member, SOON, &[("twin", "running"), ("twin", "running")]).await;
        eventually("it warns", SOON, async || {
            let said = member.stderr();
            said.iter().any(|line| line.contains("two gateways go by this name")).then_some(())
        })
        .await;
    }
    let seen = shown(&fleet.members[0]).await;
    let [one, other] = of(&seen, "twin")[..] else { panic!("{seen}") };
    assert_ne!(one["boot_id"], other["boot_id"]);
}

#[tokio::test]
async fn a_lost_lease_is_replaced_and_a_hand_over_is_not_a_crash() {
    let server = "  member: { name: gateway-{n} }\n  state_dir: state\n";
    let start = FleetStart { gateways: 2, server, ..FleetStart::default() };
    let mut fleet = Fleet::on(Etcd::start().await, start).await;
    fleet.deploy(0, "a").await;
    let both: &[(&str, &str)] = &[("gateway-0", "running"), ("gateway-1", "running")];
    sees(&fleet.members[0], SOON, both).await;
    let lease = fleet.etcd.all("/portcullis/members/gateway-1").await["/portcullis/members/gateway-1"].lease;
    fleet.etcd.call("/v3/lease/revoke", &json!({"ID": lease.to_string()})).await.expect("it was there");
    let revoked = Instant::now();
    eventually("its report is there again", SOON, async || {
        let all = fleet.etcd.all("/portcullis/members/gateway-1").await;
        let again = all.get("/portcullis/members/gateway-1")?.lease;
        assert!(again != 0, "it has a lease");
        (again != lease).then_some(())
    })
    .await;
    eprintln!("a lost lease was replaced after {:?}", revoked.elapsed());
    sees(&fleet.members[0], SOON, both).await;

    let before = of(&shown(&fleet.members[0]).await, "gateway-1")[0]["boot_id"].clone();
    let successor = fleet.members[1].gateway.successor().await;
    assert_eq!(
        of(&shown(&fleet.members[0]).await, "gateway-1").len(),
        1,
        "who waits for the listeners is not told of"
    );
    fleet.members[1].gateway.signal("QUIT").await;
    eventually("the successor is told of", SOON, async || {
        let seen = shown(&fleet.members[0]).await;
        let named = of(&seen, "gateway-1");
        assert!(named.iter().all(|member| member["state"] != "vanished"), "{seen}");
        named.iter().any(|member| member["boot_id"] != before && member["ready"] == true).then_some(())
    })
    .await;
    fleet.members[1].gateway.ended(SOON).await;
    sees(&fleet.members[0], SOON, both).await;
    let said = fleet.members[0].stderr();
    assert!(!said.iter().any(|line| line.contains("go by this name")), "{said:?}");
    drop(successor);
}
