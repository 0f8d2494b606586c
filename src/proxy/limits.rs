//! The limits of callers on the way of a request: when they are looked at, and what is given back of a request that could not
//! be served.
//!
//! `gate` says which apply and what follows, and `limit_fields` tells the client; an agent without limits never comes here.

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use pingora::proxy::Session;

use crate::authz::Witness;
use crate::gate::{Standpoint, Strict, Verdict, failed, limited, limited_before};
use crate::model::{Grounds, Reason};
use crate::routing::{Agent, AgentLimits};

use super::answer::{Own, Problem};
use super::context::Context;
use super::service::Gateway;

impl Gateway {
    /// Looks at the limits that come before the credential; a request that one of them refuses is counted and noted.
    pub(super) fn limit_before(
        &self,
        agent: &Arc<Agent>,
        limits: &AgentLimits,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<(), Own> {
        if !limits.come_first() {
            return Ok(());
        }
        let mut witness = Witness::default();
        let Some((verdict, counted)) = limited_before(agent, limits, standpoint(ctx), &mut witness) else {
            return Ok(());
        };
        let head = session.req_header();
        ctx.grounds = witness.into_grounds().filter(|_| self.parts.decisions.is_some());
        ctx.counted = Some(counted);
        agent.metrics.decided(verdict.provider, verdict.method, verdict.decision, verdict.reason);
        // It has no permit.
        drop(self.decided(agent, verdict, Duration::ZERO, head, ctx));
        Err(self.refused(agent, head, ctx).into())
    }

    /// Counts a request that the rules let in: first at the limits that this gateway counts by itself, then, where all of them
    /// have let it in, at those that are asked for with each. Refused by a limit, it has the grounds of that.
    pub(super) async fn limit(
        &self,
        agent: &Arc<Agent>,
        verdict: Verdict,
        grounds: &mut Option<Arc<Grounds>>,
        ctx: &mut Context,
    ) -> Verdict {
        let Some(limits) = agent.limits.as_deref() else { return verdict };
        let verdict = self.limit_here((agent, limits), verdict, grounds, ctx);
        if !limits.has_strict {
            return verdict;
        }
        // Apart, so that the others do not carry what a question needs.
        Box::pin(self.limit_strictly((agent, limits), verdict, grounds, ctx)).await
    }

    /// Counts it at the limits that this gateway counts by itself.
    fn limit_here(
        &self,
        (agent, limits): (&Arc<Agent>, &AgentLimits),
        verdict: Verdict,
        grounds: &mut Option<Arc<Grounds>>,
        ctx: &mut Context,
    ) -> Verdict {
        let mut witness = Witness::default();
        let (verdict, counted) = limited(agent, limits, verdict, standpoint(ctx), &mut witness);
        if verdict.permit.is_none() && counted.is_some() && self.parts.decisions.is_some() {
            *grounds = witness.into_grounds();
        }
        ctx.counted = counted;
        verdict
    }

    /// Asks for it at the limits that are asked for with each request.
    async fn limit_strictly(
        &self,
        (agent, limits): (&Arc<Agent>, &AgentLimits),
        verdict: Verdict,
        grounds: &mut Option<Arc<Grounds>>,
        ctx: &mut Context,
    ) -> Verdict {
        let from = standpoint(ctx);
        let Some(strict) = Strict::of(agent, limits, &verdict, from) else { return verdict };
        let answers = match limits.state.counter().filter(|_| !strict.asks().is_empty()) {
            Some(counter) => counter.take(strict.asks()).await,
            None => None,
        };
        let mut witness = Witness::default();
        let from = standpoint(ctx);
        let counted = ctx.counted.take();
        let (verdict, counted) =
            strict.counts((agent, limits), (answers, from), (verdict, counted), &mut witness);
        if verdict.permit.is_none() && counted.is_some() && self.parts.decisions.is_some() {
            *grounds = witness.into_grounds();
        }
        ctx.counted = counted;
        verdict
    }
}

/// Counts a request whose credential was refused with this response, if that is a 401. Who is only asked for a nonce has shown a good
/// token and a good proof, and each client is asked so now and then.
pub(super) fn count_failed(agent: &Agent, problem: &Problem, ctx: &mut Context) {
    if let Some(limits) = agent.limits.as_deref()
        && problem.status() == 401
        && ctx.verdict.reason != Reason::NonceRequired
    {
        ctx.counted = failed(limits, ctx.verdict.provider, standpoint(ctx));
    }
}

/// Gives back what was spent for a request that the gateway itself could not serve.
pub(super) fn give_back(agent: &Agent, ctx: &mut Context) {
    if let Some(mut counted) = ctx.counted.take() {
        counted.give_back(agent, Tick::now());
    }
}

fn standpoint(ctx: &Context) -> Standpoint {
    Standpoint { address: ctx.remote, at: Tick::now() }
}
