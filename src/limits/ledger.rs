//! What this member knows of one bucket that all members share: what was spent from it when the others were last heard of, what
//! this member has spent since, and what it may let in until it hears again.
//!
//! Amounts are in requests, with fractions, as the place has them where the members count. What is asked and told there is for
//! `ledgers`.

use std::num::NonZeroU32;

use super::rate::Standing;
use super::view::{Refill, View, ceiling, whole};

/// What was heard is taken for the present for so long, in microseconds: a member that spends tells five times as often.
pub(super) const FRESH: u64 = 1_000_000;

/// What was spent from a bucket, as the place says where the members count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Requests, this member's among them.
    pub spent: f64,
    /// How many other members have asked for it in the last second.
    pub others: u32,
}

/// What is known of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ledger {
    pub(super) limit: NonZeroU32,
    /// When it ends, in microseconds, and nothing of it counts any more: that of a quota, with its day or month.
    pub(super) ends: u64,
    /// What all had spent at `at`, in microseconds; this member's own since then are in `own`.
    spent: f64,
    at: u64,
    others: u32,
    /// Whether it was ever heard of.
    is_known: bool,
    /// Requests of this member that the others have not heard of; fewer than none when some were given back.
    own: i32,
    /// Of these, those that they are being told of.
    telling: i32,
    /// What was spent of this member's part at `part_at`, while it counts alone.
    part: f64,
    part_at: u64,
    /// Whether somebody has asked since the others were last told.
    pub(super) is_wanted: bool,
    /// Whether it is in the list of those of which the others are to be told.
    pub(super) is_listed: bool,
}

/// What the others are told of one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    /// Requests that this member has let in since it last told.
    pub(super) own: f64,
    /// What had been spent before, as far as it knows: the place may have forgotten it.
    pub(super) spent: f64,
    pub(super) is_wanted: bool,
}

impl Ledger {
    /// Of a bucket that nobody has told anything of. It has spent at most a member's part then, or it would have been told.
    pub(super) const fn new(limit: NonZeroU32, ends: u64) -> Self {
        Self {
            limit,
            ends,
            spent: 0.0,
            at: 0,
            others: 0,
            is_known: false,
            own: 0,
            telling: 0,
            part: 0.0,
            part_at: 0,
            is_wanted: false,
            is_listed: false,
        }
    }

    /// What is left of it for this member now, nothing but less than one request being none.
    pub(super) fn standing(&self, view: &View) -> Standing {
        if !view.is_linked {
            let left = view.part(view.full()).max(1.0) - self.part(view);
            return match left >= 1.0 {
                true => {
                    Standing { left: whole(left), seconds: view.until_full(self.part(view), view.members) }
                }
                false => Standing { left: 0, seconds: view.seconds(1.0 - left, view.members) },
            };
        }
        let own = self.own(view);
        let spent = self.spent(view);
        let (free, left) = (view.full() - spent, view.full() - spent - own);
        let sharing =
            if self.is_fresh(view.now) { self.others.saturating_add(1) } else { view.members.max(1) };
        // Where less than one request is there for each, whoever asks first gets it, and all hear of it.
        let may = (free / f64::from(sharing)).max(free.min(1.0)) - own;
        match may >= 1.0 {
            true => Standing { left: whole(left.max(1.0)), seconds: view.until_full(spent + own, 1) },
            false => Standing { left: 0, seconds: view.seconds((1.0 - left).max(0.0), 1) },
        }
    }

    /// What is left of it for all, as far as this member knows.
    pub(super) fn left(&self, view: &View) -> Standing {
        if view.is_linked { view.after(self.spent(view) + self.own(view)) } else { self.standing(view) }
    }

    /// Whether the others are to hear of it soon: it was not heard of for long, or most of what this member may let in is let in.
    pub(super) fn is_urgent(&self, view: &View) -> bool {
        let free = view.full() - self.spent(view);
        let sharing = f64::from(self.others.saturating_add(1));
        !self.is_fresh(view.now) || (self.own > 0 && self.own(view) * 2.0 >= free / sharing)
    }

    /// This member lets so many requests in, or has so many back.
    pub(super) fn spend(&mut self, requests: i32, view: &View) {
        // While it counts alone, and until it was heard of again.
        if !view.is_linked || self.is_alone() {
            let part = (self.part(view) + f64::from(requests)).max(0.0);
            (self.part, self.part_at) = (part, view.now.max(self.at + 1));
        }
        self.own = self.own.saturating_add(requests);
    }

    /// What the others are to be told now.
    pub(super) fn tell(&mut self, view: &View) -> Told {
        self.telling = self.own;
        let told = Told { own: self.own(view), spent: self.spent(view), is_wanted: self.is_wanted };
        (self.is_wanted, self.is_listed) = (false, false);
        told
    }

    /// They were told, and say what was spent. `at` is when they were told, and not when they answered: what drained in between
    /// would seem to be spent.
    pub(super) fn hear(&mut self, heard: Heard, at: u64) {
        self.own = self.own.saturating_sub(std::mem::take(&mut self.telling));
        (self.spent, self.at, self.others, self.is_known) = (heard.spent, at, heard.others, true);
    }

    /// Another member has told of it. What this one is telling at the moment may be among it.
    pub(super) fn overhear(&mut self, heard: Heard, at: u64) {
        if self.telling == 0 {
            (self.spent, self.at, self.others, self.is_known) = (heard.spent, at, heard.others, true);
        }
    }

    /// They were not told.
    pub(super) const fn fail(&mut self) {
        self.telling = 0;
    }

    /// Whether it may be forgotten: nothing was spent from it, or it is over, or, of one that does not drain, the place where
    /// members count knows all of it and nobody has asked for it lately.
    pub(super) fn is_idle(&self, view: &View) -> bool {
        let is_kept_elsewhere = match view.refill {
            Refill::Steady { .. } => false,
            Refill::Whole { .. } => view.is_linked && !self.is_alone() && !self.is_fresh(view.now),
        };
        let is_empty = self.spent(view) <= 0.0 && self.part(view) <= 0.0;
        self.is_over(view.now) || (self.own == 0 && (is_empty || is_kept_elsewhere))
    }

    /// Whether it has ended.
    pub(super) const fn is_over(&self, now: u64) -> bool {
        now >= self.ends
    }

    /// Whether anything was spent that the place where members count should know.
    pub(super) fn is_spent(&self, view: &View) -> bool {
        self.spent(view) > 0.0 && !self.is_over(view.now)
    }

    /// What was spent by all, without what this member has not told.
    pub(super) fn spent(&self, view: &View) -> f64 {
        (self.spent - view.drained(view.now.saturating_sub(self.at))).max(0.0)
    }

    /// Requests that were spent by all, as far as this member knows, its own among them.
    pub(super) fn spent_by_all(&self, view: &View) -> u64 {
        ceiling(self.spent(view) + self.own(view).max(0.0))
    }

    /// What this member has spent and not told. What it let in while it counted alone has drained as well.
    fn own(&self, view: &View) -> f64 {
        let own = f64::from(self.own);
        if self.is_alone() { own.min(self.part(view)) } else { own }
    }

    /// What was spent of this member's part: at first, its part of what all have spent, and what the others do not know of.
    fn part(&self, view: &View) -> f64 {
        match self.is_alone() {
            true => (self.part - view.part(view.drained(view.now.saturating_sub(self.part_at)))).max(0.0),
            false => (view.part(self.spent(view)) + f64::from(self.own)).max(0.0),
        }
    }

    /// Whether it has counted alone since it was last heard of.
    const fn is_alone(&self) -> bool {
        self.part_at > self.at
    }

    const fn is_fresh(&self, now: u64) -> bool {
        self.is_known && now.saturating_sub(self.at) <= FRESH
    }
}
