//! The id of one request, in its response, at the agent and in the logs. `proxy` says whose ids are trusted.

use std::fmt;
use std::sync::Arc;

/// The length of an id made here: four bits in each hexadecimal digit.
const DIGITS: usize = u128::BITS as usize / 4;

/// A request's id. Cloning it allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// Made here, at random: 32 hexadecimal digits.
    Made(u128),
    /// Given by a trusted proxy.
    Given(Arc<str>),
}

impl RequestId {
    /// Calls `read` with the text. An id made here is formatted on the stack.
    pub fn with_text<R>(&self, read: impl FnOnce(&str) -> R) -> R {
        // Both kinds are text, so this is never the empty default.
        self.with_bytes(|bytes| read(str::from_utf8(bytes).unwrap_or_default()))
    }

    /// Calls `read` with the bytes of the text.
    pub fn with_bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Given(text) => read(text.as_bytes()),
            Self::Made(number) => {
                let mut digits = [0; DIGITS];
                let (pairs, _) = digits.as_chunks_mut::<2>();
                for ([high, low], byte) in pairs.iter_mut().zip(number.to_be_bytes()) {
                    (*high, *low) = (hex_digit(byte >> 4), hex_digit(byte & 0xf));
                }
                read(&digits)
            }
        }
    }
}

/// The digit of half a byte. No branch: the halves are random.
pub(super) const fn hex_digit(half: u8) -> u8 {
    half + b'0' + (half > 9) as u8 * (b'a' - b'0' - 10)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn an_id_made_here_has_32_digits_and_a_given_one_stays_as_it_is() {
        for (id, wanted) in [
            (RequestId::Made(0), "00000000000000000000000000000000"),
            (RequestId::Made(0x0123_4567_89ab_cdef), "00000000000000000123456789abcdef"),
            (RequestId::Made(u128::MAX), "ffffffffffffffffffffffffffffffff"),
            (RequestId::Given("abc-1".into()), "abc-1"),
        ] {
            assert_eq!(id.to_string(), wanted);
        }
    }
}
