//! The limits that are asked for with each request: what is asked, and what becomes of the request by the answers, or without
//! any. They come last, when all other limits have let the request in.
//!
//! Who asks is for `limits` and `proxy`.

use std::sync::Arc;

use crate::authz::Trace;
use crate::limits::{Answer, Ask, OnLoss, Standing, Who};
use crate::model::Decision;
use crate::routing::{Agent, AgentLimit, AgentLimits, Counts};

use super::limited::{AtLimit, LOST, enforces};
use super::whom::whom;
use super::{Counted, Standpoint, Verdict};

/// What is to be asked about a request.
#[derive(Debug, Default)]
pub struct Strict {
    /// The limits, as indices into the agent's list, and whom the request counts for there.
    at: Vec<(usize, Who)>,
    asks: Vec<Ask>,
}

impl Strict {
    /// What is asked about a request that the rules and all other limits let in; nothing about any other.
    #[must_use]
    pub fn of(agent: &Agent, limits: &AgentLimits, verdict: &Verdict, from: Standpoint) -> Option<Self> {
        if verdict.decision != Decision::Allow {
            return None;
        }
        let applies = |limit: &AgentLimit| {
            limit.is_strict() && limit.counts == Counts::All && limit.is_about(verdict.provider)
        };
        let mut strict = Self::default();
        for (nth, limit) in limits.list.iter().enumerate().filter(|(_, limit)| applies(limit)) {
            let who = whom(agent, limit, verdict.identity.as_deref(), verdict.permit.as_ref(), from.address);
            if let Some(ask) = limits.state.ask(limit.for_whom(who), enforces(agent, limit), from.at) {
                strict.at.push((nth, who));
                strict.asks.push(ask);
            }
        }
        Some(strict)
    }

    /// The questions.
    #[must_use]
    pub fn asks(&self) -> &[Ask] {
        &self.asks
    }

    /// Counts the request by the answers, if there are any.
    pub fn counts(
        self,
        (agent, limits): (&Arc<Agent>, &AgentLimits),
        (answers, from): (Option<Vec<Answer>>, Standpoint),
        (verdict, counted): (Verdict, Option<Box<Counted>>),
        trace: &mut impl Trace,
    ) -> (Verdict, Option<Box<Counted>>) {
        if self.at.is_empty() {
            counted.iter().for_each(|counted| counted.pass(limits));
            return (verdict, counted);
        }
        let mut counted = counted.unwrap_or_default();
        match answers.filter(|answers| answers.len() == self.at.len()) {
            Some(answers) => self.answered((agent, limits), &answers, &mut counted, from),
            None => self.unanswered((agent, limits), &mut counted, from),
        }
        let verdict = match counted.refuses(agent, trace) {
            true => {
                counted.take_back(limits, from.at);
                verdict.but_refused(agent, counted.reason(agent))
            }
            false => {
                counted.pass(limits);
                verdict
            }
        };
        (verdict, Some(counted))
    }

    fn answered(
        &self,
        (agent, limits): (&Agent, &AgentLimits),
        answers: &[Answer],
        counted: &mut Counted,
        from: Standpoint,
    ) {
        // One that is enforced and refuses the request has kept all others from spending.
        let refuses = |(ask, answer): (&Ask, &Answer)| ask.is_enforced && !answer.is_let_in;
        let is_refused = self.asks.iter().zip(answers).any(refuses);
        let mut refused = Counted::default();
        for (((nth, who), ask), answer) in self.at.iter().zip(&self.asks).zip(answers) {
            let Some(limit) = limits.list.get(*nth) else { continue };
            let standing = limits.state.answered(&limit.limit, ask, answer, from.at);
            // It was spent there, and is not given back by this member where another limit refuses.
            let is_spent = answer.is_let_in && !is_refused;
            let at = AtLimit { nth: *nth, who: *who, standing, is_spent, is_lost: false };
            if answer.is_let_in { counted.at.push(at) } else { refused.at.push(at) }
        }
        refused.judge(agent, limits);
        counted.at.append(&mut refused.at);
        counted.by = refused.by.or(counted.by);
        counted.retry_after = refused.retry_after;
    }

    /// Without an answer each limit does what its `on_loss` says.
    fn unanswered(&self, (agent, limits): (&Agent, &AgentLimits), counted: &mut Counted, from: Standpoint) {
        let mut here = Counted::default();
        for (nth, who) in &self.at {
            let Some(limit) = limits.list.get(*nth) else { continue };
            let how = limit.limit.fleetwide().map_or(OnLoss::Share, |how| how.on_loss);
            let (left, seconds, is_lost) = match how {
                // Whether it is one is found out when it is spent.
                OnLoss::Share => (1, 0, false),
                OnLoss::Allow => {
                    limit.has_allowed();
                    continue;
                }
                OnLoss::Deny => (0, LOST, true),
            };
            let standing = Standing { left, seconds };
            here.at.push(AtLimit { nth: *nth, who: *who, standing, is_spent: false, is_lost });
        }
        here.judge(agent, limits);
        if here.retry_after.is_none() {
            here.spend(agent, limits, from.at);
        }
        counted.at.append(&mut here.at);
        counted.by = here.by.or(counted.by);
        counted.retry_after = here.retry_after;
    }
}
