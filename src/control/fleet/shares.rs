//! How many members share the limits: one more shrinks the shares of the others at once, and those who are left get larger ones
//! only after a while, so that no two count the same part.

use std::time::{Duration, Instant as Tick};

use tokio::time::{Instant, sleep_until};

use super::Fleet;
use crate::limits::LimitState;
use crate::store::{Seen, Sight};

/// How long a member must be gone before the others share its part: a member that is seen again in the meantime has it still.
const GROWTH: Duration = Duration::from_secs(2);
/// How often members are counted when nothing is said of them: a change that was missed is not missed for long.
const EVERY: Duration = Duration::from_secs(1);

/// The number of members that share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::control) struct Shares {
    members: usize,
    /// The most members since then, where there are fewer than share.
    fewer: Option<(usize, Instant)>,
}

/// Follows the members for ever.
pub(super) async fn follow(fleet: &Fleet, limits: &LimitState) {
    let Some(presence) = fleet.presence() else { return };
    let mut changes = presence.changes();
    let mut shares = Shares::alone();
    loop {
        let (now, before) = (Instant::now(), shares);
        shares = shares.seen(there(&fleet.seen()), now);
        if shares.members != before.members {
            tracing::info!(members = shares.members, "so many members of the fleet share the limits");
            limits.share(u32::try_from(shares.members).unwrap_or(u32::MAX), Tick::now());
        }
        let next = shares.grows_at().map_or(now + EVERY, |at| at.min(now + EVERY));
        tokio::select! {
            () = sleep_until(next) => {}
            _ = changes.changed() => {}
        }
    }
}

/// The members that are there, this one among them. One that is about to end serves until it is gone.
fn there(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| matches!(seen.sight, Sight::Present { .. })).count()
}

impl Shares {
    /// Those of a member that knows of no other.
    pub(in crate::control) const fn alone() -> Self {
        Self { members: 1, fewer: None }
    }

    /// How many share.
    pub(in crate::control) const fn members(self) -> usize {
        self.members
    }

    /// These, when so many members are seen.
    pub(in crate::control) fn seen(self, there: usize, now: Instant) -> Self {
        let there = there.max(1);
        if there >= self.members {
            return Self { members: there, fewer: None };
        }
        match self.fewer {
            Some((most, since)) if now >= since + GROWTH => {
                // What was seen meanwhile may be more than what is seen now: that takes a while of its own.
                let fewer = (there < most).then_some((there, now));
                Self { members: most.max(there), fewer }
            }
            Some((most, since)) => Self { fewer: Some((most.max(there), since)), ..self },
            None => Self { fewer: Some((there, now)), ..self },
        }
    }

    /// When the shares grow if nobody comes.
    fn grows_at(self) -> Option<Instant> {
        self.fewer.map(|(_, since)| since + GROWTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_shrink_at_once_and_grow_after_two_seconds_without_the_member() {
        let start = Instant::now();
        let mut shares = Shares { members: 1, fewer: None };
        for (millis, there, members) in [
            (0, 1, 1),
            (100, 3, 3),
            (200, 2, 3),
            (2_100, 2, 3),
            (2_200, 2, 2),
            (3_000, 1, 2),
            // It is seen again: nothing has grown.
            (4_000, 2, 2),
            (4_100, 1, 2),
            (6_000, 1, 2),
            (6_100, 1, 1),
            (6_200, 3, 3),
            (7_000, 1, 3),
            // One of the two came back in the meantime.
            (8_000, 2, 3),
            (8_500, 1, 3),
            (9_000, 1, 2),
            (10_900, 1, 2),
            (11_000, 1, 1),
            (12_000, 0, 1),
        ] {
            shares = shares.seen(there, start + Duration::from_millis(millis));
            assert_eq!(shares.members, members, "{millis} {there}");
        }
    }
}
