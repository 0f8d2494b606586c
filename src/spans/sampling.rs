//! Which requests are kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{Decision, Instant, TraceId};

/// A whole in millionths.
const WHOLE: u32 = 1_000_000;
/// The bits of a trace id that are random in any case (W3C Trace Context level 2, section 3.2.2.3).
const RANDOM: u64 = (1 << 56) - 1;

/// The rules, with parts in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Of all traces, where no caller that is believed has decided.
    pub ratio: u32,
    /// Of refused requests.
    pub refused: u32,
    /// Of responses with a status of 500 or more.
    pub errors: u32,
    /// A response that takes longer to begin is kept.
    pub slower_than: Duration,
    /// The most a second that are kept for one of the last three reasons alone.
    pub keep_per_second: u64,
}

impl Sampling {
    /// Whether a trace is sampled from its beginning.
    pub(super) fn samples(&self, trace: TraceId) -> bool {
        is_within(trace, self.ratio)
    }

    /// Whether a request that is not sampled is kept for what became of it.
    pub(super) fn keeps(&self, trace: TraceId, decision: Decision, status: u16, took: Duration) -> bool {
        let is_refused = matches!(decision, Decision::Deny);
        (is_refused && is_within(trace, self.refused))
            || (status >= 500 && is_within(trace, self.errors))
            || took > self.slower_than
    }
}

/// Whether a trace is in this part of all: the same for everybody who asks.
fn is_within(trace: TraceId, millionths: u32) -> bool {
    let place = u128::from(trace.spread() & RANDOM) * u128::from(WHOLE);
    place < u128::from(millionths) * u128::from(RANDOM + 1)
}

/// How many were kept in this second.
#[derive(Debug, Default)]
pub(super) struct Cap(AtomicU64);

impl Cap {
    /// Whether one more may be kept at `now`. The second and its count share a word, so that no update is lost.
    pub(super) fn admits(&self, now: Instant, most: u64) -> bool {
        let second = now.unix() & u64::from(u32::MAX);
        let counted = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let count = if word >> 32 == second { word & u64::from(u32::MAX) } else { 0 };
            (count < most).then(|| second << 32 | (count + 1))
        });
        counted.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Sampling = Sampling {
        ratio: 10_000,
        refused: WHOLE,
        errors: WHOLE,
        slower_than: Duration::from_secs(2),
        keep_per_second: 100,
    };

    #[test]
    fn a_part_of_all_traces_is_sampled_and_always_the_same_ones() {
        let traces = |n: u64| (0..n).map(|n| TraceId::of(u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
        let sampled = traces(100_000).filter(|trace| RULES.samples(*trace)).count();
        assert!((900..1_100).contains(&sampled), "{sampled} of 100,000");
        for (ratio, wanted) in [(0, 0), (WHOLE, 1_000)] {
            let rules = Sampling { ratio, ..RULES };
            assert_eq!(traces(1_000).filter(|trace| rules.samples(*trace)).count(), wanted);
        }
        let highest = TraceId::of(u128::MAX);
        assert!(Sampling { ratio: WHOLE, ..RULES }.samples(highest) && !RULES.samples(highest));
    }

    #[test]
    fn refusals_errors_and_slow_responses_are_kept() {
        let trace = TraceId::of(u128::MAX);
        let second = Duration::from_secs(1);
        for (decision, status, took, wanted) in [
            (Decision::Allow, 200, second, false),
            (Decision::Deny, 401, second, true),
            (Decision::Allow, 500, second, true),
            (Decision::Allow, 499, second, false),
            (Decision::Error, 503, second, true),
            (Decision::ShadowDeny, 200, second, false),
            (Decision::Allow, 200, 2 * second, false),
            (Decision::Allow, 200, 3 * second, true),
        ] {
            assert_eq!(RULES.keeps(trace, decision, status, took), wanted, "{decision:?} {status} {took:?}");
        }
        let none = Sampling { refused: 0, errors: 0, ..RULES };
        assert!(!none.keeps(trace, Decision::Deny, 503, second));
    }

    #[test]
    fn so_many_a_second_and_no_more() {
        let cap = Cap::default();
        for second in [5, 6, 4_294_967_302] {
            let admitted = (0..300).filter(|_| cap.admits(Instant::from_unix(second), 100)).count();
            assert_eq!(admitted, if second == 4_294_967_302 { 0 } else { 100 }, "{second}");
        }
        assert!(!Cap::default().admits(Instant::from_unix(1), 0));
    }
}
