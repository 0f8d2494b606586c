//! Where the keys of sessions come from: a text, which a file holds, or the process itself.
//!
//! Reading and writing that file is for `gateway`, and for `config` where an agent names one.

use std::sync::{Arc, OnceLock};

use super::SessionKeys;
use super::key_text::{KeyText, random};
use crate::model::Secret;

/// A text that holds no keys. It says nothing of what the text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("holds no session key: one line of 64 hexadecimal digits, or two, the present key first")]
pub struct BadSessionKeys;

/// A file that holds no keys for a fleet. It says nothing of what the file holds but its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a sealing key of 32 bytes, or one or two lines of 64 hexadecimal digits, the present key first; found {0} bytes \
     of something else"
)]
pub struct BadSharedKeys(usize);

impl SessionKeys {
    /// The keys in the text of a file: the present one, and in a second line the one before it.
    ///
    /// # Errors
    /// When a line is no key, a third one follows, or both are the same.
    pub fn parse(text: &[u8]) -> Result<Self, BadSessionKeys> {
        KeyText::of_lines(text).map(Self::of).ok_or(BadSessionKeys)
    }

    /// The keys in a file that the members of a fleet share: 32 bytes as they are, or the text of [`Self::parse`].
    ///
    /// # Errors
    /// When the file holds neither.
    pub fn parse_shared(bytes: &[u8]) -> Result<Self, BadSharedKeys> {
        KeyText::of_file(bytes).map(Self::of).ok_or(BadSharedKeys(bytes.len()))
    }

    fn of(KeyText { present, before }: KeyText) -> Self {
        Self::new(&present, before.as_ref())
    }

    /// The text of a new file, with a random key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new_text() -> Result<Secret, ring::error::Unspecified> {
        let digits = random()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Secret::new(format!("{digits}\n")))
    }

    /// A key that lives as long as the process.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, ring::error::Unspecified> {
        Ok(Self::new(&random()?, None))
    }
}

/// The keys of the process, which its start settles. Before, no session is anybody's.
#[derive(Debug, Default)]
pub struct ProcessSessionKeys(OnceLock<SessionKeys>);

impl ProcessSessionKeys {
    /// Settles the keys; the first ones stay. Whether the keys are these.
    pub fn settle(&self, keys: SessionKeys) -> bool {
        *self.0.get_or_init(|| keys.clone()) == keys
    }
}

/// Whose keys seal the sessions of an agent.
#[derive(Debug, Clone)]
pub enum SessionKeySource {
    /// Those of the process.
    Process(Arc<ProcessSessionKeys>),
    /// Those of a file, which several gateways may share.
    File(Arc<SessionKeys>),
}

impl SessionKeySource {
    /// The keys; `None` before the process has any.
    #[must_use]
    pub fn keys(&self) -> Option<&SessionKeys> {
        match self {
            Self::Process(keys) => keys.0.get(),
            Self::File(keys) => Some(keys),
        }
    }
}

impl PartialEq for SessionKeySource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Process(one), Self::Process(other)) => Arc::ptr_eq(one, other),
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Process(_), Self::File(_)) | (Self::File(_), Self::Process(_)) => false,
        }
    }
}

impl Eq for SessionKeySource {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_one_key_or_two_that_differ() {
        let (one, two) = ("0a".repeat(32), "FF".repeat(32));
        let keys = |present: u8, before: Option<u8>| {
            Ok(SessionKeys::new(&[present; 32], before.map(|byte| [byte; 32]).as_ref()))
        };
        for (text, wanted) in [
            (one.clone(), keys(0x0a, None)),
            (format!("{one}\n"), keys(0x0a, None)),
            (format!("{two}\r\n{one}\r\n"), keys(0xff, Some(0x0a))),
            (String::new(), Err(BadSessionKeys)),
            ("\n".to_owned(), Err(BadSessionKeys)),
            (format!("\n{one}"), Err(BadSessionKeys)),
            (one[1..].to_owned(), Err(BadSessionKeys)),
            (format!("{one}0a"), Err(BadSessionKeys)),
            (one.replacen('a', "g", 1), Err(BadSessionKeys)),
            (format!("{one}\n{one}"), Err(BadSessionKeys)),
            (format!("{one}\n\n{two}"), Err(BadSessionKeys)),
            (format!("{one}\n{two}\n{}", "01".repeat(32)), Err(BadSessionKeys)),
        ] {
            assert_eq!(SessionKeys::parse(text.as_bytes()), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_file_for_a_fleet_holds_the_bytes_of_one_key_or_such_a_text() {
        let keys = |present: u8, before: Option<u8>| {
            SessionKeys::new(&[present; 32], before.map(|byte| [byte; 32]).as_ref())
        };
        let (one, two) = ("0a".repeat(32), "ff".repeat(32));
        for (file, wanted) in [
            (vec![7; 32], Some(keys(7, None))),
            (vec![b'\n'; 32], Some(keys(b'\n', None))),
            (one.clone().into_bytes(), Some(keys(0x0a, None))),
            (format!("{two}\n{one}\n").into_bytes(), Some(keys(0xff, Some(0x0a)))),
            (vec![7; 31], None),
            (vec![7; 33], None),
            (vec![7; 64], None),
            (Vec::new(), None),
        ] {
            let length = file.len();
            assert_eq!(
                SessionKeys::parse_shared(&file),
                wanted.ok_or(BadSharedKeys(length)),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn a_new_text_holds_a_key_of_its_own() {
        let texts = [SessionKeys::new_text().unwrap(), SessionKeys::new_text().unwrap()];
        let [one, two] = texts.map(|text| SessionKeys::parse(text.expose_secret().as_bytes()).unwrap());
        assert_ne!(one, two);
        assert_eq!(one, one.clone());
    }

    #[test]
    fn the_first_keys_of_a_process_stay_and_nothing_shows_them() {
        let process = Arc::new(ProcessSessionKeys::default());
        let source = SessionKeySource::Process(Arc::clone(&process));
        assert_eq!(source.keys(), None);
        for byte in [7, 8] {
            assert_eq!(process.settle(SessionKeys::new(&[byte; 32], None)), byte == 7);
            assert_eq!(source.keys(), Some(&SessionKeys::new(&[7; 32], None)));
        }
        let shown = format!("{source:?}");
        assert!(!shown.contains("[7") && !shown.contains("0707"), "{shown}");
    }
}
