//! A shard of the process: a group of threads that serve connections of their own, and the place where they count.
//!
//! What a request writes is written by its shard alone, on cache lines of its shard; who wants to know adds up. The shards
//! are started in `gateway`.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the names of a shard's threads begin with; the shard's number follows.
const THREADS: &str = "gateway-";

/// How many shards there are. Set once, before the first of them starts.
static COUNT: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    static HERE: Cell<Option<Shard>> = const { Cell::new(None) };
}

/// A shard, by its number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard(usize);

/// A value alone on its cache lines, so that who writes it slows nobody down who uses another. 64 bytes are a line of all
/// processors that the gateway is built for.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Line<T>(pub T);

/// A value for each of the shards that there were when it was made.
#[derive(Debug)]
pub struct PerShard<T> {
    first: Box<Line<T>>,
    others: Box<[Line<T>]>,
}

impl Shard {
    /// The most shards of a process: eight cores each are those of the largest machines.
    pub const MOST: usize = 64;
    /// The first one, to which also all threads belong that serve no connections.
    pub const FIRST: Self = Self(0);

    /// All of them, from now on so many.
    pub fn start(count: usize) -> impl Iterator<Item = Self> {
        COUNT.store(count, Ordering::Relaxed);
        (0..count).map(Self)
    }

    /// How many there are.
    #[must_use]
    pub fn count() -> usize {
        COUNT.load(Ordering::Relaxed)
    }

    /// The one that this thread works for.
    #[must_use]
    #[inline]
    pub fn here() -> Self {
        HERE.get().unwrap_or_else(Self::look)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }

    /// What its threads are called.
    #[must_use]
    pub fn threads(self) -> String {
        format!("{THREADS}{}", self.0)
    }

    /// Asks for the name of this thread, once in its life.
    #[cold]
    fn look() -> Self {
        let here = std::thread::current().name().and_then(Self::of_thread).unwrap_or(Self::FIRST);
        HERE.set(Some(here));
        here
    }

    fn of_thread(name: &str) -> Option<Self> {
        name.strip_prefix(THREADS)?.parse().ok().map(Self)
    }
}

impl<T> PerShard<T> {
    /// The same for each.
    pub fn new(make: impl Fn() -> T) -> Self {
        Self::each(|_| make())
    }

    /// One for each.
    pub fn each(make: impl Fn(Shard) -> T) -> Self {
        let first = Box::new(Line(make(Shard::FIRST)));
        Self { first, others: (1..Shard::count()).map(|nth| Line(make(Shard(nth)))).collect() }
    }

    /// That of this thread's shard. One that came later shares the first.
    #[inline]
    pub fn here(&self) -> &T {
        self.at(Shard::here())
    }

    /// That of a shard.
    #[inline]
    pub fn at(&self, shard: Shard) -> &T {
        let other = shard.0.checked_sub(1).and_then(|nth| self.others.get(nth));
        &other.unwrap_or(&self.first).0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&*self.first).chain(&self.others).map(|line| &line.0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_thread_works_for_the_shard_of_its_name() {
        let shard = Shard(3);
        let on = |name: String| {
            let thread = std::thread::Builder::new().name(name).spawn(|| (Shard::here(), Shard::here()));
            thread.unwrap().join().unwrap()
        };
        assert_eq!(on(shard.threads()), (shard, shard));
        for other in ["control", "gateway", "gateway-", "gateway-x"] {
            assert_eq!(on(other.to_owned()).0, Shard::FIRST, "{other}");
        }
    }

    #[test]
    fn the_values_of_two_shards_share_no_cache_line() {
        let values = PerShard { first: Box::default(), others: (1..4).map(|_| Line(0_u8)).collect() };
        let lines: HashSet<usize> =
            values.iter().map(|value| std::ptr::from_ref(value).addr() / 64).collect();
        assert_eq!((lines.len(), values.count()), (4, 4), "{lines:?}");
        assert!(std::ptr::eq(values.at(Shard(4)), values.at(Shard::FIRST)), "one that came later");
    }
}
