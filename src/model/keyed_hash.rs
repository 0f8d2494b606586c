//! A hash of 128 bits: it names whom something is counted for without keeping who that is. It is under keys that this process
//! alone has, or, for what members of a fleet count together, one that all of them have of the same. Nobody outside can choose
//! two values that are counted as one.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::LazyLock;

use serde_json::Value;

use super::Digest;

/// Two, since each gives half of the bits.
static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);

/// The hash of a value. Two processes have two hashes of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyedHash(u64, u64);

impl KeyedHash {
    /// The hash of a value; a tuple is hashed member by member, each with its length.
    #[must_use]
    pub fn of(value: impl Hash) -> Self {
        let [one, other] = &*KEYS;
        Self(one.hash_one(&value), other.hash_one(&value))
    }

    /// The hash of a claim's value; `None` for one that has parts. Values of two JSON types are two values.
    #[must_use]
    pub fn of_claim(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::of(("text", text.as_str()))),
            Value::Number(number) => Some(Self::of(("number", number.to_string().as_str()))),
            Value::Bool(flag) => Some(Self::of(("flag", *flag))),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A hash of these parts, in their order, which every process has of the same: for what members of a fleet count together.
    /// It is half of a SHA-256, so that nobody finds two lists of parts with one hash.
    #[must_use]
    pub fn common(parts: &[&str]) -> Self {
        let mut all = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            all.extend_from_slice(&(part.len() as u64).to_be_bytes());
            all.extend_from_slice(part.as_bytes());
        }
        let digest = Digest::of(&all);
        let (halves, _) = digest.as_bytes().as_chunks::<8>();
        let half = |nth: usize| halves.get(nth).copied().map(u64::from_be_bytes).unwrap_or_default();
        Self(half(0), half(1))
    }

    /// The same of a claim's value; `None` for one that has parts.
    #[must_use]
    pub fn common_of_claim(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::common(&["text", text])),
            Value::Number(number) => Some(Self::common(&["number", &number.to_string()])),
            Value::Bool(flag) => Some(Self::common(&["flag", if *flag { "true" } else { "false" }])),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The hash of these two. Whoever can choose one of two hashes of [`Self::common`] cannot choose this.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 ^ other.0, self.1 ^ other.1)
    }

    /// The hash that was written with [`Self::to_hex`].
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let (one, other) = text.split_at_checked(16).filter(|(_, other)| other.len() == 16)?;
        Some(Self(u64::from_str_radix(one, 16).ok()?, u64::from_str_radix(other, 16).ok()?))
    }

    /// Its 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        format!("{:016x}{:016x}", self.0, self.1)
    }

    /// Its halves.
    #[must_use]
    pub const fn halves(self) -> (u64, u64) {
        (self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_have_equal_hashes_and_others_do_not() {
        let values = [("a", "bc"), ("ab", "c"), ("", "abc"), ("abc", "")];
        let hashes: HashSet<_> = values.iter().map(KeyedHash::of).collect();
        assert_eq!(hashes.len(), values.len());
        assert_eq!(KeyedHash::of(("a", "bc")), KeyedHash::of(("a", "bc")));
    }

    #[test]
    fn a_common_hash_is_that_of_its_parts_in_every_process() {
        let one = KeyedHash::common(&["a", "bc"]);
        assert_eq!(one.to_hex(), "3fafa1cf2f19a7c1129beb20cf0983f7");
        assert_eq!(KeyedHash::from_hex(&one.to_hex()), Some(one));
        let others = [&["ab", "c"][..], &["abc"], &["a", "b", "c"], &["a", "bc", ""]].map(KeyedHash::common);
        assert!(others.iter().all(|other| *other != one));
        for bad in ["", "0", "00000000000000000000000000000000f", "0000000000000000g000000000000000"] {
            assert_eq!(KeyedHash::from_hex(bad), None, "{bad}");
        }
        let claims =
            [json!("1"), json!(1), json!(true)].map(|value| KeyedHash::common_of_claim(&value).unwrap());
        assert!(claims[0] != claims[1] && claims[0] != KeyedHash::of_claim(&json!("1")).unwrap());
        assert_eq!(KeyedHash::common_of_claim(&json!([1])), None);
    }

    #[test]
    fn claims_are_told_apart_by_their_type_and_those_with_parts_have_no_hash() {
        let plain = [json!("1"), json!(1), json!(true), json!("true"), json!(1.5), json!("")];
        let hashes: HashSet<_> = plain.iter().map(|value| KeyedHash::of_claim(value).unwrap()).collect();
        assert_eq!(hashes.len(), plain.len());
        for parts in [json!(null), json!(["1"]), json!({"a": 1})] {
            assert_eq!(KeyedHash::of_claim(&parts), None, "{parts}");
        }
    }
}
