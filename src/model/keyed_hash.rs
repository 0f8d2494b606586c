//! A hash of 128 bits under keys that this process alone has: it names whom something is counted for without keeping who
//! that is. Nobody outside can choose two values that are counted as one.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::LazyLock;

use serde_json::Value;

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
    fn claims_are_told_apart_by_their_type_and_those_with_parts_have_no_hash() {
        let plain = [json!("1"), json!(1), json!(true), json!("true"), json!(1.5), json!("")];
        let hashes: HashSet<_> = plain.iter().map(|value| KeyedHash::of_claim(value).unwrap()).collect();
        assert_eq!(hashes.len(), plain.len());
        for parts in [json!(null), json!(["1"]), json!({"a": 1})] {
            assert_eq!(KeyedHash::of_claim(&parts), None, "{parts}");
        }
    }
}
