//! How connections are spread over the shards: whichever shard accepts one, it goes to the shard with the fewest as soon
//! as two of them differ by more than a tenth.
//!
//! A connection is counted from when it is given, so that a burst is spread as well. What becomes of it is for `front`,
//! and how many there may be for `slots`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::model::{PerShard, Shard};

use super::drain::Busy;

/// Shards whose numbers of connections differ by more than one in so many are not even.
const UNEVEN: usize = 10;
/// Connections that may wait for a shard. They have no slot yet, so a shard that is busy is given no more.
const WAITING: usize = 32;

/// The connections of all shards. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Spread(Arc<Shards>);

#[derive(Debug)]
struct Shards {
    counts: PerShard<AtomicUsize>,
    /// Where each takes what others have accepted for it.
    doors: Vec<(Shard, Sender<Given>)>,
}

/// A connection that one shard has accepted for another.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) client: SocketAddr,
    /// How many bytes are read at once.
    pub(crate) read: usize,
    pub(crate) counted: Counted,
    /// It is in flight before anybody serves it.
    pub(crate) busy: Busy,
}

/// A connection of one shard; dropping it says that it has ended.
#[derive(Debug)]
pub(crate) struct Counted {
    spread: Spread,
    shard: Shard,
}

impl Spread {
    /// No connection yet; and for each of these shards what the others accept for it.
    pub(crate) fn over(shards: &[Shard]) -> (Self, Vec<Receiver<Given>>) {
        let (doors, given) = shards
            .iter()
            .map(|shard| {
                let (door, given) = channel(WAITING);
                ((*shard, door), given)
            })
            .unzip();
        (Self(Arc::new(Shards { counts: PerShard::new(AtomicUsize::default), doors })), given)
    }

    /// Counts a connection that `own` has accepted, at the shard that is to serve it.
    pub(crate) fn place(&self, own: Shard) -> Counted {
        self.keep(self.even(own))
    }

    /// Counts a connection at this shard, whatever the others have.
    pub(crate) fn keep(&self, shard: Shard) -> Counted {
        self.0.counts.at(shard).fetch_add(1, Ordering::Relaxed);
        Counted { spread: self.clone(), shard }
    }

    /// The connections of all shards, from when each is accepted until it is closed.
    pub(crate) fn connections(&self) -> usize {
        self.0.doors.iter().map(|(shard, _)| self.0.counts.at(*shard).load(Ordering::Relaxed)).sum()
    }

    /// The shard that keeps the numbers even.
    fn even(&self, own: Shard) -> Shard {
        let count = |shard: Shard| self.0.counts.at(shard).load(Ordering::Relaxed);
        let counts = || self.0.doors.iter().map(|(shard, _)| (count(*shard), *shard));
        let (Some((fewest, shard)), Some((most, _))) =
            (counts().min_by_key(|(count, _)| *count), counts().max_by_key(|(count, _)| *count))
        else {
            return own;
        };
        let is_uneven = most * UNEVEN > fewest * (UNEVEN + 1);
        if is_uneven && count(own) > fewest { shard } else { own }
    }

    /// Gives a connection to the shard at which it is counted; returns it when that shard has enough to do.
    pub(crate) fn give(&self, given: Given) -> Option<Given> {
        let (_, door) = self.0.doors.iter().find(|(shard, _)| *shard == given.counted.shard)?;
        match door.try_send(given) {
            // A shard takes nothing any more only when the process ends for it.
            Ok(()) | Err(TrySendError::Closed(_)) => None,
            Err(TrySendError::Full(given)) => Some(given),
        }
    }
}

impl Counted {
    /// The shard that is to serve it.
    pub(crate) const fn shard(&self) -> Shard {
        self.shard
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.spread.0.counts.at(self.shard).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(spread: &Spread) -> Vec<usize> {
        spread.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// A spread over so many shards, of which the first has accepted so many connections.
    fn accepted_by_one(shards: usize, connections: usize) -> (Spread, Vec<Counted>) {
        let shards: Vec<_> = Shard::start(shards).collect();
        let (spread, _) = Spread::over(&shards);
        let all = (0..connections).map(|_| spread.place(Shard::FIRST)).collect();
        (spread, all)
    }

    #[test]
    fn what_one_shard_accepts_is_spread_evenly() {
        for (shards, connections) in [(1, 7), (2, 100), (4, 1000), (4, 3)] {
            let (spread, all) = accepted_by_one(shards, connections);
            let counts = counts(&spread);
            assert_eq!((counts.iter().sum::<usize>(), spread.connections()), (connections, connections));
            let (most, fewest) = (counts.iter().max().unwrap(), counts.iter().min().unwrap());
            assert!(*most <= fewest + fewest.div_ceil(UNEVEN) + 1, "{shards} shards: {counts:?}");
            drop(all);
            assert_eq!(spread.connections(), 0);
        }
    }

    #[test]
    fn a_shard_keeps_what_it_accepts_while_the_numbers_differ_by_a_tenth_at_most() {
        let (spread, mut all) = accepted_by_one(2, 20);
        assert_eq!(counts(&spread), [10, 10]);
        let second = Shard::start(2).nth(1).unwrap();
        assert_eq!(spread.place(second).shard(), second);
        all.push(spread.place(second));
        assert_eq!(counts(&spread), [10, 11], "one was dropped again");
        assert_eq!(spread.place(second).shard(), second, "eleven of ten are not uneven");
        all.push(spread.place(second));
        assert_eq!(spread.place(second).shard(), Shard::FIRST, "twelve of ten are");
    }

    #[test]
    fn what_ends_makes_room_at_its_shard() {
        let (spread, all) = accepted_by_one(4, 400);
        let second = Shard::start(4).nth(1).unwrap();
        let stays: Vec<_> = all.into_iter().filter(|counted| counted.shard() != second).collect();
        let left = counts(&spread);
        assert_eq!((left[1], left.iter().sum::<usize>()), (0, stays.len()), "{left:?}");
        let next: Vec<_> = (0..50).map(|_| spread.place(Shard::FIRST)).collect();
        assert!(next.iter().all(|counted| counted.shard() == second));
        drop(stays);
    }
}
