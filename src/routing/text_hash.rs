//! Hashes of hosts and paths, for tables whose keys an operator has written. Clients ask such a table and put nothing into it,
//! so they cannot make it slow, and a hash need not be secret.

use std::hash::{BuildHasherDefault, Hasher};

/// Makes hashers of texts.
pub(super) type TextHash = BuildHasherDefault<TextHasher>;

/// Takes eight bytes a step, where the standard library's hasher takes as many in three times the instructions.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct TextHasher(u64);

/// An odd number whose bits have no pattern: those of the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        // The length tells texts apart that end in zeros.
        self.write_u64(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    /// What stands behind a text, so that two texts in a row are not one. Keys here are one text.
    fn write_u8(&mut self, _: u8) {}

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ MIX) * u128::from(MIX.rotate_left(32));
        // Both halves: the upper one mixes all bits, and the lower one is as long.
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher as _;

    use super::*;

    #[test]
    fn texts_of_ten_thousand_agents_fall_evenly_into_the_places_of_a_table() {
        let hash = |text: &str| TextHash::default().hash_one(text);
        let texts: Vec<String> = (0..10_000)
            .map(|n| format!("/agents/a-{n:05}"))
            .chain((0..1_000).map(|n| format!("host-{n:03}.agents.example.com")))
            .chain((0..64).map(|n| "\0".repeat(n)))
            .collect();
        let hashes: HashSet<u64> = texts.iter().map(|text| hash(text)).collect();
        assert_eq!(hashes.len(), texts.len(), "no two are the same");
        for shift in [0, 57] {
            // A table takes its place from the lower bits, and what it compares first from the upper seven.
            let mut places = [0_u32; 128];
            for hash in &hashes {
                places[(hash >> shift & 127) as usize] += 1;
            }
            let (least, most) = (places.iter().min(), places.iter().max());
            assert!(least > Some(&50) && most < Some(&130), "{least:?} to {most:?} of 86 each");
        }
    }
}
