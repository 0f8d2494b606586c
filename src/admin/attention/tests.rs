//! The list of a gateway in each state.

use std::sync::Arc;

use super::super::fixtures;
use super::*;
use crate::config::{self, Severity};
use crate::control::{Broken, Finding, FleetMember, Head, MemberState, Outcome, Refused, Runs, Status};
use crate::model::{AgentName, AuthMethod, Decision, Reason, ResourceId};
use crate::store::{
    Member, NoStore, RefusedRevision, ReportedFinding, ResourceStore as _, StoreKind, StoreState,
};
use crate::telemetry::{Metrics, UpstreamError};

fn status(refused: Option<Refused>) -> Status {
    let at = Instant::from_unix(1_600_000_000);
    Status {
        applied: fixtures::snapshot(&fixtures::document()).revision,
        applied_at: at,
        looked_at: at,
        outcome: Outcome::Applied,
        refused,
        broken: Vec::new(),
        warnings: Vec::new(),
        head: Head { number: 0, by: None, text_is_live: true },
        runs: Runs::default(),
        store: NoStore::new("no store".to_owned()).describe(),
    }
}

/// The list at `now`, with the traffic that `counted` adds in the last minutes.
fn told(now: u64, status: &Status, counted: impl FnOnce(&Metrics)) -> Vec<Attention> {
    let live = fixtures::snapshot(&fixtures::document());
    let metrics = Metrics::new().unwrap();
    let traffic = Traffic::new(metrics.clone());
    let now = Instant::from_unix(now);
    traffic.look(now);
    counted(&metrics);
    traffic.look(now);
    let decisions = Decisions::new(now, None, true);
    let (fleet, redis) = (None, None);
    all(&Seen { live: &live, status, traffic: &traffic, decisions: &decisions, fleet, redis, now })
}

/// What is told of this configuration, without traffic.
pub(super) fn told_at(live: &Snapshot, redis: Option<RedisOutage>) -> Vec<Attention> {
    let (status, now) = (&status(None), Instant::from_unix(fixtures::NOW));
    let traffic = Traffic::new(Metrics::new().unwrap());
    let decisions = Decisions::new(now, None, true);
    all(&Seen { live, status, traffic: &traffic, decisions: &decisions, fleet: None, redis, now })
}

/// What is told of a fleet whose last revision was applied here so many seconds ago.
fn told_of(fleet: &Overview, applied_ago: u64) -> Vec<Attention> {
    told_in(fleet, &Status { applied_at: Instant::from_unix(fixtures::NOW - applied_ago), ..status(None) })
}

fn told_in(fleet: &Overview, status: &Status) -> Vec<Attention> {
    let live = fixtures::snapshot(&fixtures::document());
    let now = Instant::from_unix(fixtures::NOW);
    let traffic = Traffic::new(Metrics::new().unwrap());
    let decisions = Decisions::new(now, None, true);
    let (fleet, redis) = (Some(fleet), None);
    all(&Seen { live: &live, status, traffic: &traffic, decisions: &decisions, fleet, redis, now })
}

fn fleet(state: StoreState, members: Vec<FleetMember>) -> Overview {
    let why = (state != StoreState::Ok).then(|| "no answer for 20 s".to_owned());
    Overview { revision: 41, kind: StoreKind::Etcd, state, why, store_id: None, members }
}

fn member(name: &str, state: MemberState) -> FleetMember {
    let findings = vec![ReportedFinding {
        message: "`ca.pem` cannot be read".to_owned(),
        resource: Some("identity_providers/corp".to_owned()),
        ..ReportedFinding::default()
    }];
    let refused = (state == MemberState::Refused).then_some(RefusedRevision { revision: 41, findings });
    let revision = if state == MemberState::Running { 41 } else { 40 };
    let member = Member { name: name.to_owned(), revision, refused, ..Member::default() };
    FleetMember { member, state, confirmed_age_ms: Some(0), contested: false }
}

fn codes(told: &[Attention]) -> Vec<(Level, Code, String)> {
    let name = |told: &Attention| told.subject.as_ref().map_or_else(String::new, |s| s.name.clone());
    told.iter().map(|told| (told.level, told.code, name(told))).collect()
}

fn called(metrics: &Metrics, agent: &str, decision: Decision, reason: Reason, times: usize) {
    let agent = metrics.agent(&AgentName::parse(agent).unwrap());
    for _ in 0..times {
        agent.decided(None, AuthMethod::OAuth, decision, reason);
    }
}

#[test]
fn a_healthy_gateway_has_an_empty_list() {
    let told = told(fixtures::NOW, &status(None), |metrics| {
        called(metrics, "refunds", Decision::Allow, Reason::Ok, 100);
        called(metrics, "refunds", Decision::Deny, Reason::TokenExpired, 50);
        called(metrics, "partner", Decision::Deny, Reason::ApiKeyMissing, 4);
        called(metrics, "open", Decision::ShadowDeny, Reason::TokenMissing, 100);
        metrics.agent(&AgentName::parse("refunds").unwrap()).upstream_failed(UpstreamError::ReadTimeout);
    });
    assert_eq!(told, []);
}

#[test]
fn an_agent_that_refuses_all_and_one_that_fails_are_listed_most_urgent_first() {
    let told = told(fixtures::NOW, &status(None), |metrics| {
        called(metrics, "partner", Decision::Deny, Reason::ApiKeyInvalid, 42);
        called(metrics, "open", Decision::Allow, Reason::Ok, 10);
        called(metrics, "refunds", Decision::Allow, Reason::Ok, 10);
        for (agent, times) in [("open", 9), ("refunds", 1)] {
            for _ in 0..times {
                metrics
                    .agent(&AgentName::parse(agent).unwrap())
                    .upstream_failed(UpstreamError::ConnectRefused);
            }
        }
    });
    let wanted = [
        (Level::Error, Code::UpstreamFailing, "open".to_owned()),
        (Level::Warning, Code::AgentRefusesAll, "partner".to_owned()),
        (Level::Warning, Code::UpstreamFailing, "refunds".to_owned()),
    ];
    assert_eq!(codes(&told), wanted);
    assert_eq!(told[0].text, "9 of 10 calls to open got no answer from http://127.0.0.1:9 in five minutes.");
    let all = "partner has refused each of 42 calls in five minutes, most of all for api_key_invalid.";
    assert_eq!(told[1].text, all);
}

#[test]
fn a_key_is_listed_in_the_week_before_it_expires() {
    // 2027-01-01T00:00:00Z
    let end = 1_798_761_600;
    for (days, is_told) in [(8, false), (7, true), (1, true), (0, false)] {
        let told = told(end - days * 86_400, &status(None), |_| {});
        assert_eq!(codes(&told).iter().any(|(_, code, _)| *code == Code::KeyEnds), is_told, "{days} days");
        if is_told {
            assert_eq!(told[0].text, "The API key Yq3Zk81b (ci) of partner ends at 2027-01-01T00:00:00Z.");
            assert_eq!(told[0].until.map(jiff::Timestamp::as_second), Some(end.cast_signed()));
        }
    }
}

#[test]
fn a_rejected_change_names_its_first_error_and_what_goes_on() {
    let id = ResourceId::parse("agents/b").unwrap();
    let warning = Finding { severity: Severity::Warning, ..error(&id) };
    let refused = Refused { at: Instant::from_unix(1_650_000_000), findings: vec![warning, error(&id)] };
    let told = told(fixtures::NOW, &status(Some(refused)), |_| {});
    assert_eq!(codes(&told), [(Level::Error, Code::ChangeRefused, "agents/b.yaml".to_owned())]);
    let text = &told[0].text;
    assert!(text.contains("1 error: agents/b.yaml:3: no field `auht`"), "{text}");
    assert!(text.contains("2020-09-13T12:26:40Z goes on"), "{text}");
    assert_eq!(told[0].since.map(jiff::Timestamp::as_second), Some(1_650_000_000));
}

#[test]
fn a_document_that_is_broken_on_disk_is_named_with_its_error() {
    let id = ResourceId::parse("agents/b").unwrap();
    let broken = Broken {
        resource: Some(id.clone()),
        file: "agents/b.yaml".into(),
        since: Instant::from_unix(1_650_000_000),
        findings: vec![error(&id)],
        restorable: true,
        last_good_revision: None,
    };
    // The rejected change holds the same finding.
    let refused = Refused { at: Instant::from_unix(1_650_000_000), findings: vec![error(&id)] };
    let status = Status { broken: vec![broken], ..status(Some(refused)) };
    let told = told(fixtures::NOW, &status, |_| {});
    assert_eq!(codes(&told), [(Level::Error, Code::BrokenDocument, "agents/b.yaml".to_owned())]);
    let text = &told[0].text;
    assert!(
        text.starts_with("agents/b is broken on disk, with 1 error: agents/b.yaml:3: no field"),
        "{text}"
    );
    let members = vec![member("a", MemberState::Running)];
    let told = told_in(&fleet(StoreState::Ok, members), &status);
    assert!(told[0].text.starts_with("agents/b cannot be used by this gateway, with 1 error: "), "{told:?}");
}

fn error(id: &ResourceId) -> Finding {
    let found = Finding::in_resource(
        id,
        "/auht".to_owned(),
        config::Code::UnknownField,
        "no field `auht`".to_owned(),
    );
    Finding { file: "agents/b.yaml".into(), line: 3, ..found }
}

#[test]
fn entries_beyond_the_limit_are_counted() {
    let mut text = fixtures::document();
    for number in 0..MOST + 7 {
        let hash = format!("{number:064x}");
        text.push_str(&format!(
            "  Key{number:05}: {{ agent: partner, sha256: \"{hash}\", expires_at: 2023-11-15T00:00:00Z }}\n"
        ));
    }
    let told = told_at(&fixtures::snapshot(&text), None);
    assert_eq!((told.len(), told[MOST].code, told[MOST].level), (MOST + 1, Code::More, Level::Note));
    assert!(told[MOST].text.starts_with("7 more"), "{}", told[MOST].text);
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_keys_is_an_error_with_its_agents() {
    let live = fixtures::snapshot(&fixtures::document());
    let provider = live.providers.values().next().unwrap();
    let clock: Arc<dyn crate::model::Clock> =
        Arc::new(crate::model::FixedClock::at(Instant::from_unix(fixtures::NOW)));
    let _already = rustls::crypto::ring::default_provider().install_default();
    let _refresher = crate::idp::Refresher::spawn(Arc::clone(provider), Arc::clone(&clock), None);
    while !provider.tried() {
        tokio::task::yield_now().await;
        tokio::time::advance(std::time::Duration::from_millis(50)).await;
    }
    let (status, metrics) = (status(None), Metrics::new().unwrap());
    let (now, traffic) = (clock.now(), Traffic::new(metrics));
    let decisions = Decisions::new(now, None, true);
    let told = all(&Seen {
        live: &live,
        status: &status,
        traffic: &traffic,
        decisions: &decisions,
        fleet: None,
        redis: None,
        now,
    });
    assert_eq!(codes(&told), [(Level::Error, Code::ProviderFailing, "corp".to_owned())]);
    let text = &told[0].text;
    assert!(
        text.starts_with("corp has not given keys (") && text.contains("503; 1 agent, 0 calls"),
        "{text}"
    );
}

#[test]
fn a_fleet_in_which_all_run_the_last_revision_is_not_listed() {
    let members = vec![member("a", MemberState::Running), member("b", MemberState::Running)];
    assert_eq!(told_of(&fleet(StoreState::Ok, members), 60), []);
}

#[test]
fn each_member_that_does_not_run_the_last_revision_is_listed_with_its_cause() {
    use MemberState::{Behind, Refused, Stale, Vanished};
    for (state, level, code, text) in [
        (
            Behind,
            Level::Warning,
            Code::MemberBehind,
            "b is behind: it runs revision 40, and 41 is the last one.",
        ),
        (
            Refused,
            Level::Error,
            Code::MemberRefused,
            "b refuses revision 41; the last that it runs whole is 40: identity_providers/corp: `ca.pem` cannot be read.",
        ),
        (
            Stale,
            Level::Warning,
            Code::MemberStale,
            "b is stale: it has not heard of the store for a while, and runs revision 40.",
        ),
        (
            Vanished,
            Level::Warning,
            Code::MemberVanished,
            "b has vanished: it did not say that it ends, or the store is out of its reach. It ran revision 40.",
        ),
    ] {
        let members = vec![member("a", MemberState::Running), member("b", state)];
        let told = told_of(&fleet(StoreState::Ok, members), 10);
        assert_eq!(codes(&told), [(level, code, "b".to_owned())]);
        assert_eq!(told[0].text, text);
    }
}

#[test]
fn a_member_has_time_to_follow_a_new_revision() {
    let behind = fleet(StoreState::Ok, vec![member("b", MemberState::Behind)]);
    assert_eq!(told_of(&behind, 9), []);
    assert_eq!(told_of(&behind, 10).len(), 1);
}

#[test]
fn two_members_of_one_name_are_listed_under_it() {
    let members = vec![FleetMember { contested: true, ..member("a", MemberState::Running) }];
    let told = told_of(&fleet(StoreState::Ok, members), 60);
    assert_eq!(codes(&told), [(Level::Warning, Code::MemberNameShared, "a".to_owned())]);
    assert!(told[0].text.contains("server.member.name"), "{}", told[0].text);
}

#[test]
fn a_store_that_is_not_in_order_is_listed_and_a_person_is_asked_where_one_must_decide() {
    for (state, level, code, asks) in [
        (StoreState::Stale, Level::Warning, Code::StoreStale, false),
        (StoreState::Torn, Level::Warning, Code::StoreTorn, false),
        (StoreState::Vanished, Level::Error, Code::StoreVanished, true),
        (StoreState::Foreign, Level::Error, Code::StoreForeign, true),
        (StoreState::Regressed, Level::Error, Code::StoreRegressed, true),
        (StoreState::Forked, Level::Error, Code::StoreForked, true),
    ] {
        let told = told_of(&fleet(state, vec![member("a", MemberState::Running)]), 60);
        assert_eq!(codes(&told), [(level, code, "etcd".to_owned())]);
        let text = &told[0].text;
        assert_eq!(text.contains("`portcullis store resume`"), asks, "{text}");
        assert!(text.contains("(no answer for 20 s)") && text.contains("What runs goes on"), "{text}");
    }
}

#[test]
fn while_the_store_is_not_in_order_nothing_new_is_known_of_the_others() {
    use MemberState::{Behind, Refused, Stale, Vanished};
    let members = [("a", Behind), ("b", Stale), ("c", Vanished), ("d", Refused)];
    let members = members.map(|(name, state)| member(name, state)).to_vec();
    for state in StoreState::ALL.iter().copied().filter(|state| *state != StoreState::Ok) {
        let told = told_of(&fleet(state, members.clone()), 60);
        let about: Vec<_> = codes(&told).into_iter().map(|(_, code, name)| (code, name)).collect();
        assert_eq!(about.len(), 2, "{state:?}: {about:?}");
        assert!(about.contains(&(Code::MemberRefused, "d".to_owned())), "{state:?}: {about:?}");
    }
}
