//! Addresses that send many tokens which their provider calls inactive: who guesses tokens, or holds many that are revoked,
//! must not use up the questions that everybody shares.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant as Tick;

/// Inactive answers in one [`PERIOD`] that an address may cause: a client with a revoked token tries it a few times.
const MOST: u32 = 20;
/// The time in which they are counted.
const PERIOD: Duration = Duration::from_secs(10);
/// Addresses that are counted at once; of more, those that come later are not counted.
const ADDRESSES: usize = 4096;

/// The addresses that one provider was asked for in vain.
#[derive(Debug, Default)]
pub(super) struct Guessers(Mutex<HashMap<IpAddr, Count>>);

#[derive(Debug)]
struct Count {
    inactive: u32,
    since: Tick,
}

impl Guessers {
    /// A token from this address is inactive.
    pub(super) fn note(&self, address: IpAddr, now: Tick) {
        let address = network(address);
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(&address) {
            if now.duration_since(count.since) >= PERIOD {
                *count = Count { inactive: 0, since: now };
            }
            count.inactive = count.inactive.saturating_add(1);
            return;
        }
        if counts.len() == ADDRESSES {
            counts.retain(|_, count| now.duration_since(count.since) < PERIOD);
        }
        if counts.len() < ADDRESSES {
            counts.insert(address, Count { inactive: 1, since: now });
        }
    }

    /// Whether this address has sent too many of them.
    pub(super) fn has(&self, address: IpAddr, now: Tick) -> bool {
        let counts = self.lock();
        let count = counts.get(&network(address));
        count.is_some_and(|count| count.inactive > MOST && now.duration_since(count.since) < PERIOD)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Count>> {
        // A poisoned lock is safe to use: the map is consistent after each statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one client commonly has of addresses: of IPv6 a network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_more_than_twenty_in_ten_seconds_is_one_until_they_are_over() {
        let (guessers, now) = (Guessers::default(), Tick::now());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (one, same, other) = (address("2001:db8::1"), address("2001:db8::2"), address("2001:db8:0:1::1"));
        for _ in 0..20 {
            guessers.note(one, now);
        }
        assert!(!guessers.has(one, now));
        guessers.note(same, now);
        assert!(guessers.has(one, now) && guessers.has(same, now) && !guessers.has(other, now));
        let later = now + PERIOD;
        assert!(!guessers.has(one, later));
        guessers.note(one, later);
        assert!(!guessers.has(one, later), "counted anew");
    }

    #[test]
    fn addresses_are_bounded_and_old_ones_make_room() {
        let (guessers, now) = (Guessers::default(), Tick::now());
        let nth = |n: usize| IpAddr::V4(u32::try_from(n).unwrap().into());
        (0..2 * ADDRESSES).for_each(|n| guessers.note(nth(n), now));
        assert_eq!(guessers.lock().len(), ADDRESSES);
        let later = now + PERIOD;
        (0..=MOST).for_each(|_| guessers.note(nth(2 * ADDRESSES), later));
        assert!(guessers.has(nth(2 * ADDRESSES), later));
    }
}
