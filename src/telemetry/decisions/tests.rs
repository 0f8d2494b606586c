//! The rings over hand-made entries.

use http::Method;

use super::super::path_text::PathText;
use super::super::upstream_error::UpstreamError;
use super::*;
use crate::model::{AuthMethod, CacheLabel, Decision, FailedCheck, Grounds, Reason, RequestId};

fn entry(second: u64, agent: &str, reason: Reason) -> RequestRecord {
    RequestRecord {
        at: Instant::from_unix(second),
        agent: AgentName::parse(agent).ok(),
        auth_method: AuthMethod::OAuth,
        decision: reason.decision(),
        reason,
        provider: None,
        request_id: RequestId::Made(second.into()),
        http_method: Some(Method::GET),
        path: PathText::brief("/a"),
        remote: None,
        identity: None,
        cache: CacheLabel::Off,
        possession: crate::model::Possession::NOT_JUDGED,
        call: None,
        limit: None,
        status: None,
        upstream_error: None,
        grounds: None,
    }
}

fn decisions() -> Decisions {
    Decisions::new(Instant::from_unix(0), None, true)
}

fn note(decisions: &Decisions, entry: RequestRecord) {
    match Outcome::of(entry.decision) {
        Outcome::Allowed => decisions.note(entry),
        Outcome::Refused | Outcome::WouldRefuse => decisions.note_refused(entry),
    }
}

#[test]
fn the_last_ones_are_kept_newest_first_and_filtered() {
    let decisions = decisions();
    for second in 0..1000 {
        let (agent, reason) = if second % 2 == 0 { ("a", Reason::Ok) } else { ("b", Reason::TokenExpired) };
        note(&decisions, entry(second, agent, reason));
    }
    let all = decisions.recent(&DecisionFilter::default(), usize::MAX);
    assert_eq!((all.len(), all[0].at.unix(), all[999].at.unix()), (1000, 999, 0));
    assert!(all.is_sorted_by_key(|entry| std::cmp::Reverse(entry.at)));
    let b = AgentName::parse("b").ok();
    let none = DecisionFilter::default;
    for (filter, count) in [
        (DecisionFilter { agent: b.clone(), ..none() }, 500),
        (DecisionFilter { reason: Some(Reason::TokenExpired), ..none() }, 500),
        (DecisionFilter { agent: b, reason: Some(Reason::Ok), ..none() }, 0),
        (DecisionFilter { decision: Some(Decision::Allow), ..none() }, 500),
        (DecisionFilter { outcome: Some(Outcome::Refused), ..none() }, 500),
        (DecisionFilter { outcome: Some(Outcome::WouldRefuse), ..none() }, 0),
    ] {
        assert_eq!(decisions.recent(&filter, usize::MAX).len(), count, "{filter:?}");
    }
    assert_eq!(decisions.recent(&none(), 3).len(), 3);
}

#[test]
fn a_refusal_outlives_any_number_of_allowed_requests() {
    let decisions = decisions();
    note(&decisions, entry(1, "a", Reason::TokenMissing));
    for second in 2..3 * ALLOWED as u64 {
        note(&decisions, entry(second, "a", Reason::Ok));
        if second % 1000 == 0 {
            let _kept = decisions.recent(&DecisionFilter::default(), 1);
        }
    }
    let refused = DecisionFilter { outcome: Some(Outcome::Refused), ..DecisionFilter::default() };
    assert_eq!(decisions.recent(&refused, 10).len(), 1);
    let id = RequestId::Made(1).to_string();
    assert_eq!(decisions.find(&id).map(|entry| entry.reason), Some(Reason::TokenMissing));
    assert_eq!(decisions.refusals_since(), Instant::from_unix(0));
}

#[test]
fn refusals_are_bounded_by_number_and_by_bytes_and_say_how_far_they_reach() {
    let decisions = decisions();
    for second in 0..OTHERS as u64 + 10 {
        note(&decisions, entry(second, "a", Reason::TokenMissing));
        if second % 1000 == 0 {
            let _kept = decisions.recent(&DecisionFilter::default(), 1);
        }
    }
    assert_eq!(decisions.recent(&DecisionFilter::default(), usize::MAX).len(), OTHERS);
    assert_eq!(decisions.refusals_since(), Instant::from_unix(10));
    let large = FailedCheck {
        check: "x".into(),
        seen: None,
        wanted: "x".repeat(OTHERS_BYTES / 4).into(),
        fix: "x".into(),
    };
    let grounds = Some(Arc::new(Grounds { failed: Some(large), said: None }));
    for second in 0..10 {
        let entry = entry(10_000 + second, "a", Reason::TokenMissing);
        note(&decisions, RequestRecord { grounds: grounds.clone(), ..entry });
    }
    assert_eq!(decisions.recent(&DecisionFilter::default(), usize::MAX).len(), 3);
}

#[test]
fn a_request_without_an_answer_is_listed_once_and_is_the_agents_last_failure() {
    let decisions = decisions();
    for second in [1, 2, 3] {
        note(&decisions, entry(second, "a", Reason::Ok));
    }
    let failed = RequestRecord {
        status: Some(502),
        upstream_error: Some(UpstreamError::ConnectRefused),
        ..entry(2, "a", Reason::Ok)
    };
    decisions.note_refused(failed);
    let all = decisions.recent(&DecisionFilter::default(), 10);
    let seen: Vec<_> = all.iter().map(|entry| (entry.at.unix(), entry.status)).collect();
    assert_eq!(seen, [(3, None), (2, Some(502)), (1, None)]);
    assert_eq!(decisions.last_failure("a").map(|entry| entry.at.unix()), Some(2));
    assert_eq!(decisions.last_failure("b"), None);
    let allowed = DecisionFilter { outcome: Some(Outcome::Allowed), ..DecisionFilter::default() };
    assert_eq!(decisions.recent(&allowed, 10).len(), 3, "it was allowed");
}

#[tokio::test(start_paused = true)]
async fn who_follows_gets_what_happens_from_then_on() {
    let decisions = decisions();
    note(&decisions, entry(1, "a", Reason::Ok));
    let _before = decisions.recent(&DecisionFilter::default(), 1);
    let mut following = decisions.follow();
    let delivery = tokio::spawn(decisions.clone().deliver());
    note(&decisions, entry(2, "a", Reason::TokenMissing));
    assert_eq!(following.recv().await.unwrap().at.unix(), 2);
    delivery.abort();
}
