//! A shared value of which each shard has a copy, so that requests of two shards do not count together who uses it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::shard::{PerShard, Shard};

/// A value, and its copies where there are several shards. Two are equal when their values are.
#[derive(Clone)]
pub struct Copied<T> {
    original: Arc<T>,
    /// Made when it is first asked for there.
    copies: OnceLock<Arc<PerShard<OnceLock<Arc<T>>>>>,
}

impl<T: Clone> Copied<T> {
    /// That of this thread's shard.
    pub fn here(&self) -> &Arc<T> {
        if Shard::count() == 1 {
            return &self.original;
        }
        let copies = self.copies.get_or_init(|| Arc::new(PerShard::new(OnceLock::new)));
        // Made by a thread of the shard, whose allocations lie together.
        copies.here().get_or_init(|| Arc::new(T::clone(&self.original)))
    }
}

impl<T> From<T> for Copied<T> {
    fn from(value: T) -> Self {
        Self { original: Arc::new(value), copies: OnceLock::new() }
    }
}

impl<T: PartialEq> PartialEq for Copied<T> {
    fn eq(&self, other: &Self) -> bool {
        self.original == other.original
    }
}

impl<T: Eq> Eq for Copied<T> {}

impl<T: fmt::Debug> fmt::Debug for Copied<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.original.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shard_has_a_copy_of_its_own_which_is_equal() {
        let value = Copied::from("who".to_owned());
        let on = |shard: Shard| {
            let named = std::thread::Builder::new().name(shard.threads());
            std::thread::scope(|scope| {
                named.spawn_scoped(scope, || Arc::clone(value.here())).unwrap().join().unwrap()
            })
        };
        let all: Vec<_> = Shard::start(3).map(on).collect();
        assert!(!Arc::ptr_eq(&all[1], &all[2]) && all[1] == all[2] && all[0] == all[1]);
        assert_eq!(value, Copied::from("who".to_owned()));
        let [only] = Shard::start(1).map(on).collect::<Vec<_>>().try_into().unwrap();
        assert!(Arc::ptr_eq(&only, &value.original), "one shard shares it");
    }
}
