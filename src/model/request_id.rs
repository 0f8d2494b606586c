//! The name of one request: what an answer, the agent and the logs call it by. Whose name is believed is for `proxy`.

use std::fmt;
use std::sync::Arc;

/// Digits of an id of ours.
const DIGITS: usize = 32;

/// A request's id. A clone costs no more than a copy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// Made here, at random: 32 hexadecimal digits.
    Made(u128),
    /// Taken over from a proxy that is trusted.
    Given(Arc<str>),
}

impl RequestId {
    /// Gives the text to `read`. An id of ours is written out on the stack.
    pub fn with_text<R>(&self, read: impl FnOnce(&str) -> R) -> R {
        match self {
            Self::Given(text) => read(text),
            Self::Made(number) => {
                let mut digits = [b'0'; DIGITS];
                for (digit, place) in digits.iter_mut().zip((0..DIGITS).rev()) {
                    *digit = hex_digit(number >> (4 * place));
                }
                read(str::from_utf8(&digits).unwrap_or_default())
            }
        }
    }
}

/// The digit of the last four bits.
const fn hex_digit(number: u128) -> u8 {
    match (number & 0xf) as u8 {
        low @ 0..=9 => b'0' + low,
        high => b'a' + high - 10,
    }
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
    fn an_id_of_ours_has_32_digits_and_a_given_one_stays_as_it_is() {
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
