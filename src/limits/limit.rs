//! One limit over all configurations that have it: its number, by which its buckets and places are known, and what it permits
//! now. `state` makes it, and tells it of changes. What members count together is known by what all of them call it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::{KeyedHash, Live};

use super::fleetwide::{Common, CommonLimit, Fleetwide};
use super::phases::Phases;
use super::quota::Quota;
use super::rate::{Pace, Rate};
use super::who::Scope;

/// What a limit permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A rate.
    Rate(Rate),
    /// So many requests under way at once.
    Concurrent(u32),
    /// So many requests in a day or a month, which members count together.
    Quota(Quota),
}

/// A limit.
#[derive(Debug)]
pub struct Limit {
    number: NonZeroU32,
    permits: Permits,
}

#[derive(Debug)]
enum Permits {
    Rate(Live<Phases>),
    Concurrent {
        /// The number that is written.
        written: AtomicU32,
        /// This member's part of it.
        share: AtomicU32,
    },
    /// What all members of a fleet count together.
    Common(CommonLimit),
}

impl Limit {
    /// A rate of which each member counts its part.
    pub(super) fn rate(number: NonZeroU32, rate: Rate, members: u32) -> Self {
        Self { number, permits: Permits::Rate(Live::new(Phases::new(Pace::of(rate, members)))) }
    }

    /// A limit of requests under way, of which each member counts its part.
    pub(super) fn concurrent(number: NonZeroU32, written: u32, members: u32) -> Self {
        let share = share(written, members).into();
        Self { number, permits: Permits::Concurrent { written: written.into(), share } }
    }

    /// One that all members count together, who know it by `id`.
    pub(super) fn common(number: NonZeroU32, permits: Common, how: Fleetwide, id: KeyedHash) -> Self {
        Self { number, permits: Permits::Common(CommonLimit::new(permits, how, id)) }
    }

    /// What its buckets have in common, at one agent or at all.
    #[must_use]
    pub fn scope(&self, agent: Option<&str>) -> Scope {
        match &self.permits {
            Permits::Rate(_) | Permits::Concurrent { .. } => Scope::new(self.number(), agent),
            Permits::Common(common) => Scope::common(common.id(), agent),
        }
    }

    /// How all members count it together; `None` where each counts its part.
    #[must_use]
    pub const fn fleetwide(&self) -> Option<Fleetwide> {
        match &self.permits {
            Permits::Rate(_) | Permits::Concurrent { .. } => None,
            Permits::Common(common) => Some(common.how()),
        }
    }

    /// What all members count together.
    pub(super) const fn together(&self) -> Option<&CommonLimit> {
        match &self.permits {
            Permits::Rate(_) | Permits::Concurrent { .. } => None,
            Permits::Common(common) => Some(common),
        }
    }

    /// Its number, which no other limit of the process has.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number.get()
    }

    pub(super) const fn id(&self) -> NonZeroU32 {
        self.number
    }

    /// Its rates; `None` of one that limits requests under way.
    pub(super) const fn phases(&self) -> Option<&Live<Phases>> {
        match &self.permits {
            Permits::Rate(phases) => Some(phases),
            Permits::Concurrent { .. } | Permits::Common(_) => None,
        }
    }

    /// The requests under way that this member may have; `None` of a rate.
    pub(super) fn places(&self) -> Option<u32> {
        match &self.permits {
            Permits::Rate(_) | Permits::Common(_) => None,
            Permits::Concurrent { share, .. } => Some(share.load(Ordering::Relaxed)),
        }
    }

    /// It permits this from now on. A measure of the other kind is for another limit.
    pub(super) fn set(&self, measure: Measure, members: u32, now: u64) {
        match (&self.permits, measure) {
            (Permits::Rate(phases), Measure::Rate(rate)) => turn(phases, Pace::of(rate, members), now),
            (Permits::Concurrent { written, share: own }, Measure::Concurrent(most)) => {
                written.store(most, Ordering::Relaxed);
                own.store(share(most, members), Ordering::Relaxed);
            }
            (Permits::Common(common), Measure::Rate(rate)) => common.set(Common::Rate(rate)),
            (Permits::Common(common), Measure::Quota(quota)) => common.set(Common::Quota(quota)),
            (Permits::Rate(_) | Permits::Common(_), Measure::Concurrent(_))
            | (Permits::Concurrent { .. }, Measure::Rate(_))
            | (Permits::Rate(_) | Permits::Concurrent { .. }, Measure::Quota(_)) => {}
        }
    }

    /// So many members share it from now on.
    pub(super) fn share(&self, members: u32, now: u64) {
        match &self.permits {
            Permits::Rate(phases) => turn(phases, Pace::of(phases.with(Phases::rate), members), now),
            Permits::Concurrent { written, share: own } => {
                own.store(share(written.load(Ordering::Relaxed), members), Ordering::Relaxed);
            }
            // What a member may have of it is asked for with each request.
            Permits::Common(_) => {}
        }
    }
}

/// Begins a phase, unless it is the present one.
fn turn(phases: &Live<Phases>, pace: Pace, now: u64) {
    let before = phases.get();
    if *before.pace() != pace {
        phases.publish(Arc::new(before.then(pace, now)));
    }
}

/// One member's part of so many requests under way.
fn share(written: u32, members: u32) -> u32 {
    (written / members.max(1)).max(1)
}
