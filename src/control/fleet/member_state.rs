//! The state of a member, as another one sees it. Pure: no clock is read, and only *our* time is measured.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use crate::store::{Seen, Sight};

/// The age of what a member knows from which on it is stale: three regular looks of five seconds may be lost.
const STALE: Duration = Duration::from_secs(15);

/// The state of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// It serves the last revision.
    Running,
    /// It does not serve the last revision yet.
    Behind,
    /// It does not serve the last revision, since something in that is invalid there.
    Refused,
    /// What it said last is old, or it has not heard of the store for a while.
    Stale,
    /// It was there and is not, without having left.
    Vanished,
}

impl MemberState {
    /// Every state.
    pub const ALL: &'static [Self] =
        &[Self::Running, Self::Behind, Self::Refused, Self::Stale, Self::Vanished];

    /// Its word in the API and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Behind => "behind",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Vanished => "vanished",
        }
    }

    /// The state of a member whose store is at `head`.
    pub(super) fn of(seen: &Seen, head: u64, now: Instant) -> Self {
        let member = &seen.member;
        match age(seen, now) {
            None if seen.sight == Sight::Vanished => Self::Vanished,
            age if age.is_none_or(|age| age > STALE) => Self::Stale,
            _ if member.revision >= head => Self::Running,
            _ if member.refused.as_ref().is_some_and(|refused| refused.revision >= head) => Self::Refused,
            _ => Self::Behind,
        }
    }
}

/// How old what a member knows of the store is: what it said, and how long ago we saw it say so. `None` when it never
/// heard of the store, or vanished.
pub(super) fn age(seen: &Seen, now: Instant) -> Option<Duration> {
    let Sight::Present { changed, .. } = seen.sight else { return None };
    let said = Duration::from_millis(seen.member.confirmed_age_ms?);
    Some(said.saturating_add(now.saturating_duration_since(changed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Member, RefusedRevision};

    #[test]
    fn a_state_is_the_first_that_an_operator_must_know_of() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let present = Sight::Present { changed: start, contested: false };
        let vanished = Sight::Vanished;
        for (sight, revision, refused, confirmed, now, expected) in [
            (present, 7, None, Some(0), later(0), MemberState::Running),
            (present, 8, None, Some(0), later(0), MemberState::Running),
            (present, 6, None, Some(0), later(0), MemberState::Behind),
            (present, 6, Some(7), Some(0), later(0), MemberState::Refused),
            // It refused one before the last, and may take the last.
            (present, 5, Some(6), Some(0), later(0), MemberState::Behind),
            (present, 7, None, Some(0), later(15), MemberState::Running),
            (present, 7, None, Some(0), later(16), MemberState::Stale),
            (present, 7, None, Some(9_000), later(6), MemberState::Running),
            (present, 7, None, Some(9_001), later(6), MemberState::Stale),
            (present, 6, Some(7), Some(20_000), later(0), MemberState::Stale),
            (present, 7, None, None, later(0), MemberState::Stale),
            (vanished, 7, None, Some(0), later(0), MemberState::Vanished),
            (vanished, 7, None, None, later(0), MemberState::Vanished),
        ] {
            let refused = refused.map(|revision| RefusedRevision { revision, findings: Vec::new() });
            let member = Member { revision, refused, confirmed_age_ms: confirmed, ..Member::default() };
            let seen = Seen { member, sight };
            assert_eq!(MemberState::of(&seen, 7, now), expected, "{seen:?} {:?}", now - start);
        }
    }
}
