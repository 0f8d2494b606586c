//! Which of the gateway's keys of one algorithm signs, and when there has to be a new one: a function of the times at which they
//! were made.

use std::time::Duration;

use crate::model::Instant;

/// When keys follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How long a key signs.
    pub rotate: Duration,
    /// How long a key is published before it signs, so that everybody who keeps the set has it by then.
    pub publish_before: Duration,
}

impl Schedule {
    /// The key that signs, of those made at these times: the newest that was published for long enough, else the oldest.
    /// They stand in the order of their times.
    pub(super) fn signer(self, made: &[Instant], now: Instant) -> Option<usize> {
        let is_known = |made: &Instant| made.plus(self.publish_before) <= now;
        made.iter().rposition(is_known).or(if made.is_empty() { None } else { Some(0) })
    }

    /// Whether there has to be a new key.
    pub(super) fn is_due(self, made: &[Instant], now: Instant) -> bool {
        made.last().is_none_or(|newest| newest.plus(self.rotate) <= now)
    }

    /// Whether a key waits until it signs.
    pub(super) fn has_next(self, made: &[Instant], now: Instant) -> bool {
        self.signer(made, now).is_some_and(|signer| signer + 1 < made.len())
    }

    /// The first key that is still needed: the one before that which signs, since what it signed is still verified.
    pub(super) fn first_kept(self, made: &[Instant], now: Instant) -> usize {
        self.signer(made, now).unwrap_or_default().saturating_sub(1)
    }

    /// Whether keys that nothing is signed with any more, nobody knows since when, are needed no longer: the newest would have
    /// been replaced, and the one behind it as well, so that all that they signed is as old as with keys that are in use.
    pub(super) fn is_over(self, made: &[Instant], now: Instant) -> bool {
        made.last().is_none_or(|newest| newest.plus(self.publish_before + self.rotate * 2) <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    #[test]
    fn a_key_signs_once_it_was_published_for_long_enough() {
        let schedule = Schedule {
            rotate: Duration::from_secs(720 * HOUR),
            publish_before: Duration::from_secs(24 * HOUR),
        };
        for (made, now, signer, kept, due, next) in [
            (&[][..], 0, None, 0, true, false),
            // The first one signs at once: nobody knows another.
            (&[100], 100, Some(0), 0, false, false),
            (&[100], 819, Some(0), 0, false, false),
            (&[100], 820, Some(0), 0, true, false),
            (&[100, 820], 843, Some(0), 0, false, true),
            (&[100, 820], 844, Some(1), 0, false, false),
            (&[100, 820, 1540], 1563, Some(1), 0, false, true),
            (&[100, 820, 1540], 1564, Some(2), 1, false, false),
            // The clock was set back.
            (&[100, 820], 50, Some(0), 0, false, true),
        ] {
            let made: Vec<Instant> = made.iter().map(|hours| Instant::from_unix(hours * HOUR)).collect();
            let now = Instant::from_unix(now * HOUR);
            let found = (
                schedule.signer(&made, now),
                schedule.first_kept(&made, now),
                schedule.is_due(&made, now),
                schedule.has_next(&made, now),
            );
            assert_eq!(found, (signer, kept, due, next), "{made:?} at {now}");
        }
    }

    #[test]
    fn keys_that_sign_no_more_are_kept_as_long_as_those_that_did_until_the_end_of_their_time() {
        let hours = |hours: u64| Instant::from_unix(hours * HOUR);
        let schedule = Schedule {
            rotate: Duration::from_secs(720 * HOUR),
            publish_before: Duration::from_secs(24 * HOUR),
        };
        for (made, now, is_over) in [
            (&[][..], 0, true),
            (&[100], 100, false),
            (&[100], 1563, false),
            (&[100], 1564, true),
            (&[100, 820], 1564, false),
            // The clock was set back.
            (&[100], 50, false),
        ] {
            let made: Vec<Instant> = made.iter().copied().map(hours).collect();
            assert_eq!(schedule.is_over(&made, hours(now)), is_over, "{made:?} at {now}");
        }
    }
}
