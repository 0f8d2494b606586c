//! JSON as a security token may carry it: one object, no duplicate members at any depth, bounded nesting,
//! nothing after the end.
//!
//! Two parsers that disagree on a duplicate member disagree on who the caller is (RFC 7515 section 4,
//! RFC 7519 section 4), so a duplicate is refused instead of resolved.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// So many objects and arrays may stand in one another, the outermost counted.
const MAX_DEPTH: u8 = 32;

/// Reads one JSON object from all of `bytes`, with at most so many `objects` in it: the smallest takes five bytes to
/// send and a hundred times as many to hold.
///
/// # Errors
/// When the bytes are not UTF-8, not JSON, not an object, hold a duplicate member or too many objects, nest too
/// deeply, or go on after the object.
pub(super) fn object(bytes: &[u8], objects: usize) -> Result<Map<String, Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let objects = Cell::new(objects.saturating_add(1));
    let value = Strict { left: MAX_DEPTH, objects: &objects }.deserialize(&mut reader)?;
    reader.end()?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(serde_json::Error::custom("not an object")),
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    /// So many levels may still be opened.
    left: u8,
    /// So many objects may still come.
    objects: &'a Cell<usize>,
}

impl Strict<'_> {
    /// For what stands in an object or array, which is opened with this.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, objects: self.objects }),
            None => Err(E::custom("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (inside, mut out) = (self.inside()?, Vec::new());
        while let Some(item) = items.next_element_seed(inside)? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        match self.objects.get().checked_sub(1) {
            Some(left) => self.objects.set(left),
            None => return Err(A::Error::custom("too many objects")),
        }
        let (inside, mut out) = (self.inside()?, Map::new());
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inside)?;
            if out.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_objects_read_as_they_stand() {
        let text = br#" {"a": [1, 2.5, "x", null, true], "b": {"c": -1}} "#;
        let members = object(text, 1).unwrap();
        assert!(object(text, 0).is_err(), "one object more than may be");
        assert_eq!(
            Value::Object(members),
            serde_json::json!({"a": [1, 2.5, "x", null, true], "b": {"c": -1}})
        );
    }

    #[test]
    fn thirty_two_levels_are_read_and_no_more_whatever_they_are_made_of() {
        let arrays = |n: usize, inner: &str| format!("{{\"a\":{}{inner}{}}}", "[".repeat(n), "]".repeat(n));
        let objects = |n: usize, inner: &str| format!("{}{inner}{}", "{\"a\":".repeat(n), "}".repeat(n));
        for (text, fits) in [
            (arrays(31, ""), true),
            (arrays(31, "1"), true),
            (arrays(32, ""), false),
            (arrays(32, "1"), false),
            (objects(32, "1"), true),
            (objects(31, "{}"), true),
            (objects(32, "{}"), false),
            (objects(32, "[]"), false),
            (objects(33, "1"), false),
        ] {
            assert_eq!(object(text.as_bytes(), 99).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn doubtful_json_is_refused() {
        let cases: [&[u8]; 13] = [
            b"",
            b"[]",
            b"\"x\"",
            b"{} {}",
            b"{}x",
            b"{\"a\":1,}",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"{\"x\":{\"a\":1,\"a\":2}}",
            b"{\"a\":NaN}",
            b"{\"a\":1e999}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
        ];
        for case in cases {
            assert!(object(case, 9).is_err(), "{}", String::from_utf8_lossy(case));
        }
    }
}
