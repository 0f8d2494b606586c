//! A test double of an authenticator that needs an introspection and the body before it decides: it shows that both needs
//! work, and that a request whose needs are never met is refused.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use crate::authz::Silent;
use crate::config::{Files, Snapshot, Source, compile, parse};
use crate::idp::{Provider, TokenQuestion, WaitingPlaces};
use crate::model::{ActiveToken, Decision, Fetched, Instant, Introspection, Reason, Request};
use crate::routing::Agent;
use crate::telemetry::Metrics;

use super::decide::ask;
use super::explain::settled;
use super::{Evidence, Need, Step, Verdict, decide};

const CONFIG: &str = "
version: 1
identity_providers: { corp: { issuer: 'https://corp.example' } }
agents: { a: { route: /a, upstream: 'http://127.0.0.1:9', auth: public } }
";

/// Accepts a request whose token is active and whose body is `good`.
#[derive(Debug)]
pub(crate) struct Double {
    pub(crate) agent: Arc<Agent>,
    pub(crate) provider: Arc<Provider>,
    /// Whether it asks for the body again although it has it.
    pub(crate) insists: bool,
}

impl Double {
    /// The limit of the body that it asks for: the length of `good`.
    pub(crate) const LIMIT: usize = 4;

    pub(crate) fn new() -> Self {
        let document = parse(&[Source::new("a.yaml", CONFIG)], &|_| None).unwrap();
        let Snapshot { agents, providers, .. } =
            compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot;
        let agent = agents.into_values().next().unwrap();
        Self { agent, provider: providers.into_values().next().unwrap(), insists: false }
    }

    /// A question that nobody answers: the provider introspects no tokens.
    pub(crate) fn question(&self) -> TokenQuestion {
        TokenQuestion::new(&self.provider, &WaitingPlaces::new(1), |_, _, _| Err(String::new()), "opaque")
    }

    /// Decides, as [`super::decide`] does.
    pub(crate) fn decide(&self, evidence: &Evidence) -> Step {
        let refused = |reason| Step::Decided(Verdict::refused(&self.agent, reason, None));
        match &evidence.token.introspection {
            Fetched::NotAsked => return ask(&self.agent, Need::Introspection(self.question()), evidence),
            Fetched::Here(Introspection::Active(_)) => {}
            Fetched::Here(Introspection::Inactive) => return refused(Reason::TokenInactive),
            Fetched::Unavailable => return refused(Reason::IntrospectionUnavailable),
        }
        match &evidence.body {
            _ if self.insists => ask(&self.agent, Need::Body { limit: Self::LIMIT }, evidence),
            Fetched::NotAsked => ask(&self.agent, Need::Body { limit: Self::LIMIT }, evidence),
            Fetched::Here(body) if body == "good" => Step::Decided(Verdict::allowed(&self.agent, None, None)),
            Fetched::Here(_) => refused(Reason::ClaimMismatch),
            Fetched::Unavailable => refused(Reason::KeysUnavailable),
        }
    }
}

/// An active token without claims.
pub(crate) fn active() -> Introspection {
    Introspection::Active(Arc::new(ActiveToken::new(Box::from(*b"{}"), Instant::from_unix(60))))
}

fn reason(step: Step) -> Result<Reason, Need> {
    match step {
        Step::Decided(verdict) => {
            assert_eq!(
                verdict.permit.is_some(),
                verdict.decision == Decision::Allow,
                "a permit only with `allow`"
            );
            Ok(verdict.reason)
        }
        Step::Needs(need) => Err(need),
    }
}

#[test]
fn a_decision_asks_for_one_need_after_the_other_and_uses_what_it_gets() {
    let double = Double::new();
    let mut evidence = Evidence::default();
    let need = reason(double.decide(&evidence)).unwrap_err();
    assert!(matches!(need, Need::Introspection(asked) if Arc::ptr_eq(asked.provider(), &double.provider)));
    evidence.token.introspection = Fetched::Here(active());
    let need = reason(double.decide(&evidence)).unwrap_err();
    assert!(matches!(need, Need::Body { limit: Double::LIMIT }));
    for (body, wanted) in [("good", Reason::Ok), ("evil", Reason::ClaimMismatch)] {
        evidence.body = Fetched::Here(Bytes::from_static(body.as_bytes()));
        assert_eq!(reason(double.decide(&evidence)).unwrap(), wanted, "{body}");
    }
    evidence.token.introspection = Fetched::Here(Introspection::Inactive);
    assert_eq!(reason(double.decide(&evidence)).unwrap(), Reason::TokenInactive);
}

#[test]
fn a_need_that_cannot_be_met_comes_once_and_then_the_request_is_refused() {
    let double = Double::new();
    let mut evidence = Evidence::default();
    let need = reason(double.decide(&evidence)).unwrap_err();
    evidence.give_up(&need);
    assert_eq!(reason(double.decide(&evidence)).unwrap(), Reason::IntrospectionUnavailable);
    // A decision that repeats a need is refused as well, so the caller's loop ends and nothing passes.
    let double = Double { insists: true, ..double };
    evidence.token.introspection = Fetched::Here(active());
    for body in [Fetched::Here(Bytes::from_static(b"good")), Fetched::Unavailable] {
        evidence.body = Fetched::NotAsked;
        assert!(matches!(reason(double.decide(&evidence)), Err(Need::Body { .. })));
        evidence.body = body;
        assert_eq!(reason(double.decide(&evidence)).unwrap(), Reason::KeysUnavailable);
    }
}

#[test]
fn a_need_that_is_given_up_counts_as_asked_for_and_no_other_does() {
    let double = Double::new();
    let needs = || {
        [
            Need::Keys(Arc::clone(&double.provider)),
            Need::Introspection(double.question()),
            Need::Body { limit: 1 },
        ]
    };
    for (nth, need) in needs().iter().enumerate() {
        let mut evidence = Evidence::default();
        evidence.give_up(need);
        for (other, need) in needs().iter().enumerate() {
            assert_eq!(evidence.covers(need), nth == other, "{need:?}");
            assert!(Evidence::unavailable().covers(need), "{need:?}");
        }
    }
}

#[test]
fn an_explanation_fetches_nothing_and_ends() {
    let double = Double::new();
    let mut asked = 0;
    let (verdict, _) = settled(
        Evidence::default(),
        |_| None,
        |evidence, _| {
            asked += 1;
            double.decide(evidence)
        },
    );
    assert_eq!(
        (verdict.reason, verdict.permit.is_none(), asked),
        (Reason::IntrospectionUnavailable, true, 2)
    );
}

#[test]
fn a_public_agent_needs_nothing() {
    let (agent, headers) = (Double::new().agent, HeaderMap::new());
    let request = Request::with_headers(&headers, Instant::from_unix(1));
    let step = decide(&agent, &request, &Evidence::default(), &mut Silent);
    assert_eq!(reason(step).unwrap(), Reason::Ok);
}
