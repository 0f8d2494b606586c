//! One key for session ids, and the key of the cipher that is derived from it.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

/// What the cipher and its nonces are made with, each with bytes of its own.
const FOR_CIPHER: &[u8] = b"portcullis mcp session at target 1: cipher";
const FOR_NONCE: &[u8] = b"portcullis mcp session at target 1: nonce";

/// One key.
#[derive(Debug, Clone)]
pub(super) struct SessionKey {
    pub(super) mac: hmac::Key,
    /// There always is one: the code that it is made of is as long as a key.
    cipher: Option<LessSafeKey>,
}

impl SessionKey {
    pub(super) fn new(bytes: &[u8; 32]) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let derived = hmac::sign(&mac, FOR_CIPHER);
        let cipher = UnboundKey::new(&AES_256_GCM, derived.as_ref()).ok().map(LessSafeKey::new);
        Self { mac, cipher }
    }

    /// Encrypts a text, which only opens with what it is `bound` to.
    ///
    /// The nonce is made of what is sealed. So the same text is sealed to the same bytes, nothing must be counted over a restart,
    /// and two different texts share a nonce no sooner than two random ones would (RFC 5297 has the construction).
    pub(super) fn seal(&self, bound: &str, text: &[u8]) -> Option<Vec<u8>> {
        let mut code = hmac::Context::with_key(&self.mac);
        [FOR_NONCE, bound.as_bytes(), b"\0", text].into_iter().for_each(|part| code.update(part));
        let nonce: [u8; NONCE_LEN] = first(code.sign().as_ref());
        let mut sealed = text.to_vec();
        let (once, bound) = (Nonce::assume_unique_for_key(nonce), Aad::from(bound));
        self.cipher.as_ref()?.seal_in_place_append_tag(once, bound, &mut sealed).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The text; `None` unless it was sealed with this key and bound to the same.
    pub(super) fn open(&self, bound: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let (once, bound) = (Nonce::assume_unique_for_key(*nonce), Aad::from(bound));
        let text = self.cipher.as_ref()?.open_in_place(once, bound, &mut sealed).ok()?;
        Some(text.to_vec())
    }
}

/// The first bytes of a code, which has more.
pub(super) fn first<const N: usize>(code: &[u8]) -> [u8; N] {
    let mut first = [0; N];
    first.iter_mut().zip(code).for_each(|(to, from)| *to = *from);
    first
}
