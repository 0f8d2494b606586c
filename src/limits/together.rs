//! What this member tells the place where all members count, what it hears from there, and what it asks for a single request.
//!
//! Who talks to that place is for `control`, which calls this from a task of its own.

use std::time::Instant as Tick;

use crate::model::KeyedHash;

use super::ledger::Heard;
use super::ledgers::Listed;
use super::limit::Limit;
use super::link::{Answer, Ask, Counter, Tale};
use super::rate::Standing;
use super::state::{LimitState, Weighed};
use super::view::View;

impl LimitState {
    /// The members count together from now on, as soon as they are linked: `wake` is called when they are to hear of something
    /// soon, and `counter` asks for single requests. The first call counts.
    pub fn connect(&self, wake: impl Fn() + Send + Sync + 'static, counter: impl Counter + 'static) {
        self.link.connect(Box::new(wake), Box::new(counter));
    }

    /// Whether the place where members count is there from now on.
    pub fn link(&self, is_up: bool) {
        self.link.set(is_up);
    }

    /// At most so many buckets of which the others are to be told now. For each, [`Self::hear`] or [`Self::fail`] follows.
    #[must_use]
    pub fn tales(&self, most: usize, at: Tick) -> Vec<Tale> {
        let (now, members) = (self.now(at), self.members());
        let tale = |listed: Listed| {
            let Listed { key, limit, view, told } = listed;
            let limit = self.limits.common_id(limit)?;
            Some(Tale {
                limit,
                key,
                burst: view.burst,
                refill: view.refill,
                own: told.own,
                spent: told.spent,
                is_wanted: told.is_wanted,
                told_from: told_from(view.burst, members),
            })
        };
        let view = |number, ends| Some(View::of(self.limits.common_of(number)?, ends, (members, true, now)));
        self.ledgers.listed(most, &view).into_iter().filter_map(tale).collect()
    }

    /// They were told of a bucket at this time, and this is what it stands at.
    pub fn hear(&self, key: KeyedHash, heard: Heard, at: Tick) {
        self.ledgers.hear(key, heard, self.now(at));
    }

    /// They were not told of it.
    pub fn fail(&self, key: KeyedHash) {
        self.ledgers.fail(key);
    }

    /// Others have told of buckets by this time: of which limit, of which key, and what it stands at.
    pub fn overhear(&self, news: &[(KeyedHash, KeyedHash, Heard)], at: Tick) {
        let (now, limits) = (self.now(at), self.limits.common());
        for (limit, key, heard) in news {
            if let Some((number, common)) = limits.get(limit) {
                self.ledgers.overhear(*key, (*number, self.ends(*common, now)), *heard, now);
            }
        }
    }

    /// The place where members count may have forgotten what it knew: this member tells of all that it knows.
    pub fn doubt(&self, at: Tick) {
        let (now, members) = (self.now(at), self.members());
        self.ledgers.list_all(&|number, ends| {
            Some(View::of(self.limits.common_of(number)?, ends, (members, true, now)))
        });
    }

    /// The question for a request that a strict limit counts.
    #[must_use]
    pub fn ask(&self, weighed: Weighed<'_>, is_enforced: bool, at: Tick) -> Option<Ask> {
        let common = weighed.limit.together()?;
        let (permits, now, members) = (common.permits(), self.now(at), self.members());
        let (scope, ends) = self.term(permits, weighed.scope, now);
        let (key, view) = (scope.everywhere(weighed.who), View::of(permits, ends, (members, true, now)));
        let (burst, refill) = (view.burst, view.refill);
        let spent = self.ledgers.known(key, &view);
        let told_from = told_from(burst, members);
        let tale =
            Tale { limit: common.id(), key, burst, refill, own: 1.0, spent, is_wanted: true, told_from };
        Some(Ask { tale, is_enforced })
    }

    /// Who asks for it; nobody while the place where members count is away.
    #[must_use]
    pub fn counter(&self) -> Option<&dyn Counter> {
        self.link.counter()
    }

    /// What was said of it, which is remembered for when nothing is said.
    #[must_use]
    pub fn answered(&self, limit: &Limit, ask: &Ask, answer: &Answer, at: Tick) -> Standing {
        let now = self.now(at);
        let Tale { key, burst, refill, .. } = ask.tale;
        if let Some(common) = limit.together() {
            let ends = self.ends(common.permits(), now);
            self.ledgers.overhear(key, (limit.id(), ends), answer.heard, now);
        }
        let view = View { burst, refill, members: 1, is_linked: true, now };
        let standing = view.after(answer.heard.spent);
        match answer.is_let_in {
            true => standing,
            false => Standing { left: 0, seconds: standing.seconds.max(1) },
        }
    }
}

fn told_from(burst: u32, members: u32) -> f64 {
    f64::from(burst) / f64::from(members.max(1))
}

#[cfg(test)]
mod tests;
