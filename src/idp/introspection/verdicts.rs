//! What a provider said of tokens, for as long as it counts. Active and inactive tokens are apart, each kind within a bound
//! of its own: anybody can make up inactive ones, and must not displace a good one with them.
//!
//! The key is the SHA-256 of the whole token, compared whole; each provider has verdicts of its own. What a hit must still
//! satisfy (`exp`, the audience, the rules, denials) is for `authn`.

use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::model::{ActiveToken, Digest, Instant, Introspection};

/// Minimum weight of an active token in bytes: claims of usual length, the key and the bookkeeping.
const GOOD_BYTES: usize = 1024;
/// Active tokens of [`GOOD_BYTES`] that one provider can have: 16 MiB. The memory of verified tokens stands before it.
const GOOD: usize = 16 * 1024;
/// Inactive tokens of one provider: under 2 MiB. They are kept for seconds.
const BAD: usize = 16 * 1024;

/// The verdicts of one provider.
pub(super) struct Verdicts {
    good: Cache<Digest, Arc<ActiveToken>, Bytes>,
    /// Until when the token counts as inactive.
    bad: Cache<Digest, Instant>,
}

impl Verdicts {
    pub(super) fn new() -> Self {
        Self {
            // It grows with what is in it.
            good: Cache::with_weighter(GOOD / 16, (GOOD * GOOD_BYTES) as u64, Bytes),
            bad: Cache::new(BAD),
        }
    }

    /// What counts of this token at `now`.
    pub(super) fn get(&self, token: &Digest, now: Instant) -> Option<Introspection> {
        if let Some(active) = self.good.get(token).filter(|active| active.word().counts_at(now)) {
            return Some(Introspection::Active(active));
        }
        self.bad.get(token).filter(|until| now < *until).map(|_| Introspection::Inactive)
    }

    /// The token is active.
    pub(super) fn active(&self, token: Digest, active: &Arc<ActiveToken>) {
        self.bad.remove(&token);
        self.good.insert(token, Arc::clone(active));
    }

    /// Withdraws the word about active tokens with such claims; how many there were.
    pub(super) fn withdraw(&self, is_it: impl Fn(&[u8]) -> bool) -> usize {
        let named: Vec<_> = self.good.iter().filter(|(_, active)| is_it(active.claims())).collect();
        // Whoever has put another word in its place keeps that.
        named.iter().filter(|(_, active)| active.word().withdraw()).count()
    }

    /// The token is inactive, and counts as that until then. Who remembers that it was active is to ask anew.
    pub(super) fn inactive(&self, token: Digest, until: Instant) {
        if let Some((_, active)) = self.good.remove(&token) {
            active.word().withdraw();
        }
        self.bad.insert(token, until);
    }
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdicts").finish_non_exhaustive()
    }
}

/// The weight of an active token: its memory in bytes.
#[derive(Debug, Clone, Copy)]
struct Bytes;

impl Weighter<Digest, Arc<ActiveToken>> for Bytes {
    fn weight(&self, _: &Digest, active: &Arc<ActiveToken>) -> u64 {
        (active.claims().len() + GOOD_BYTES / 2).max(GOOD_BYTES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn active(until: u64) -> Arc<ActiveToken> {
        Arc::new(ActiveToken::new(Box::from(*b"{}"), Instant::from_unix(until)))
    }

    #[test]
    fn a_verdict_counts_for_its_time_and_the_last_one_wins() {
        let (verdicts, at) = (Verdicts::new(), Instant::from_unix);
        assert_eq!(verdicts.get(&digest("a"), at(0)), None);
        let until_10 = active(10);
        verdicts.active(digest("a"), &until_10);
        let known = Some(Introspection::Active(Arc::clone(&until_10)));
        assert_eq!(verdicts.get(&digest("a"), at(9)), known);
        assert_eq!(verdicts.get(&digest("a"), at(10)), None);
        verdicts.inactive(digest("a"), at(20));
        assert_eq!(verdicts.get(&digest("a"), at(5)), Some(Introspection::Inactive));
        assert_eq!(verdicts.get(&digest("a"), at(20)), None);
        verdicts.inactive(digest("a"), at(20));
        assert!(!until_10.word().counts_at(at(5)), "not even where it is remembered");
        let until_30 = active(30);
        verdicts.active(digest("a"), &until_30);
        assert_eq!(verdicts.get(&digest("a"), at(5)), Some(Introspection::Active(until_30)));
    }

    #[test]
    fn a_word_that_is_withdrawn_counts_nowhere_and_the_next_one_does() {
        let (verdicts, now) = (Verdicts::new(), Instant::from_unix(0));
        let (one, other) = (active(10), active(10));
        verdicts.active(digest("a"), &one);
        verdicts.inactive(digest("b"), Instant::from_unix(10));
        assert_eq!(verdicts.withdraw(|_| false), 0);
        assert!(verdicts.get(&digest("a"), now).is_some() && one.word().counts_at(now));
        assert_eq!((verdicts.withdraw(|_| true), verdicts.withdraw(|_| true)), (1, 0));
        assert!(verdicts.get(&digest("a"), now).is_none() && !one.word().counts_at(now));
        assert_eq!(verdicts.get(&digest("b"), now), Some(Introspection::Inactive));
        verdicts.active(digest("a"), &other);
        assert!(verdicts.get(&digest("a"), now).is_some());
    }

    #[test]
    fn a_flood_of_inactive_tokens_displaces_no_active_one_and_both_kinds_are_bounded() {
        let (verdicts, now) = (Verdicts::new(), Instant::from_unix(0));
        verdicts.active(digest("good"), &active(10));
        for n in 0..3 * BAD {
            verdicts.inactive(digest(&n.to_string()), Instant::from_unix(10));
        }
        assert!(verdicts.bad.len() <= BAD, "{}", verdicts.bad.len());
        assert!(matches!(verdicts.get(&digest("good"), now), Some(Introspection::Active(_))));
        let large = Arc::new(ActiveToken::new(vec![b' '; 64 * 1024].into(), Instant::from_unix(10)));
        for n in 0..GOOD {
            verdicts.active(digest(&format!("large{n}")), &large);
        }
        assert!(verdicts.good.weight() <= (GOOD * GOOD_BYTES) as u64);
    }
}
