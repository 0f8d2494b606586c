//! The names of the members of the objects that are open while a message is read, so that none stands twice.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The names of all open objects, as hashes: those of the innermost object come last. Two names of one object with the
/// same hash count as one name; a message that is refused for nothing but that has to be made on purpose.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<u64>);

impl Names {
    /// Opens an object. Give what this returns to [`close`](Self::close).
    pub(super) const fn open(&self) -> usize {
        self.0.len()
    }

    /// Notes a name of the innermost object.
    pub(super) fn note(&mut self, name: &str) {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        self.0.push(hasher.finish());
    }

    /// Closes the innermost object, and says whether each of its names stood once.
    pub(super) fn close(&mut self, opened: usize) -> bool {
        let names = self.0.get_mut(opened..).unwrap_or_default();
        names.sort_unstable();
        let once = names.windows(2).all(|two| two.first() != two.last());
        self.0.truncate(opened);
        once
    }
}
