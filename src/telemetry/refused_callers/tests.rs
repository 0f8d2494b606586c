//! The tables over hand-made refusals.

use std::sync::Arc;

use crate::model::Identity;

use super::*;

/// A refusal at the agent `a`.
fn refusal(second: u64, reason: Reason) -> RequestRecord {
    RequestRecord {
        agent: AgentName::parse("a").ok(),
        decision: Decision::Deny,
        reason,
        auth_method: AuthMethod::OAuth,
        ..RequestRecord::unrouted(Instant::from_unix(second), RequestId::Made(second.into()))
    }
}

fn from(second: u64, address: &str) -> RequestRecord {
    RequestRecord { remote: address.parse().ok(), ..refusal(second, Reason::TokenMissing) }
}

fn of_token(second: u64, sub: &str) -> RequestRecord {
    let identity = Identity { sub: Some(sub.to_owned()), provider: Some(0), ..Identity::default() };
    RequestRecord {
        identity: Some(Arc::new(identity)),
        provider: ProviderName::parse("corp").ok(),
        ..refusal(second, Reason::RateLimited)
    }
}

fn told(callers: &mut RefusedCallers, now: u64) -> Vec<(CallerName, u64, u64)> {
    let (_, callers) = callers.top("a", Instant::from_unix(now));
    callers.into_iter().map(|caller| (caller.name, caller.at_least, caller.at_most)).collect()
}

fn token(sub: &str) -> CallerName {
    let provider = ProviderName::parse("corp").ok();
    CallerName::Token { provider, sub: Some(sub.into()), client_id: None }
}

#[test]
fn a_caller_is_what_it_has_proven_else_where_it_came_from() {
    let key = Identity::of_api_key("Yq3Zk81b", None);
    let address = |text: &str| CallerName::Address(text.parse().unwrap());
    let at = |address: &str| from(1, address);
    for (record, wanted) in [
        (
            RequestRecord {
                auth_method: AuthMethod::ApiKey,
                identity: Some(Arc::new(key)),
                ..at("192.0.2.1")
            },
            CallerName::ApiKey("Yq3Zk81b".into()),
        ),
        (RequestRecord { remote: "192.0.2.1".parse().ok(), ..of_token(1, "alice") }, token("alice")),
        (at("192.0.2.1"), address("192.0.2.1")),
        (at("::ffff:192.0.2.1"), address("192.0.2.1")),
        (at("2001:db8:1:2:3::4"), address("2001:db8:1:2::")),
        (refusal(1, Reason::TokenMissing), CallerName::Unknown),
        (of_token(1, &"ä".repeat(500)), token(&"ä".repeat(128))),
    ] {
        let mut callers = RefusedCallers::default();
        callers.note(&record);
        assert_eq!(told(&mut callers, 1), [(wanted, 1, 1)]);
    }
}

#[test]
fn only_refusals_count_that_are_the_callers_fault() {
    let mut callers = RefusedCallers::default();
    for decision in [Decision::Allow, Decision::Error, Decision::ShadowDeny] {
        callers.note(&RequestRecord { decision, ..from(1, "192.0.2.1") });
    }
    callers.note(&RequestRecord { agent: None, ..from(1, "192.0.2.1") });
    assert!(told(&mut callers, 1).is_empty());
}

#[test]
fn who_is_refused_often_is_found_among_any_number_of_strangers() {
    let mut callers = RefusedCallers::default();
    for n in 0..100_000_u32 {
        callers.note(&from(1, &std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string()));
        if n % 10 == 0 {
            callers.note(&of_token(1, "alice"));
        }
    }
    let told = told(&mut callers, 1);
    assert_eq!(told.len(), TOLD);
    let (name, at_least, at_most) = told.first().unwrap();
    assert_eq!(*name, token("alice"));
    assert!((1..=10_000).contains(at_least) && *at_most >= 10_000, "{at_least} to {at_most}");
    assert!(callers.0.values().all(|of| of.present.0.len() == ENTRIES));
}

#[test]
fn refusals_are_forgotten_an_hour_later() {
    let mut callers = RefusedCallers::default();
    for second in [PERIOD, PERIOD + 1, 2 * PERIOD - 1] {
        callers.note(&of_token(second, "alice"));
    }
    callers.note(&of_token(2 * PERIOD, "alice"));
    callers.note(&of_token(2 * PERIOD, "bob"));
    // A clock that is set back.
    callers.note(&of_token(PERIOD, "bob"));
    let now = |period: u64| Instant::from_unix(period * PERIOD);
    assert_eq!(callers.top("a", now(2)).0, now(1));
    assert_eq!(told(&mut callers, 2 * PERIOD), [(token("alice"), 4, 4), (token("bob"), 2, 2)]);
    assert_eq!(told(&mut callers, 3 * PERIOD), [(token("bob"), 2, 2), (token("alice"), 1, 1)]);
    assert!(told(&mut callers, 4 * PERIOD).is_empty());
    callers.note(&of_token(4 * PERIOD, "alice"));
    assert!(told(&mut callers, 6 * PERIOD).is_empty(), "nobody was refused for an hour");
}

#[test]
fn the_last_refusal_of_a_caller_is_told() {
    let mut callers = RefusedCallers::default();
    callers.note(&of_token(1, "alice"));
    callers.note(&RequestRecord { reason: Reason::ScopeMissing, ..of_token(2, "alice") });
    let (_, all) = callers.top("a", Instant::from_unix(3));
    let last = all.first().unwrap();
    assert_eq!(
        (last.reason, last.at.unix(), &last.request_id),
        (Reason::ScopeMissing, 2, &RequestId::Made(2))
    );
}

#[test]
fn no_more_agents_have_a_table_than_there_is_memory_for() {
    let mut callers = RefusedCallers::default();
    let name = |n: usize| AgentName::parse(&format!("agent-{n}")).ok();
    for n in 0..=AGENTS {
        callers.note(&RequestRecord { agent: name(n), ..of_token(1 + n as u64, "alice") });
    }
    assert_eq!(callers.0.len(), AGENTS);
    let count = |callers: &mut RefusedCallers, agent: &str| callers.top(agent, Instant::from_unix(1)).1.len();
    assert_eq!((count(&mut callers, "agent-0"), count(&mut callers, "agent-1")), (0, 1));
}
