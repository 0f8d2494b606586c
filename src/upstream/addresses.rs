//! The addresses of a name: how often each is begun with, which of them took no connection of late, and which are new.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::Instant;

use super::turns::order;

/// The most addresses of one name: as many as an agent has targets.
pub(super) const MOST: usize = 64;
/// How long an address is left out to which no connection could be made: as long as the first ejection of a target.
const REST: Duration = Duration::from_secs(10);
/// The most turns that the heaviest address has among the turns of all: finer weights would make a long list.
const MOST_TURNS: u32 = 32;

/// Whether a request may begin with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It may.
    Well,
    /// It begins slowly, and this turn is not one of those that it is given: only if there is no other.
    Spared,
    /// It is left out, unless all are.
    Out,
}

/// The addresses of a name, each once, in their own order: name servers give them in another one each time.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    all: Vec<Address>,
    /// The order in which requests begin with them; empty where all have the same weight.
    turns: Box<[u8]>,
}

#[derive(Debug)]
struct Address {
    at: SocketAddr,
    weight: u16,
    /// When no connection could be made, in milliseconds since 1970; 0 = never.
    failed_at: AtomicU64,
    /// Since when the name has it; `None` for those of its first answer.
    new_since: Option<Instant>,
}

impl Addresses {
    /// Addresses with their weights. What is known of them from `before` stays known; one that is not there is new at this moment,
    /// unless nothing is.
    pub(super) fn new(mut found: Vec<(SocketAddr, u16)>, before: &Self, now: Option<Instant>) -> Self {
        found.sort_unstable();
        found.dedup_by_key(|(at, _)| *at);
        found.truncate(MOST);
        let now = now.filter(|_| !before.all.is_empty());
        let all: Vec<Address> = found
            .into_iter()
            .map(|(at, weight)| {
                let (failed_at, new_since) = match before.find(at) {
                    Some(known) => (known.failed_at.load(Ordering::Relaxed), known.new_since),
                    None => (0, now),
                };
                Address { at, weight, failed_at: AtomicU64::new(failed_at), new_since }
            })
            .collect();
        let turns = turns(&all);
        Self { all, turns }
    }

    /// Whether they are the same, with the same weights.
    pub(super) fn are_same(&self, other: &Self) -> bool {
        let mut pairs = self.all.iter().zip(&other.all);
        self.all.len() == other.all.len()
            && pairs.all(|(one, other)| one.at == other.at && one.weight == other.weight)
    }

    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn to_vec(&self) -> Vec<SocketAddr> {
        self.all.iter().map(|address| address.at).collect()
    }

    /// The index of the address with which the request of that turn begins: the next one that took connections of late, and
    /// fits for other reasons, which may depend on since when it is new.
    pub(super) fn first(
        &self,
        turn: usize,
        now: Instant,
        fit: impl Fn(SocketAddr, Option<Instant>) -> Fit,
    ) -> usize {
        let turns = if self.turns.is_empty() { self.all.len() } else { self.turns.len() };
        let at = |ahead: usize| {
            let turn = turn.wrapping_add(ahead).checked_rem(turns).unwrap_or(0);
            self.turns.get(turn).map_or(turn, |index| usize::from(*index))
        };
        let fits = |index: usize| match self.all.get(index) {
            Some(address) if address.rests(now) => Fit::Out,
            Some(address) => fit(address.at, address.new_since),
            None => Fit::Out,
        };
        let mut spared = None;
        for index in (0..turns).map(at) {
            match fits(index) {
                Fit::Well => return index,
                Fit::Spared => spared = spared.or(Some(index)),
                Fit::Out => {}
            }
        }
        spared.unwrap_or_else(|| at(0))
    }

    /// Those that took connections of late.
    pub(super) fn fresh(&self, now: Instant) -> impl Iterator<Item = SocketAddr> {
        self.all.iter().filter(move |address| !address.rests(now)).map(|address| address.at)
    }

    /// The address for the `attempt`th try of a request that began with the one of index `first`.
    pub(super) fn of_attempt(&self, first: usize, attempt: usize) -> Option<SocketAddr> {
        let index = match self.all.len() {
            0 | 1 => 0,
            several => first.wrapping_add(attempt) % several,
        };
        self.all.get(index).map(|address| address.at)
    }

    /// No connection to an address could be made.
    pub(super) fn failed(&self, at: SocketAddr, now: Instant) {
        if let Some(address) = self.find(at) {
            address.failed_at.store(millis(now), Ordering::Relaxed);
        }
    }

    /// Whether this is one of them.
    pub(super) fn contains(&self, at: SocketAddr) -> bool {
        self.find(at).is_some()
    }

    fn find(&self, at: SocketAddr) -> Option<&Address> {
        self.all.iter().find(|address| address.at == at)
    }
}

impl Address {
    fn rests(&self, now: Instant) -> bool {
        let failed_at = self.failed_at.load(Ordering::Relaxed);
        // A clock that was set back ends the rest.
        failed_at != 0
            && millis(now).checked_sub(failed_at).is_some_and(|past| u128::from(past) < REST.as_millis())
    }
}

/// The order of turns by weight. An address of weight 0 is begun with as seldom as can be (RFC 2782, Weight).
fn turns(all: &[Address]) -> Box<[u8]> {
    let heaviest = all.iter().map(|address| u32::from(address.weight)).max().unwrap_or(0);
    if all.iter().all(|address| u32::from(address.weight) == heaviest) {
        return Box::default();
    }
    let scaled = |address: &Address| {
        let weight = u32::from(address.weight);
        if heaviest <= MOST_TURNS { weight.max(1) } else { (weight * MOST_TURNS / heaviest).max(1) }
    };
    order(&all.iter().map(scaled).collect::<Vec<u32>>())
}

fn millis(at: Instant) -> u64 {
    u64::try_from(at.since_epoch().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_unix(1_000);

    fn at(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 80))
    }

    fn addresses(all: &[(u8, u16)]) -> Addresses {
        let found = all.iter().map(|(last, weight)| (at(*last), *weight)).collect();
        Addresses::new(found, &Addresses::default(), None)
    }

    /// How often each is begun with in so many requests.
    fn begun(addresses: &Addresses, requests: usize, now: Instant) -> Vec<usize> {
        let mut counts = vec![0; addresses.len()];
        (0..requests).for_each(|turn| counts[addresses.first(turn, now, |_, _| Fit::Well)] += 1);
        counts
    }

    #[test]
    fn requests_begin_with_each_as_often_as_its_weight_says() {
        for (weights, wanted) in [
            (vec![(1, 1), (2, 1)], [30, 30]),
            (vec![(1, 0), (2, 0)], [30, 30]),
            (vec![(1, 2), (2, 1)], [40, 20]),
            (vec![(1, 0), (2, 5)], [10, 50]),
            (vec![(1, 20_000), (2, 40_000)], [20, 40]),
        ] {
            assert_eq!(begun(&addresses(&weights), 60, NOW), wanted, "{weights:?}");
        }
        let light = begun(&addresses(&[(1, 1), (2, u16::MAX)]), 330, NOW);
        assert_eq!(light, [10, 320], "the list of turns stays short");
    }

    #[test]
    fn an_address_is_left_out_for_ten_seconds_and_never_all_of_them() {
        let all = addresses(&[(1, 1), (2, 1), (3, 1)]);
        all.failed(at(2), NOW);
        assert_eq!(begun(&all, 30, NOW), [10, 0, 20]);
        assert_eq!(begun(&all, 30, Instant::from_unix(1_010)), [10; 3]);
        assert_eq!(begun(&all, 30, Instant::from_unix(1)), [10; 3], "the clock was set back");
        [1, 3].into_iter().for_each(|last| all.failed(at(last), NOW));
        assert_eq!(begun(&all, 30, NOW), [10; 3]);
        all.failed(at(9), NOW);
    }

    #[test]
    fn an_address_that_is_spared_is_begun_with_before_one_that_is_out() {
        let all = addresses(&[(1, 1), (2, 1), (3, 1)]);
        let fit = |well: &'static [u8]| {
            move |address: SocketAddr, _| match well {
                well if well.iter().any(|last| at(*last) == address) => Fit::Well,
                _ if address == at(2) => Fit::Spared,
                _ => Fit::Out,
            }
        };
        let begun = |well: &'static [u8]| [0, 1, 2].map(|turn| all.first(turn, NOW, fit(well)));
        assert_eq!(begun(&[3]), [2; 3]);
        assert_eq!(begun(&[]), [1; 3]);
        all.failed(at(2), NOW);
        assert_eq!(begun(&[]), [0, 1, 2], "all are out");
    }

    #[test]
    fn what_was_known_of_an_address_stays_known_and_the_order_of_an_answer_says_nothing() {
        let before = addresses(&[(1, 1), (2, 1)]);
        before.failed(at(1), NOW);
        let after = Addresses::new(vec![(at(3), 1), (at(1), 1), (at(3), 1)], &before, None);
        assert_eq!(after.to_vec(), [at(1), at(3)]);
        assert_eq!(begun(&after, 10, NOW), [0, 10]);
        assert!(after.are_same(&addresses(&[(3, 1), (1, 1)])));
        assert!(!after.are_same(&addresses(&[(3, 2), (1, 1)])) && !after.are_same(&before));
        let many: Vec<(SocketAddr, u16)> = (0..200).map(|last| (at(last), 1)).collect();
        assert_eq!(Addresses::new(many, &before, None).len(), MOST);
    }

    #[test]
    fn an_address_is_new_since_the_answer_that_had_it_first_unless_that_was_the_first_of_all() {
        let answer = |last: &[u8], before: &Addresses, second: u64| {
            let found = last.iter().map(|last| (at(*last), 1)).collect();
            Addresses::new(found, before, Some(Instant::from_unix(second)))
        };
        let first = answer(&[1, 2], &Addresses::default(), 1_000);
        let second = answer(&[1, 2, 3], &first, 1_010);
        let third = answer(&[2, 3], &second, 1_020);
        let fourth = answer(&[1, 2, 3], &third, 1_030);
        let since =
            |all: &Addresses| all.all.iter().map(|one| one.new_since.map(Instant::unix)).collect::<Vec<_>>();
        assert_eq!(since(&first), [None, None]);
        assert_eq!(since(&second), [None, None, Some(1_010)]);
        assert_eq!(since(&third), [None, Some(1_010)]);
        assert_eq!(since(&fourth), [Some(1_030), None, Some(1_010)]);
    }
}
