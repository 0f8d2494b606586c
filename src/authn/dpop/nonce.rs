//! Nonces for proofs (RFC 9449 sections 8 and 9), of which nothing is remembered: a nonce holds the number of the period in
//! which it was issued, and a code over that.
//!
//! There are two kinds: the usual ones, where an agent asks for nonces, and those of the reserve, which are issued while the memory
//! of proofs is full. `fresh` says what each is good for.

use std::fmt;
use std::time::Duration;

use ring::hmac;

use crate::authn::base64url;
use crate::authn::key_text::{KEY_LEN, KeyText, random};
use crate::model::{Digest, Instant};

/// What the codes of each kind are made over.
const USUAL: &[u8] = b"portcullis dpop nonce 1";
const RESERVE: &[u8] = b"portcullis dpop nonce of the reserve 1";

/// The period of the nonces of the reserve: a proof with one is remembered until its end.
pub(super) const RESERVE_PERIOD: Duration = Duration::from_secs(30);

/// A file that holds no key for nonces. It says nothing of what the file holds but its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a key of 32 bytes, or one or two lines of 64 hexadecimal digits, the present key first; found {0} bytes of \
     something else"
)]
pub struct BadNonceKeys(usize);

/// The keys with which nonces are made and read: the present one, and the one before it.
#[derive(Clone)]
pub struct NonceKeys {
    /// For comparison alone.
    digest: Digest,
    present: hmac::Key,
    before: Option<hmac::Key>,
}

impl NonceKeys {
    /// The keys in a file: 32 bytes as they are, or one or two lines of 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the file holds neither.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadNonceKeys> {
        let KeyText { present, before } = KeyText::of_file(bytes).ok_or(BadNonceKeys(bytes.len()))?;
        let key = |bytes: &[u8; KEY_LEN]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Ok(Self { digest: Digest::of(bytes), present: key(&present), before: before.as_ref().map(key) })
    }

    /// A key that lives as long as the process; `None` when the system has no randomness.
    pub(super) fn generate() -> Option<Self> {
        Self::parse(&random().ok()?).ok()
    }

    /// A nonce of this moment, where nonces are accepted for `age`.
    pub(super) fn usual(&self, age: Duration, now: Instant) -> String {
        self.make(USUAL, age / 2, now)
    }

    /// A nonce of the reserve.
    pub(super) fn reserve(&self, now: Instant) -> String {
        self.make(RESERVE, RESERVE_PERIOD, now)
    }

    /// What a text is as a nonce, where nonces are accepted for `age`.
    pub(super) fn read(&self, text: &str, age: Duration, now: Instant) -> Read {
        let Some(bytes) = base64url::decode(text) else { return Read::NotOurs };
        let Some((number, code)) = bytes.split_first_chunk::<8>() else { return Read::NotOurs };
        let number = u64::from_be_bytes(*number);
        let is_ours = |kind, period| {
            let over = Self::over(kind, period, number);
            let keys = std::iter::once(&self.present).chain(&self.before);
            keys.into_iter().any(|key| hmac::verify(key, &over, code).is_ok())
        };
        let period = age / 2;
        if is_ours(USUAL, period) {
            return match number_at(period, now).checked_sub(number) {
                Some(0) => Read::Usual { ends: end_of(period, number + 1), is_late: false },
                Some(1) => Read::Usual { ends: end_of(period, number + 1), is_late: true },
                _ => Read::Over,
            };
        }
        if is_ours(RESERVE, RESERVE_PERIOD) {
            return match number_at(RESERVE_PERIOD, now) == number {
                true => Read::Reserve { ends: end_of(RESERVE_PERIOD, number) },
                false => Read::ReserveOver,
            };
        }
        Read::NotOurs
    }

    fn make(&self, kind: &[u8], period: Duration, now: Instant) -> String {
        let number = number_at(period, now);
        let code = hmac::sign(&self.present, &Self::over(kind, period, number));
        base64url::encode(&[&number.to_be_bytes(), code.as_ref()].concat())
    }

    /// What a code is made over. With the period in it, two agents that share a key and not an age share no nonces.
    fn over(kind: &[u8], period: Duration, number: u64) -> Vec<u8> {
        [kind, &millis(period).to_be_bytes(), &number.to_be_bytes()].concat()
    }
}

/// What a text is as a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// No nonce of these keys.
    NotOurs,
    /// A usual one that is still good.
    Usual {
        /// From then on it is none, in milliseconds since the epoch.
        ends: u64,
        /// Whether half of its age has passed: it is time for another.
        is_late: bool,
    },
    /// A usual one that was good once.
    Over,
    /// One of the reserve.
    Reserve {
        /// From then on it is none, in milliseconds since the epoch.
        ends: u64,
    },
    /// One of the reserve that was good once.
    ReserveOver,
}

/// The number of the period in which a moment lies.
fn number_at(period: Duration, now: Instant) -> u64 {
    millis(now.since_epoch()) / millis(period).max(1)
}

/// The end of a period, in milliseconds since the epoch.
fn end_of(period: Duration, number: u64) -> u64 {
    number.saturating_add(1).saturating_mul(millis(period).max(1))
}

/// Milliseconds: enough of them for half a billion years.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl PartialEq for NonceKeys {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for NonceKeys {}

impl fmt::Debug for NonceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceKeys(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(60);

    fn at(millis: u64) -> Instant {
        Instant::from_duration(Duration::from_millis(millis))
    }

    #[test]
    fn a_nonce_is_good_in_its_period_and_in_the_next() {
        let keys = NonceKeys::parse(&[7; 32]).unwrap();
        let nonce = keys.usual(AGE, at(3_600_000));
        for (now, wanted) in [
            (3_569_999, Read::Over),
            (3_599_999, Read::Over),
            (3_600_000, Read::Usual { ends: 3_660_000, is_late: false }),
            (3_629_999, Read::Usual { ends: 3_660_000, is_late: false }),
            (3_630_000, Read::Usual { ends: 3_660_000, is_late: true }),
            (3_659_999, Read::Usual { ends: 3_660_000, is_late: true }),
            (3_660_000, Read::Over),
        ] {
            assert_eq!(keys.read(&nonce, AGE, at(now)), wanted, "{now}");
        }
        assert_eq!(keys.read(&nonce, Duration::from_secs(10), at(3_600_000)), Read::NotOurs, "another age");
    }

    #[test]
    fn one_of_the_reserve_is_good_in_its_period_alone() {
        let keys = NonceKeys::parse(&[7; 32]).unwrap();
        let nonce = keys.reserve(at(3_629_999));
        for (now, wanted) in [
            (3_599_999, Read::ReserveOver),
            (3_600_000, Read::Reserve { ends: 3_630_000 }),
            (3_629_999, Read::Reserve { ends: 3_630_000 }),
            (3_630_000, Read::ReserveOver),
        ] {
            assert_eq!(keys.read(&nonce, AGE, at(now)), wanted, "{now}");
        }
    }

    #[test]
    fn nothing_but_what_was_issued_is_a_nonce() {
        let keys = NonceKeys::parse(&[7; 32]).unwrap();
        let good = keys.usual(AGE, at(3_600_000));
        let changed = |at: usize| {
            let mut text = good.clone().into_bytes();
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(text).unwrap()
        };
        let other = NonceKeys::parse(&[8; 32]).unwrap().usual(AGE, at(3_600_000));
        for text in ["", "A", "eyJ7S_zG", &changed(0), &changed(9), &changed(12), &good[..40], &other] {
            assert_eq!(keys.read(text, AGE, at(3_600_000)), Read::NotOurs, "{text}");
        }
        assert!(good.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{good}");
    }

    #[test]
    fn a_file_holds_one_key_or_two_and_the_second_still_reads() {
        let (one, two) = ("0a".repeat(32), "ff".repeat(32));
        let old = NonceKeys::parse(one.as_bytes()).unwrap().usual(AGE, at(0));
        let now = NonceKeys::parse(format!("{two}\n{one}\n").as_bytes()).unwrap();
        assert!(matches!(now.read(&old, AGE, at(0)), Read::Usual { .. }));
        assert_ne!(now.usual(AGE, at(0)), old);
        assert_eq!(NonceKeys::parse(&[10; 32]).unwrap().usual(AGE, at(0)), old, "the bytes or their digits");
        for bad in [String::new(), "\n".into(), one[1..].into(), format!("{one}\n{one}"), "x".repeat(31)] {
            assert_eq!(NonceKeys::parse(bad.as_bytes()), Err(BadNonceKeys(bad.len())), "{bad:?}");
        }
        let (one, two) = (NonceKeys::generate().unwrap(), NonceKeys::generate().unwrap());
        assert_ne!(one, two);
    }
}
