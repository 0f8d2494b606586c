//! The memory for messages that are read before the decision, over the whole process, without a lock. `proxy` reads them
//! and answers a request for which none is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory for messages. Cheap to clone; all clones count the same bytes.
#[derive(Debug, Clone)]
pub struct MessageMemory {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// The part of it that one message has; dropping it gives all of it back.
#[derive(Debug)]
pub struct MessageShare {
    memory: MessageMemory,
    bytes: usize,
}

impl MessageMemory {
    /// Memory for `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// The share of a message of which nothing has arrived yet.
    #[must_use]
    pub fn share(&self) -> MessageShare {
        MessageShare { memory: self.clone(), bytes: 0 }
    }

    /// The number of bytes that messages have.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl MessageShare {
    /// Takes memory for more bytes of the message. `false` when that many are not free; the share is as before then.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        // Counting first and comparing afterwards needs no lock. Two messages that want the last bytes may both get none.
        let before = self.memory.taken.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.memory.most {
            self.bytes += bytes;
            true
        } else {
            self.memory.taken.fetch_sub(bytes, Ordering::Relaxed);
            false
        }
    }
}

impl Drop for MessageShare {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_at_most_the_memory_that_there_is_and_give_back_all_that_they_had() {
        let memory = MessageMemory::new(10);
        let (mut one, mut other) = (memory.share(), memory.clone().share());
        assert!(one.grow(4) && one.grow(2) && other.grow(3));
        assert!(!other.grow(2), "two bytes where one is free");
        assert_eq!(memory.taken(), 9, "what was not given is not counted");
        assert!(other.grow(1));
        drop(one);
        assert_eq!(memory.taken(), 4);
        assert!(other.grow(6) && !other.grow(1) && !memory.share().grow(usize::MAX));
        drop(other);
        assert_eq!(memory.taken(), 0);
    }
}
