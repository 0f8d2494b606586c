//! Reads one message strictly: what the gateway judges must be what the agent acts on, whatever reader the agent has.
//!
//! Nothing is built of what nobody decides by: a message costs the memory of its known texts and a number for each member
//! of the objects that are open at once.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::known::{Known, Spelling};
use super::message::{Id, Kind, Message, Text};
use super::names::Names;
use super::words::{IdOrNull, Name, plain};

/// The most objects and arrays in one another, the message counted. Schemas and arguments of tools in use nest to about
/// twenty; reading takes stack for each level.
const MAX_DEPTH: u8 = 64;
const VERSION: &str = "2.0";

/// Why a body is not one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is a list of messages. MCP has none since its revision 2025-06-18, and rules could not be kept for one.
    Batch,
    /// It is no message, or one that two readers could take in two ways.
    Malformed,
}

/// Reads a body. `params` are the known members of `params`; nothing inside any other member is looked at but that no
/// member stands twice.
///
/// # Errors
/// When the body is not exactly one message in UTF-8, holds a member twice at any depth, another spelling of a known
/// member, or nests deeper than 64.
pub fn read<'m>(
    body: &'m [u8],
    params: &'static [Known],
    spelling: Spelling,
) -> Result<Message<'m>, Unreadable> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Unreadable::Batch);
    }
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let envelope = Envelope { params, walk: Walk { levels: MAX_DEPTH, spelling, found: &mut found } };
    envelope.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|_| Unreadable::Malformed)?;
    found.message().ok_or(Unreadable::Malformed)
}

/// A value of any kind in which no object has a member twice, and nothing nests deeper than a message may.
#[derive(Debug)]
pub struct Plain;

impl<'de> serde::Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Found::default();
        let walk = Walk { levels: MAX_DEPTH, spelling: Spelling::Case, found: &mut found };
        Anything { keeps: None, in_list: false, known: &[], walk }.deserialize(deserializer).map(|()| Self)
    }
}

/// What was found of the message.
#[derive(Debug, Default)]
struct Found<'m> {
    names: Names,
    version: bool,
    id: Option<Id<'m>>,
    method: Option<Cow<'m, str>>,
    has_params: bool,
    result: bool,
    error: bool,
    texts: Vec<(Text, Cow<'m, str>)>,
}

impl<'m> Found<'m> {
    fn message(self) -> Option<Message<'m>> {
        let Self { version, id, method, has_params, result, error, texts, .. } = self;
        let kind = match (method, id, result, error) {
            (Some(method), Some(id), false, false) => Kind::Request { method, id },
            (Some(method), None, false, false) => Kind::Notification { method },
            // An error to a message that could not be read has no id.
            (None, Some(_), true, false) | (None, _, false, true) if !has_params => Kind::Response,
            _ => return None,
        };
        version.then_some(Message { kind, texts })
    }
}

/// The walk through a message: how deep it may still go, and what it has found.
struct Walk<'w, 'm> {
    levels: u8,
    spelling: Spelling,
    found: &'w mut Found<'m>,
}

impl<'m> Walk<'_, 'm> {
    /// For what stands in an object or a list.
    fn inside<E: serde::de::Error>(&mut self) -> Result<Walk<'_, 'm>, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Walk { levels, spelling: self.spelling, found: self.found }),
            None => Err(E::custom("nested too deeply")),
        }
    }

    /// The same walk, lent to the reader of a value.
    fn again(&mut self) -> Walk<'_, 'm> {
        Walk { levels: self.levels, spelling: self.spelling, found: self.found }
    }

    /// Keeps a text that decides.
    fn keep<E: serde::de::Error>(self, keeps: Option<Text>, text: Cow<'m, str>) -> Result<(), E> {
        if let Some(which) = keeps {
            self.found.texts.push((which, plain(text)?));
        }
        Ok(())
    }

    /// Reads an object with these known members.
    fn object<A: MapAccess<'m>>(&mut self, object: A, known: &'static [Known]) -> Result<(), A::Error> {
        self.members(object, known, |walk, known, object| {
            let (keeps, known) = known.map_or((None, &[] as &[Known]), |known| (known.keeps, known.inside));
            object.next_value_seed(Anything { keeps, in_list: false, known, walk: walk.again() })
        })
    }

    /// Reads all members of an object. `each` reads the value of one.
    fn members<A: MapAccess<'m>>(
        &mut self,
        mut object: A,
        known: &'static [Known],
        mut each: impl FnMut(&mut Walk<'_, 'm>, Option<&'static Known>, &mut A) -> Result<(), A::Error>,
    ) -> Result<(), A::Error> {
        let mut inside = self.inside()?;
        let opened = inside.found.names.open();
        while let Some(Name(name)) = object.next_key()? {
            inside.found.names.note(&name);
            if known.iter().any(|known| inside.spelling.is_variant(&name, known.name)) {
                return Err(A::Error::custom("another spelling of a member"));
            }
            let known = known.iter().find(|known| known.name == name);
            each(&mut inside, known, &mut object)?;
        }
        if inside.found.names.close(opened) { Ok(()) } else { Err(A::Error::custom("a member stands twice")) }
    }
}

/// The members of the message itself, in the order of JSON-RPC 2.0.
const ENVELOPE: &[Known] = &[
    Known { name: "jsonrpc", keeps: None, inside: &[] },
    Known { name: "id", keeps: None, inside: &[] },
    Known { name: "method", keeps: None, inside: &[] },
    Known { name: "params", keeps: None, inside: &[] },
    Known { name: "result", keeps: None, inside: &[] },
    Known { name: "error", keeps: None, inside: &[] },
];

/// Reads the message itself.
struct Envelope<'w, 'm> {
    params: &'static [Known],
    walk: Walk<'w, 'm>,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, object: A) -> Result<(), A::Error> {
        let params = self.params;
        self.walk.members(object, ENVELOPE, |walk, known, object| {
            match known.map(|known| known.name) {
                Some("jsonrpc") => {
                    let Name(version) = object.next_value()?;
                    walk.found.version = version == VERSION;
                }
                Some("id") => walk.found.id = object.next_value_seed(IdOrNull)?,
                Some("method") => {
                    let Name(method) = object.next_value()?;
                    walk.found.method = Some(plain(method)?);
                }
                Some("params") => {
                    walk.found.has_params = true;
                    object.next_value_seed(Params { known: params, walk: walk.again() })?;
                }
                other => {
                    walk.found.result |= other == Some("result");
                    walk.found.error |= other == Some("error");
                    object.next_value_seed(Anything {
                        keeps: None,
                        in_list: false,
                        known: &[],
                        walk: walk.again(),
                    })?;
                }
            }
            Ok(())
        })
    }
}

/// Reads `params`, an object where it is there: rules see no list.
struct Params<'w, 'm> {
    known: &'static [Known],
    walk: Walk<'w, 'm>,
}

impl<'de> DeserializeSeed<'de> for Params<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Params<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, object: A) -> Result<(), A::Error> {
        self.walk.object(object, self.known)
    }
}

/// Reads any value. Its text is kept where somebody decides by it, and nothing but a text is accepted there.
struct Anything<'w, 'm> {
    keeps: Option<Text>,
    /// Whether it stands in a list, so that it may not be one if its text is kept.
    in_list: bool,
    known: &'static [Known],
    walk: Walk<'w, 'm>,
}

impl Anything<'_, '_> {
    fn unless_kept<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.keeps.is_none() { Ok(()) } else { Err(E::custom("not a text")) }
    }
}

impl<'de> DeserializeSeed<'de> for Anything<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.unless_kept()
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.unless_kept()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.unless_kept()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.unless_kept()
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        if number.is_finite() { self.unless_kept() } else { Err(E::custom("not a finite number")) }
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<(), E> {
        self.walk.keep(self.keeps, Cow::Borrowed(text))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        match self.keeps {
            Some(_) => self.walk.keep(self.keeps, Cow::Owned(text.to_owned())),
            None => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        match self.keeps {
            None => {}
            Some(Text::Subscription) if !self.in_list => {}
            Some(_) => return Err(A::Error::custom("not a text")),
        }
        let mut inside = self.walk.inside()?;
        let (keeps, known, in_list) = (self.keeps, self.known, true);
        while items.next_element_seed(Anything { keeps, in_list, known, walk: inside.again() })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, object: A) -> Result<(), A::Error> {
        self.unless_kept()?;
        self.walk.object(object, self.known)
    }
}

#[cfg(test)]
mod tests;
