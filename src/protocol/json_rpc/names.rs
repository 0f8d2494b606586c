//! The names of the members of the objects that are open while a message is read, so that none stands twice.

/// The names of all open objects, as hashes: those of the innermost object come last. Two names of one object with the
/// same hash count as one name; a message that is refused for nothing but that has to be made on purpose.
#[derive(Debug, Default)]
pub struct Names(Vec<u64>);

impl Names {
    /// Opens an object. Give what this returns to [`close`](Self::close).
    #[must_use]
    pub const fn open(&self) -> usize {
        self.0.len()
    }

    /// Notes a name of the innermost object.
    pub fn note(&mut self, name: &str) {
        // FNV-1a: names are short, and there are hundreds in a message.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.0.push(hash);
    }

    /// Closes the innermost object, and says whether each of its names stood once.
    #[must_use]
    pub fn close(&mut self, opened: usize) -> bool {
        let names = self.0.get_mut(opened..).unwrap_or_default();
        names.sort_unstable();
        let once = names.windows(2).all(|two| two.first() != two.last());
        self.0.truncate(opened);
        once
    }
}
