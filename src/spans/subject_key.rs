//! The key that hashes the subjects of callers, so that spans of one caller can be found and nobody is named.

use std::fmt;

use crate::model::Digest;

/// The shortest key in bytes.
const SHORTEST: usize = 16;
/// Digits of a hash that stand in a span, 128 bits: no two subjects of a fleet share them by chance.
const SHOWN: usize = 32;

/// The key.
#[derive(Clone)]
pub struct SubjectKey(Digest);

/// A file that holds no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("holds {0} bytes, and a key has at least {SHORTEST}")]
pub struct BadSubjectKey(usize);

impl SubjectKey {
    /// The key in a file; a line end at its end is not part of it.
    ///
    /// # Errors
    /// When it is too short.
    pub fn parse(file: &[u8]) -> Result<Self, BadSubjectKey> {
        let key = file.trim_ascii_end();
        if key.len() < SHORTEST { Err(BadSubjectKey(key.len())) } else { Ok(Self(Digest::of(key))) }
    }

    /// What stands for a subject of an issuer.
    pub(super) fn hash(&self, issuer: &str, subject: &str) -> String {
        let mut all = Digest::running();
        // Three digests of one length: nothing can be appended, and no two pairs are one text.
        for part in [&self.0, &Digest::of(issuer.as_bytes()), &Digest::of(subject.as_bytes())] {
            all.add(part.as_bytes());
        }
        all.finish().to_hex().chars().take(SHOWN).collect()
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_subject_of_the_same_issuer_has_the_same_hash() {
        let key = SubjectKey::parse(b"0123456789abcdef\n").unwrap();
        assert_eq!(
            key.hash("idp", "alice"),
            SubjectKey::parse(b"0123456789abcdef").unwrap().hash("idp", "alice")
        );
        let others = [("idp", "bob"), ("other", "alice"), ("idpa", "lice")];
        assert!(others.iter().all(|(issuer, subject)| key.hash(issuer, subject) != key.hash("idp", "alice")));
        assert_eq!(key.hash("idp", "alice").len(), SHOWN);
        assert_eq!(SubjectKey::parse(b"short\n").unwrap_err(), BadSubjectKey(5));
    }
}
