//! How many shards the gateway has, and how many threads each.

use std::num::NonZeroUsize;

use crate::config;
use crate::model::Shard;

/// The cores that one runtime serves well: with more, its threads wait for each other at its timer, its queue and its
/// counters.
const CORES: usize = 8;

/// The shards, and the threads of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shards(Vec<(Shard, usize)>);

impl Shards {
    /// Those that the settings ask for. From now on counters are made for as many.
    pub(super) fn of(settings: &config::Server) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = threads(settings, cores);
        Self(Shard::start(threads.len()).zip(threads).collect())
    }

    /// Each with its threads.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Shard, usize)> {
        self.0.iter().copied()
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// How many threads they have in all.
    pub(super) fn threads(&self) -> usize {
        self.iter().map(|(_, threads)| threads).sum()
    }
}

/// The threads of each shard.
fn threads(settings: &config::Server, cores: usize) -> Vec<usize> {
    let workers = match settings.workers {
        0 => cores,
        workers => workers,
    };
    let shards = match settings.shards {
        config::Shards::Auto => cores.min(workers).div_ceil(CORES).min(Shard::MOST),
        config::Shards::Count(shards) => shards,
    };
    // The first ones have what cannot be split.
    (0..shards).map(|nth| (workers / shards + usize::from(nth < workers % shards)).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_are_split_over_the_shards_and_each_has_one_at_least() {
        use config::Shards::{Auto, Count};
        for (shards, workers, cores, wanted) in [
            (Auto, 0, 2, vec![2]),
            (Auto, 0, 8, vec![8]),
            (Auto, 0, 9, vec![5, 4]),
            (Auto, 0, 64, vec![8; 8]),
            (Auto, 32, 2, vec![32]),
            (Auto, 4, 64, vec![4]),
            (Count(1), 0, 64, vec![64]),
            (Count(4), 0, 2, vec![1; 4]),
            (Count(4), 10, 2, vec![3, 3, 2, 2]),
        ] {
            let settings = config::Server { shards, workers, ..config::Server::default() };
            assert_eq!(threads(&settings, cores), wanted, "{shards:?} of {workers} at {cores}");
        }
    }
}
