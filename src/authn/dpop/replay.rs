//! The memory of proofs that were accepted, so that none is accepted twice (RFC 9449 section 11.1).
//!
//! A proof is known by its key and its `jti` together: by `jti` alone, one caller could use up another's. All proofs of one key are
//! in one part of the table, which a short lock guards: nothing is computed while it is held.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Digest, Instant};

use super::nonce::millis;

/// Parts of the table: threads that serve different callers seldom meet in one.
const PARTS: usize = 16;
/// So many entries whose time is over are removed while one lock is held: more than come in, so that the rest goes soon.
const SWEPT_AT_ONCE: usize = 64;
/// Of a full table everything that is over is removed at most so often, in milliseconds: a flood must not pay for that each time.
const SWEEP_EVERY: u64 = 250;
/// One key holds at most this part of the table.
const SHARE: usize = 100;

/// The beginning of a digest: 128 bits tell proofs apart as well as 256 do, in half the room.
type Short = u128;

/// A proof, as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    key: Short,
    proof: Short,
}

/// What became of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// It is in the table now.
    New,
    /// It was there before.
    Again,
    /// There is no room for it.
    Full,
}

/// Proofs that were accepted.
#[derive(Debug)]
pub(super) struct Replay {
    parts: [Mutex<Part>; PARTS],
    count: AtomicUsize,
    /// When everything that is over was removed last.
    swept: AtomicU64,
}

#[derive(Debug, Default)]
struct Part {
    proofs: HashSet<Short>,
    /// How many there are of each key.
    of_key: HashMap<Short, usize>,
    /// By the time when each is over, in milliseconds since the epoch.
    ends: BinaryHeap<Reverse<(u64, Short, Short)>>,
}

impl Mark {
    /// That of the proof with this `jti` by the key with this thumbprint.
    pub(super) fn of(key: &Digest, id: &Digest) -> Self {
        let both = [key.as_bytes().as_slice(), id.as_bytes()].concat();
        Self { key: short(key), proof: short(&Digest::of(&both)) }
    }
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            parts: std::array::from_fn(|_| Mutex::default()),
            count: AtomicUsize::new(0),
            swept: AtomicU64::new(0),
        }
    }
}

impl Replay {
    /// Takes a mark in until `ends`, in milliseconds since the epoch, where the table has at most `most` of them.
    pub(super) fn note(&self, mark: Mark, ends: u64, most: usize, now: Instant) -> Noted {
        let now = millis(now.since_epoch());
        match self.try_note(mark, ends, most, now) {
            Noted::Full if self.sweep(now) => self.try_note(mark, ends, most, now),
            noted => noted,
        }
    }

    /// What would become of a mark now.
    pub(super) fn look(&self, mark: Mark, most: usize, now: Instant) -> Noted {
        let mut part = self.part(mark);
        self.remove_over(&mut part, millis(now.since_epoch()));
        if part.proofs.contains(&mark.proof) {
            Noted::Again
        } else if part.has_room(mark, most) && self.count.load(Ordering::Relaxed) < most {
            Noted::New
        } else {
            Noted::Full
        }
    }

    /// How many there are at this time.
    pub(super) fn count(&self, now: Instant) -> usize {
        self.remove_all_over(millis(now.since_epoch()));
        self.len()
    }

    /// How many there are, with those that are over and were not removed yet.
    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn try_note(&self, mark: Mark, ends: u64, most: usize, now: u64) -> Noted {
        let mut part = self.part(mark);
        self.remove_over(&mut part, now);
        if part.proofs.contains(&mark.proof) {
            return Noted::Again;
        }
        if !part.has_room(mark, most) {
            return Noted::Full;
        }
        let one_more = |count: usize| (count < most).then_some(count + 1);
        if self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return Noted::Full;
        }
        part.proofs.insert(mark.proof);
        *part.of_key.entry(mark.key).or_default() += 1;
        part.ends.push(Reverse((ends, mark.key, mark.proof)));
        Noted::New
    }

    fn part(&self, mark: Mark) -> MutexGuard<'_, Part> {
        let [first, rest @ ..] = &self.parts;
        let nth = usize::from(mark.key.to_be_bytes()[0]) % PARTS;
        let part = nth.checked_sub(1).and_then(|nth| rest.get(nth)).unwrap_or(first);
        // A thread that panicked here would have left a whole table: each change is one call.
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes from all parts what is over; whether it was time for that.
    fn sweep(&self, now: u64) -> bool {
        let last = self.swept.load(Ordering::Relaxed);
        let is_due = now.abs_diff(last) >= SWEEP_EVERY;
        let is_ours = || self.swept.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !is_due || !is_ours() {
            return false;
        }
        self.remove_all_over(now);
        true
    }

    /// Removes from all parts what is over.
    fn remove_all_over(&self, now: u64) {
        for part in &self.parts {
            // Each time with a lock of its own, so that nobody waits for all of it.
            while self.remove_over(&mut part.lock().unwrap_or_else(PoisonError::into_inner), now)
                == SWEPT_AT_ONCE
            {}
        }
    }

    /// Removes some of what is over; returns how much.
    fn remove_over(&self, part: &mut Part, now: u64) -> usize {
        let mut removed = 0;
        while removed < SWEPT_AT_ONCE
            && let Some(Reverse((ends, key, proof))) = part.ends.peek().copied()
            && ends <= now
        {
            part.ends.pop();
            part.proofs.remove(&proof);
            if let Some(count) = part.of_key.get_mut(&key) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    part.of_key.remove(&key);
                }
            }
            removed += 1;
        }
        self.count.fetch_sub(removed, Ordering::Relaxed);
        removed
    }
}

impl Part {
    /// Whether the key of a mark has room for one more.
    fn has_room(&self, mark: Mark, most: usize) -> bool {
        self.of_key.get(&mark.key).is_none_or(|count| *count < (most / SHARE).max(1))
    }
}

fn short(digest: &Digest) -> Short {
    digest.as_bytes().first_chunk::<16>().map_or(0, |bytes| Short::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn mark(key: u32, id: u32) -> Mark {
        Mark::of(&Digest::of(&key.to_be_bytes()), &Digest::of(&id.to_be_bytes()))
    }

    const NOW: Instant = Instant::from_unix(1_000);
    const LATER: u64 = 1_010_000;

    #[test]
    fn of_32_equal_proofs_at_the_same_time_one_is_new() {
        for round in 0..50 {
            let (replay, barrier, new) = (Replay::default(), Barrier::new(32), AtomicU32::new(0));
            std::thread::scope(|scope| {
                for _ in 0..32 {
                    scope.spawn(|| {
                        barrier.wait();
                        if replay.note(mark(round, 1), LATER, 100, NOW) == Noted::New {
                            new.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!((new.into_inner(), replay.len()), (1, 1));
        }
    }

    #[test]
    fn one_key_does_not_use_up_the_jti_of_another() {
        let replay = Replay::default();
        for (key, id, wanted) in
            [(1, 1, Noted::New), (2, 1, Noted::New), (1, 2, Noted::New), (1, 1, Noted::Again)]
        {
            assert_eq!(replay.look(mark(key, id), 1_000, NOW), wanted, "{key} {id}");
            assert_eq!(replay.note(mark(key, id), LATER, 1_000, NOW), wanted, "{key} {id}");
        }
        assert_eq!(replay.len(), 3);
    }

    #[test]
    fn a_mark_is_forgotten_at_its_end_and_not_before() {
        let replay = Replay::default();
        let at = |millis: u64| Instant::from_duration(std::time::Duration::from_millis(millis));
        assert_eq!(replay.note(mark(1, 1), LATER, 100, NOW), Noted::New);
        assert_eq!(replay.note(mark(1, 1), LATER, 100, at(LATER - 1)), Noted::Again);
        assert_eq!(replay.note(mark(1, 1), LATER + 1, 100, at(LATER)), Noted::New);
        assert_eq!(replay.len(), 1);
    }

    #[test]
    fn a_key_holds_a_hundredth_and_at_least_one() {
        for (most, share) in [(16, 1), (199, 1), (200, 2), (1_000, 10)] {
            let replay = Replay::default();
            for id in 0..share + 2 {
                let wanted = if id < share { Noted::New } else { Noted::Full };
                assert_eq!(replay.note(mark(7, id), LATER, most, NOW), wanted, "{most} {id}");
            }
            assert_eq!(replay.note(mark(8, 0), LATER, most, NOW), Noted::New, "others have their room");
        }
    }

    #[test]
    fn a_full_table_forgets_nothing_and_has_room_again_when_something_is_over() {
        let replay = Replay::default();
        for key in 0..16 {
            assert_eq!(replay.note(mark(key, 0), LATER + u64::from(key), 16, NOW), Noted::New);
        }
        assert_eq!(replay.note(mark(99, 0), LATER, 16, NOW), Noted::Full);
        assert_eq!(replay.note(mark(3, 0), LATER, 16, NOW), Noted::Again, "known all the same");
        let at = |millis: u64| Instant::from_duration(std::time::Duration::from_millis(millis));
        // Whichever part the new one belongs to, room comes from all of them.
        assert_eq!(replay.note(mark(99, 0), LATER + 9_000, 16, at(LATER + 3)), Noted::New);
        assert_eq!(
            replay.note(mark(3, 0), LATER + 9_000, 16, at(LATER + 3)),
            Noted::New,
            "over, and new again"
        );
        assert!(replay.len() <= 16);
    }

    #[test]
    fn what_is_over_goes_in_steps() {
        let replay = Replay::default();
        for id in 0..1_000 {
            assert_eq!(replay.note(mark(1, id), LATER, 100_000, NOW), Noted::New);
        }
        let now = Instant::from_unix(2_000);
        replay.look(mark(1, 0), 100_000, now);
        assert_eq!(replay.len(), 1_000 - SWEPT_AT_ONCE);
        assert!(replay.sweep(millis(now.since_epoch())));
        assert_eq!(replay.len(), 0);
    }

    #[test]
    fn what_is_over_counts_for_nobody_who_asks_how_many_there_are() {
        let replay = Replay::default();
        for key in 0..200 {
            assert_eq!(replay.note(mark(key, 0), LATER + u64::from(key % 2), 1_000, NOW), Noted::New);
        }
        let at = |millis: u64| Instant::from_duration(std::time::Duration::from_millis(millis));
        let counts = [LATER - 1, LATER, LATER + 1].map(|now| replay.count(at(now)));
        assert_eq!(counts, [200, 100, 0]);
    }
}
