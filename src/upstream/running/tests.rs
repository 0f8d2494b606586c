//! What is listed, what ends, and when.

use super::*;

/// A stream of a public agent, for tests of other files.
pub(crate) fn facts(agent: &str) -> StreamFacts {
    StreamFacts {
        agent: AgentName::parse(agent).unwrap(),
        kind: StreamKind::Sse,
        caller: None,
        provider: None,
        right: Right::Open,
        held: None,
        extent: Extent::Open,
        policy: 7,
        on_policy_change: OnPolicyChange::Revocation,
        began: Instant::from_unix(1_000),
        expires_at: None,
        ends: None,
        close_code: CloseCode::default(),
        request_id: RequestId::Made(1),
        path: "/a".into(),
    }
}

#[test]
fn a_stream_is_listed_at_its_agent_until_it_ends() {
    let running = Running::default();
    let (one, two, other) = (running.begin(facts("a")), running.begin(facts("a")), running.begin(facts("b")));
    let ids = |agent: &str| {
        let agent = AgentName::parse(agent).unwrap();
        running.of(&agent).iter().map(|stream| stream.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("a"), [one.stream().id, two.stream().id]);
    assert_eq!(ids("b"), [other.stream().id]);
    drop(one);
    assert_eq!(ids("a"), [two.stream().id]);
}

#[test]
fn a_stream_may_end_on_another_thread() {
    let running = Running::default();
    let listed = running.begin(facts("a"));
    std::thread::spawn(move || drop(listed)).join().unwrap();
    assert!(running.of(&AgentName::parse("a").unwrap()).is_empty());
}

#[test]
fn exactly_those_that_were_judged_end_and_only_once() {
    let running = Running::default();
    let (one, two) = (running.begin(facts("a")), running.begin(facts("b")));
    let judge = |stream: &Stream| (stream.facts.agent.as_str() == "a").then_some(EndedBy::Policy);
    let ended = running.end(judge);
    assert_eq!((ended.count(), running.end(judge).count()), (1, 0));
    assert_eq!(one.stream().order.given(), Some(EndedBy::Policy));
    assert!(!one.stream().order.is_urgent(), "there is time for a boundary");
    ended.insist();
    assert!(one.stream().order.is_urgent());
    assert!(two.stream().order.given().is_none() && !two.stream().order.is_urgent());
}

fn ending_at(at: Instant) -> StreamFacts {
    StreamFacts { ends: Some(Ends { at, after: Duration::ZERO }), ..facts("a") }
}

fn expired(running: &Running, now: u64) -> usize {
    running.expire(Instant::from_unix(now), |_| Term::Over).count()
}

#[test]
fn a_stream_ends_when_the_clock_says_so_and_not_before() {
    let running = Running::default();
    let [one, two] = [10, 20].map(|at| running.begin(ending_at(Instant::from_unix(at))));
    let free = running.begin(facts("a"));
    assert_eq!(expired(&running, 9), 0);
    assert_eq!(expired(&running, 10), 1);
    assert_eq!(one.stream().order.given(), Some(EndedBy::Expiry));
    // A clock that was set back ends nothing twice, and one that jumps ahead ends all that is due.
    assert_eq!(expired(&running, 5), 0);
    assert!(two.stream().order.given().is_none());
    assert_eq!(expired(&running, 1_000_000), 1);
    assert!(free.stream().order.given().is_none(), "it has no end");
    drop((one, two));
    assert_eq!(running.0.timed.load(Ordering::Relaxed), 0);
}

#[test]
fn a_credential_that_was_prolonged_prolongs_its_stream() {
    let (running, at) = (Running::default(), Instant::from_unix);
    let stream = running.begin(ending_at(at(10)));
    assert_eq!(running.expire(at(10), |_| Term::Until(at(30))).count(), 0);
    assert_eq!(expired(&running, 29), 0);
    assert_eq!(running.expire(at(30), |_| Term::Unlimited).count(), 0);
    assert_eq!(expired(&running, 1_000), 0, "it has no end any more");
    assert!(stream.stream().order.given().is_none());
}

#[test]
fn a_stream_ends_when_a_change_says_so_earlier_or_at_all() {
    let (running, at) = (Running::default(), Instant::from_unix);
    let (sooner, free) = (running.begin(ending_at(at(100))), running.begin(facts("a")));
    let given = || [&sooner, &free].map(|one| one.stream().order.given());
    running.note_ends(|_| Some(Term::Unlimited));
    assert_eq!((expired(&running, 1_000), running.0.timed.load(Ordering::Relaxed)), (0, 0));
    for end in [30, 20] {
        running.note_ends(|facts| facts.ends.map(|_| Term::Until(at(end))));
    }
    assert_eq!((expired(&running, 19), expired(&running, 20)), (0, 1));
    assert_eq!(given(), [Some(EndedBy::Expiry), None]);
    running.note_ends(|facts| facts.ends.is_none().then_some(Term::Until(at(40))));
    assert_eq!((expired(&running, 39), expired(&running, 40)), (0, 1));
    assert_eq!(given(), [Some(EndedBy::Expiry); 2]);
    drop((sooner, free));
    assert_eq!(running.0.timed.load(Ordering::Relaxed), 0);
}

#[test]
fn a_stream_that_turns_out_to_be_another_keeps_its_number_and_its_order() {
    let (running, at) = (Running::default(), Instant::from_unix);
    let mut listed = running.begin(StreamFacts { kind: StreamKind::Body, ..facts("a") });
    let id = listed.stream().id;
    listed.note(ending_at(at(10)));
    let known = running.of(&AgentName::parse("a").unwrap());
    assert_eq!(
        known.iter().map(|stream| (stream.id, stream.facts.kind)).collect::<Vec<_>>(),
        [(id, StreamKind::Sse)]
    );
    assert_eq!(expired(&running, 10), 1);
    listed.note(facts("a"));
    assert_eq!(listed.stream().order.given(), Some(EndedBy::Expiry));
    drop(listed);
    assert_eq!((running.count(|_| true), running.0.timed.load(Ordering::Relaxed)), (0, 0));
}

#[test]
fn a_stream_that_is_revoked_in_the_moment_of_its_end_counts_once_and_has_no_more_time_than_that_leaves() {
    for expires_first in [true, false] {
        let running = Running::default();
        let stream = running.begin(ending_at(Instant::from_unix(10)));
        let expire = || running.expire(Instant::from_unix(10), |_| Term::Over);
        let revoke = || running.end(|_| Some(EndedBy::Revoked));
        let (slow, quick) = if expires_first {
            (expire(), revoke())
        } else {
            let quick = revoke();
            (expire(), quick)
        };
        assert_eq!((slow.count() + quick.count(), slow.count() == 1), (1, expires_first));
        let cause = if expires_first { EndedBy::Expiry } else { EndedBy::Revoked };
        assert_eq!(stream.stream().order.given(), Some(cause));
        quick.insist();
        assert!(stream.stream().order.is_urgent(), "nobody who was revoked has the two seconds");
    }
}
