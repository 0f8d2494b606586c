//! The text of a file of shared keys, each of 32 bytes: the present one, and perhaps the one before it.
//!
//! What the keys are for, and what is said of a file that holds none, is for those who read it.

use crate::model::Digest;

/// The length of a key, in bytes.
pub(super) const KEY_LEN: usize = 32;

/// The keys that a text holds.
#[derive(Clone, Copy)]
pub(super) struct KeyText {
    pub(super) present: [u8; KEY_LEN],
    pub(super) before: Option<[u8; KEY_LEN]>,
}

impl KeyText {
    /// One or two lines of 64 hexadecimal digits; `None` when a line is no key, a third one follows, or both are the same.
    pub(super) fn of_lines(text: &[u8]) -> Option<Self> {
        let mut lines = str::from_utf8(text).ok()?.trim_ascii_end().lines();
        let key = |line: &str| Digest::from_hex(line.trim_ascii_end()).map(|key| *key.as_bytes());
        let present = key(lines.next()?)?;
        let before = match lines.next() {
            None => None,
            Some(line) => Some(key(line)?),
        };
        let is_good = lines.next().is_none() && before != Some(present);
        is_good.then_some(Self { present, before })
    }

    /// 32 bytes as they are, or the lines of [`Self::of_lines`].
    pub(super) fn of_file(bytes: &[u8]) -> Option<Self> {
        match bytes.try_into() {
            Ok(present) => Some(Self { present, before: None }),
            Err(_) => Self::of_lines(bytes),
        }
    }
}

/// A new key.
///
/// # Errors
/// When the system has no randomness.
pub(super) fn random() -> Result<[u8; KEY_LEN], ring::error::Unspecified> {
    let mut key = [0; KEY_LEN];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut key)?;
    Ok(key)
}
