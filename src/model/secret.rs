//! Values that must never be shown: no `Display`, no `Serialize`, and a `Debug` that is redacted.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use subtle::ConstantTimeEq;
use zeroize::Zeroize as _;

/// Text that must not leave the process. Its memory is cleared when it goes.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret with this text. The spare capacity of `text` is dropped, and no copy of it stays here.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into_boxed_str())
    }

    /// The text itself. The name is long so that its use stands out in review.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "password"})
    }
}

/// The SHA-256 of a secret. Compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
        Self(out)
    }

    /// A digest that somebody else has made.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of what comes in pieces.
    #[must_use]
    pub fn running() -> RunningDigest {
        RunningDigest { all: ring::digest::Context::new(&ring::digest::SHA256), last: Vec::new() }
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses 64 hexadecimal digits in either case; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(out))
    }

    /// The digest in lower-case hexadecimal, as the configuration stores it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.hex_digits().into_iter().map(char::from).collect()
    }

    /// The same, as ASCII.
    #[must_use]
    pub fn hex_digits(&self) -> [u8; 64] {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
        let mut hex = [0; 64];
        let (pairs, _) = hex.as_chunks_mut::<2>();
        for (pair, byte) in pairs.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 0xf)];
        }
        hex
    }
}

/// The digest of what was added so far.
#[derive(Clone)]
pub struct RunningDigest {
    all: ring::digest::Context,
    /// What was added last: a call for a few bytes costs more than to hash them.
    last: Vec<u8>,
}

/// So many bytes are hashed at once.
const AT_ONCE: usize = 4096;

impl RunningDigest {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        if self.last.len() + bytes.len() > AT_ONCE {
            self.all.update(&self.last);
            self.last.clear();
        }
        if bytes.len() > AT_ONCE {
            self.all.update(bytes);
        } else {
            self.last.extend_from_slice(bytes);
        }
    }

    /// The digest of everything that was added.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        self.all.update(&self.last);
        let mut out = [0; 32];
        out.copy_from_slice(self.all.finish().as_ref());
        Digest(out)
    }
}

impl fmt::Debug for RunningDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningDigest(redacted)")
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(redacted)");
        assert!(!format!("{:?}", Digest::of(b"hunter2")).contains("f5"));
    }

    #[test]
    fn the_digest_of_pieces_is_that_of_the_whole() {
        let mut running = Digest::running();
        running.add(b"hun");
        running.add(b"ter2");
        assert_eq!(running.finish(), Digest::of(b"hunter2"));
        // Pieces that are kept back, that fill what is kept back, and that are hashed at once.
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4 * AT_ONCE).collect();
        for size in [1, 7, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1] {
            let mut running = Digest::running();
            bytes.chunks(size).for_each(|piece| running.add(piece));
            assert_eq!(running.finish(), Digest::of(&bytes), "{size}");
        }
    }

    #[test]
    fn a_digest_parses_from_its_own_hex_and_from_no_other_text() {
        // FIPS 180-2 appendix B.1
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_hex(), abc);
        assert_eq!(Digest::from_hex(abc), Some(Digest::of(b"abc")));
        assert_eq!(Digest::from_hex(&abc.to_uppercase()), Some(Digest::of(b"abc")));
        assert_eq!(Digest::from_hex(&abc[1..]), None);
        assert_eq!(Digest::from_hex(&abc.replace('b', "g")), None);
    }
}
