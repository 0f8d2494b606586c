//! The walk through a body: how deep it may go, which names stand in it, and what was found; and the readers of the values
//! on the way.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::known::{Known, Spelling};
use super::message::{Id, Kind, Message, Text, Texts};
use super::names::Names;
use super::words::{Name, plain};

/// The most objects and arrays in one another, the message counted. Schemas and arguments of tools in use nest to about
/// twenty; reading takes stack for each level.
const MAX_DEPTH: u8 = 64;

/// What was found of the message.
#[derive(Debug, Default)]
pub(super) struct Found<'m> {
    pub(super) names: Names,
    pub(super) version: bool,
    pub(super) id: Option<Id<'m>>,
    pub(super) method: Option<Cow<'m, str>>,
    pub(super) has_params: bool,
    pub(super) result: bool,
    pub(super) error: bool,
    pub(super) texts: Texts<'m>,
}

impl<'m> Found<'m> {
    pub(super) fn message(self) -> Option<Message<'m>> {
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
pub(super) struct Walk<'w, 'm> {
    levels: u8,
    spelling: Spelling,
    pub(super) found: &'w mut Found<'m>,
}

impl<'w, 'm> Walk<'w, 'm> {
    /// A walk that begins.
    pub(super) const fn new(spelling: Spelling, found: &'w mut Found<'m>) -> Self {
        Self { levels: MAX_DEPTH, spelling, found }
    }

    /// For what stands in an object or a list.
    pub(super) fn inside<E: serde::de::Error>(&mut self) -> Result<Walk<'_, 'm>, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Walk { levels, spelling: self.spelling, found: self.found }),
            None => Err(E::custom("nested too deeply")),
        }
    }

    /// The same walk, lent to the reader of a value.
    pub(super) fn again(&mut self) -> Walk<'_, 'm> {
        Walk { levels: self.levels, spelling: self.spelling, found: self.found }
    }

    /// Keeps a text that decides.
    pub(super) fn keep<E: serde::de::Error>(self, keeps: Option<Text>, text: Cow<'m, str>) -> Result<(), E> {
        if let Some(which) = keeps {
            self.found.texts.0.push((which, plain(text)?));
        }
        Ok(())
    }

    /// Reads an object with these known members.
    pub(super) fn object<A: MapAccess<'m>>(
        &mut self,
        object: A,
        known: &'static [Known],
    ) -> Result<(), A::Error> {
        self.members(object, known, |walk, known, object| {
            let (keeps, known) = known.map_or((None, &[] as &[Known]), |known| (known.keeps, known.inside));
            object.next_value_seed(Anything { keeps, in_list: false, known, walk: walk.again() })
        })
    }

    /// Reads all members of an object. `each` reads the value of one.
    pub(super) fn members<A: MapAccess<'m>>(
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

/// Reads an object and nothing else.
pub(super) struct Object<'w, 'm> {
    pub(super) known: &'static [Known],
    pub(super) walk: Walk<'w, 'm>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, object: A) -> Result<(), A::Error> {
        self.walk.object(object, self.known)
    }
}

/// Reads `params`, an object where it is there: rules see no list.
pub(super) struct Params<'w, 'm> {
    pub(super) known: &'static [Known],
    pub(super) walk: Walk<'w, 'm>,
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
pub(super) struct Anything<'w, 'm> {
    pub(super) keeps: Option<Text>,
    /// Whether it stands in a list, so that it may not be one if its text is kept.
    pub(super) in_list: bool,
    pub(super) known: &'static [Known],
    pub(super) walk: Walk<'w, 'm>,
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
