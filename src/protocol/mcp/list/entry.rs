//! One entry of a list, as far as anybody decides by it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::ListKind;
use crate::protocol::json_rpc::{Name, Names, Plain, Spelling};

/// The names of an entry.
#[derive(Debug, Default)]
pub(super) struct Entry<'m> {
    name: Option<Cow<'m, str>>,
    uri: Option<Cow<'m, str>>,
    template: Option<Cow<'m, str>>,
}

/// The members that name entries.
const NAMING: [&str; 3] = ["name", "uri", "uriTemplate"];

impl Entry<'_> {
    /// What rules know it by in a list of that kind.
    pub(super) fn named(&self, kind: ListKind) -> Option<&str> {
        match kind {
            ListKind::Tools | ListKind::Prompts => self.name.as_deref(),
            ListKind::Resources => self.uri.as_deref(),
            ListKind::Templates => self.template.as_deref(),
        }
    }
}

impl<'de> Deserialize<'de> for Entry<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Entry<'de>, A::Error> {
                let (mut names, mut entry) = (Names::default(), Entry::default());
                let opened = names.open();
                while let Some(Name(name)) = object.next_key()? {
                    names.note(&name);
                    match &*name {
                        "name" => entry.name = object.next_value::<Text<'_>>()?.0,
                        "uri" => entry.uri = object.next_value::<Text<'_>>()?.0,
                        "uriTemplate" => entry.template = object.next_value::<Text<'_>>()?.0,
                        _ if NAMING.iter().any(|known| Spelling::Case.is_variant(&name, known)) => {
                            return Err(A::Error::custom("another spelling of a member"));
                        }
                        _ => {
                            let Plain = object.next_value()?;
                        }
                    }
                }
                if names.close(opened) { Ok(entry) } else { Err(A::Error::custom("a member stands twice")) }
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A text, or null.
struct Text<'m>(Option<Cow<'m, str>>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or null")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
