//! Drives the decision about a request: asks `gate`, fetches what it needs, and asks again.
//!
//! This is the only wait before a request is forwarded, and it is bounded.

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use pingora::http::RequestHeader;

use crate::authz::{Silent, Witness};
use crate::gate::{Evidence, Need, Permit, Step, Verdict, decide};
use crate::model::{Clock, Decision, Fetched, Grounds, Instant, Request};
use crate::routing::Agent;

use super::context::Context;
use super::noted;
use super::service::Gateway;

/// The longest wait for the shared fetch that an unknown `kid` causes. A provider that responds takes well under a second;
/// for one that does not, a client need not wait longer.
const KEYS_WAIT: Duration = Duration::from_secs(1);

impl Gateway {
    /// Decides about a request to `agent`, counts the decision and notes it. The context gets the verdict, which `last` may
    /// still change, and the grounds of a refusal with it.
    pub(super) async fn decide(
        &self,
        agent: &Arc<Agent>,
        mut request: Request<'_>,
        head: &RequestHeader,
        ctx: &mut Context,
        last: impl FnOnce(Verdict, &mut Option<Arc<Grounds>>) -> Verdict,
    ) -> Option<Permit> {
        let (mut took, witnessed) = (Duration::ZERO, self.parts.decisions.is_some());
        let mut grounds = None;
        let ask = |request: &Request<'_>, evidence: &Evidence| {
            let began = Tick::now();
            let step = if witnessed {
                let mut witness = Witness::default();
                let step = decide(agent, request, evidence, &mut witness);
                grounds = witness.into_grounds();
                step
            } else {
                decide(agent, request, evidence, &mut Silent)
            };
            took += began.elapsed();
            step
        };
        let verdict = settle(&mut request, &mut Fetcher { clock: &*self.clock }, ask).await;
        let mut verdict = last(verdict, &mut grounds);
        ctx.now = request.now;
        if verdict.is_at_the_end(ctx.now) {
            verdict = self.judge_late(agent, verdict, head, &mut grounds, ctx);
        }
        if agent.limits.is_some() {
            verdict = self.limit(agent, verdict, &mut grounds, ctx).await;
        }
        ctx.grounds = grounds;
        agent.metrics.decided(verdict.provider, verdict.method, verdict.decision, verdict.reason);
        self.decided(agent, verdict, took, head, ctx)
    }

    /// Notes a decision that took this long. The context gets the verdict.
    pub(super) fn decided(
        &self,
        agent: &Agent,
        mut verdict: Verdict,
        took: Duration,
        head: &RequestHeader,
        ctx: &mut Context,
    ) -> Option<Permit> {
        agent.metrics.decision_took(verdict.method, verdict.cache, took);
        if verdict.possession.is_judged && verdict.decision == Decision::Allow {
            agent.metrics.bound(verdict.possession);
        }
        let permit = verdict.permit.take();
        ctx.verdict = verdict;
        if let Some(decisions) = &self.parts.decisions {
            noted::decision(decisions, head, ctx);
        }
        permit
    }
}

/// Fetches the needs of a decision; the real ones, or fixed ones in tests.
pub(super) trait Fetch {
    /// Fetches a need into `evidence`, or notes there that it is unavailable. Returns the time afterwards.
    fn fetch(
        &mut self,
        need: &Need,
        now: Instant,
        evidence: &mut Evidence,
    ) -> impl Future<Output = Instant> + Send;
}

/// Asks until the decision is made. Each need comes at most once, so the loop ends.
async fn settle(
    request: &mut Request<'_>,
    fetch: &mut impl Fetch,
    mut ask: impl FnMut(&Request<'_>, &Evidence) -> Step,
) -> Verdict {
    let mut evidence = Evidence::default();
    loop {
        match ask(request, &evidence) {
            Step::Decided(verdict) => return verdict,
            Step::Needs(need) => request.now = obtain(fetch, &need, request.now, &mut evidence).await,
        }
    }
}

/// Fetches a need, or gives it up. Returns the time afterwards.
pub(super) async fn obtain(
    fetch: &mut impl Fetch,
    need: &Need,
    now: Instant,
    evidence: &mut Evidence,
) -> Instant {
    let now = fetch.fetch(need, now, evidence).await;
    if !evidence.covers(need) {
        evidence.give_up(need);
    }
    now
}

/// Fetches keys, and answers about tokens, from their providers.
pub(super) struct Fetcher<'a> {
    pub(super) clock: &'a dyn Clock,
}

impl Fetch for Fetcher<'_> {
    async fn fetch(&mut self, need: &Need, now: Instant, evidence: &mut Evidence) -> Instant {
        match need {
            Need::Keys(provider) => {
                if let Some(fetched) = provider.join_refetch(now) {
                    // Late keys serve later requests; this one is decided with the present ones.
                    let in_time = tokio::time::timeout(KEYS_WAIT, fetched).await.is_ok();
                    evidence.token.keys = if in_time { Fetched::Here(()) } else { Fetched::Unavailable };
                }
            }
            Need::Introspection(question) => evidence.token.introspection = question.ask(now).await,
            // `govern` reads the bodies of requests to agents whose rules need them: here a decision that needs one is a
            // refusal.
            Need::Body { .. } => evidence.give_up(need),
        }
        self.clock.now()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::gate::tests::{Double, active};
    use crate::model::{FixedClock, Introspection, Reason};

    /// Has what it was given, and a clock that moves with each fetch.
    struct Given {
        introspection: Fetched<Introspection>,
        body: Fetched<Bytes>,
        asked: Vec<&'static str>,
    }

    impl Fetch for Given {
        async fn fetch(&mut self, need: &Need, _: Instant, evidence: &mut Evidence) -> Instant {
            match need {
                Need::Keys(_) => self.asked.push("keys"),
                Need::Introspection(_) => {
                    self.asked.push("introspection");
                    evidence.token.introspection = self.introspection.clone();
                }
                Need::Body { limit } => {
                    assert_eq!(*limit, Double::LIMIT);
                    self.asked.push("body");
                    evidence.body = self.body.clone();
                }
            }
            Instant::from_unix(self.asked.len() as u64)
        }
    }

    async fn settled(fetch: &mut impl Fetch, double: &Double) -> (Verdict, u64) {
        let headers = HeaderMap::new();
        let mut request = Request::with_headers(&headers, Instant::from_unix(0));
        let verdict = settle(&mut request, fetch, |_, evidence| double.decide(evidence)).await;
        (verdict, request.now.unix())
    }

    #[tokio::test]
    async fn each_need_is_fetched_in_turn_and_the_decision_uses_the_time_after_the_last() {
        let active = Fetched::Here(active());
        let body = |text: &'static str| Fetched::Here(Bytes::from_static(text.as_bytes()));
        for (introspection, body, wanted, asked) in [
            (active.clone(), body("good"), Reason::Ok, &["introspection", "body"] as &[_]),
            (active.clone(), body("evil"), Reason::ClaimMismatch, &["introspection", "body"]),
            (active.clone(), Fetched::Unavailable, Reason::KeysUnavailable, &["introspection", "body"]),
            // One that brings nothing of what it was asked for.
            (active, Fetched::NotAsked, Reason::KeysUnavailable, &["introspection", "body"]),
            (Fetched::Here(Introspection::Inactive), body("good"), Reason::TokenInactive, &["introspection"]),
        ] {
            let mut given = Given { introspection, body, asked: Vec::new() };
            let (verdict, now) = settled(&mut given, &Double::new()).await;
            assert_eq!((verdict.reason, verdict.permit.is_some()), (wanted, wanted == Reason::Ok));
            assert_eq!((&*given.asked, now), (asked, asked.len() as u64));
        }
    }

    #[tokio::test]
    async fn a_need_that_this_gateway_cannot_fetch_is_a_refusal() {
        let clock = FixedClock::at(Instant::from_unix(7));
        for insists in [false, true] {
            let double = Double { insists, ..Double::new() };
            let (verdict, now) = settled(&mut Fetcher { clock: &clock }, &double).await;
            let wanted = (Reason::IntrospectionUnavailable, true, 7);
            assert_eq!((verdict.reason, verdict.permit.is_none(), now), wanted);
        }
    }
}
