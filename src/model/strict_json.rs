//! JSON that all parsers read in the same way: no duplicate member at any depth, bounded nesting, nothing after the value.
//!
//! Two parsers that disagree on a duplicate member disagree on the caller's identity (RFC 7515 section 4, RFC 7519
//! section 4), or on a change that one person reviews and a machine applies. RFC 8259 section 4 calls such objects
//! unpredictable, so they are rejected.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Error, Map, Number, Value};

/// The deepest nesting of objects and arrays, the outermost included. RFC 8259 section 9 leaves the limit to the parser; no
/// token or request in use nests deeper than ten, and each level takes stack.
const MAX_DEPTH: u8 = 32;

/// Parses one JSON value from all of `bytes`.
///
/// # Errors
/// When the bytes are not UTF-8 or not JSON, hold a duplicate member, nest too deeply, or continue after the value. The
/// error's text quotes nothing but names of members.
pub fn value(bytes: &[u8]) -> Result<Value, Error> {
    read(bytes, usize::MAX)
}

/// Parses one JSON object from all of `bytes`, with at most `objects` objects inside it: five bytes on the wire become
/// hundreds in memory.
///
/// # Errors
/// As [`value`]; and when it is not an object, or holds more of them.
pub fn object(bytes: &[u8], objects: usize) -> Result<Map<String, Value>, Error> {
    match read(bytes, objects.saturating_add(1))? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::custom("not an object")),
    }
}

fn read(bytes: &[u8], objects: usize) -> Result<Value, Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let objects = Cell::new(objects);
    let value = Strict { levels: MAX_DEPTH, objects: &objects }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    /// The levels of nesting that remain.
    levels: u8,
    /// The objects that remain, shared by all levels.
    objects: &'a Cell<usize>,
}

impl Strict<'_> {
    /// The seed for the members of an object or the items of an array.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, objects: self.objects }),
            None => Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}"))),
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
            match out.entry(name) {
                Entry::Vacant(member) => member.insert(members.next_value_seed(inside)?),
                Entry::Occupied(first) => {
                    return Err(A::Error::custom(format_args!("the member {:?} stands twice", first.key())));
                }
            };
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn valid_json_parses_to_its_value() {
        for sound in [
            json!({"a": [1, -2, 2.5, "x", true, null, {"b": {}}]}),
            json!(null),
            json!("\u{1f600}\u{0}"),
            json!(u64::MAX),
        ] {
            assert_eq!(value(sound.to_string().as_bytes()).unwrap(), sound);
        }
        let text = br#" {"a": [1, 2.5, "x", null, true], "b": {"c": -1}} "#;
        let members = object(text, 1).unwrap();
        assert_eq!(Value::Object(members), json!({"a": [1, 2.5, "x", null, true], "b": {"c": -1}}));
        assert!(object(text, 0).is_err(), "one object more than may be");
    }

    #[test]
    fn at_most_32_levels_of_objects_or_arrays_are_parsed() {
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
    fn json_that_parsers_could_read_in_two_ways_is_rejected() {
        let far_too_deep = "[".repeat(100_000);
        let cases: [&[u8]; 20] = [
            b"",
            b" ",
            b"{} {}",
            b"{}x",
            b"{\"a\":1,}",
            b"[1,]",
            b"{'a':1}",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"{\"x\":{\"a\":1,\"a\":2}}",
            b"[{\"b\":{\"a\":1,\"a\":2}}]",
            b"NaN",
            b"01",
            b"{\"a\":1e999}",
            b"\"\n\"",
            b"\"\\ud800\"",
            b"// x\n1",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            far_too_deep.as_bytes(),
        ];
        for case in cases {
            assert!(value(case).is_err(), "{}", String::from_utf8_lossy(case.get(..40).unwrap_or(case)));
        }
        for case in [b"[]" as &[u8], b"\"x\"", b"null"] {
            assert!(value(case).is_ok() && object(case, 9).is_err(), "{}", String::from_utf8_lossy(case));
        }
    }

    #[test]
    fn an_error_names_the_member_or_the_limit() {
        let said = |text: &[u8]| value(text).unwrap_err().to_string();
        assert!(said(br#"{"a":1,"a":2}"#).starts_with(r#"the member "a" stands twice"#));
        assert!(said("[".repeat(33).as_bytes()).starts_with("nested deeper than 32"));
    }
}
