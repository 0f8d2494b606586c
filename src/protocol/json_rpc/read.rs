//! Reads one message strictly: what the gateway judges must be what the agent acts on, whatever reader the agent has.
//!
//! Nothing is built of what nobody decides by: a message costs the memory of its known texts and a number for each member
//! of the objects that are open at once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::known::{Known, Spelling};
use super::message::{Message, Texts};
use super::walk::{Anything, Found, Object, Params, Walk};
use super::words::{IdOrNull, Name, plain};

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
    let mut found = Found::default();
    whole(body, Envelope { params, walk: Walk::new(spelling, &mut found) })?;
    found.message().ok_or(Unreadable::Malformed)
}

/// A value of any kind in which no object has a member twice, and nothing nests deeper than a message may.
#[derive(Debug)]
pub struct Plain;

impl<'de> serde::Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Found::default();
        let walk = Walk::new(Spelling::Case, &mut found);
        Anything { keeps: None, in_list: false, known: &[], walk }.deserialize(deserializer).map(|()| Self)
    }
}

/// Reads a body that is an object of which JSON-RPC knows nothing, as strictly.
///
/// # Errors
/// As for [`read`].
pub fn read_object<'m>(
    body: &'m [u8],
    known: &'static [Known],
    spelling: Spelling,
) -> Result<Texts<'m>, Unreadable> {
    let mut found = Found::default();
    whole(body, Object { known, walk: Walk::new(spelling, &mut found) })?;
    Ok(found.texts)
}

/// Reads a whole body, which is no list.
fn whole<'m>(body: &'m [u8], reads: impl DeserializeSeed<'m, Value = ()>) -> Result<(), Unreadable> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Unreadable::Batch);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    reads.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|_| Unreadable::Malformed)
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

#[cfg(test)]
mod tests;
