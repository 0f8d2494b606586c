//! The readers of the single values of a message: names of members, and its id.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use super::message::Id;

/// The name of a member, borrowed where it has no escapes.
#[derive(Debug)]
pub struct Name<'m>(pub Cow<'m, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// Reads an id: a whole number or a text. JSON-RPC 2.0 section 4 leaves null to messages that could not be read.
pub(super) struct IdOrNull;

impl<'de> DeserializeSeed<'de> for IdOrNull {
    type Value = Option<Id<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IdOrNull {
    type Value = Option<Id<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a text")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Id::Natural(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Id::Negative(number)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Id::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Id::Text(Cow::Owned(text.to_owned()))))
    }
}

/// A name without control characters: it stands in rules and in the log.
pub(super) fn plain<E: serde::de::Error>(text: Cow<'_, str>) -> Result<Cow<'_, str>, E> {
    if text.chars().any(char::is_control) { Err(E::custom("a control character")) } else { Ok(text) }
}
