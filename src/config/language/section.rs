//! The declaration of a section: one place for the keys of a mapping, for what may stand in each, for its default, its
//! line of documentation, its reader and the type that it is read to.
//!
//! ```text
//! section! {
//!     /// `server.shutdown`                            the documentation of the type
//!     #[derive(Debug, Clone, Copy, PartialEq, Eq)]
//!     pub struct Shutdown = "`shutdown`", default {    the name of the mapping in messages; `default`: see below
//!         /// time that running requests have to end   the line of documentation, of the type and of the setting
//!         drain: Duration as Time<0, HOUR> = Duration::from_secs(25);
//!     }
//!     impl { const STRICT: bool = true; }              what of `Settings` is not as usual; may be left out
//! }
//! ```
//!
//! The key of a field is its name. `as` names the [`Value`](super::value::Value) that reads it, whose `Read` is the type of the field. A
//! field with `= default` may be absent, and so may one whose type is an `Option`; one that ends in `, required` must be
//! there. The fields of the section of one that ends in `, inline` stand in its place.
//!
//! A section that is marked `default` can be absent as a whole, and gets `Default`.

use super::fields::{Fields, Value};
use super::shape::{Section, Shape};
use crate::config::text::report::Report;
use crate::config::text::source::Place;
use crate::config::text::yaml::Node;

/// A mapping whose fields are declared with [`section!`], which implements this.
pub(in crate::config) trait Settings: Sized {
    /// The table of its fields.
    const SECTION: &'static Section;
    /// Whether a field that was written and could not be read spoils all of it. Otherwise its default is used until
    /// the error is fixed, so that more can be said about the rest.
    const STRICT: bool = false;
    /// The field that a single value stands for, where one may stand in the place of the mapping.
    const SHORT: Option<&'static str> = None;
    /// Fields of the design that this version does not have, and what to write instead of each.
    const INSTEAD: &'static [(&'static str, &'static str)] = &[];

    /// Looks at what the fields say about each other.
    fn check(_fields: &Fields<'_>, _read: Option<&Self>) {}

    /// Reads the fields of an open mapping.
    fn read_fields(fields: &Fields<'_>) -> Option<Self>;

    /// The names of the fields that are not as they were `before`.
    fn changed(&self, before: &Self) -> Vec<&'static str>;
}

/// What may stand for a section.
pub(in crate::config) const fn shape_of<S: Settings>() -> Shape {
    match S::SHORT {
        None => Shape::Section(S::SECTION),
        Some(_) => Shape::AnyOf(S::SHORT_OR_WHOLE),
    }
}

/// The shapes of a section that may be written as a single value.
trait ShortOrWhole {
    const SHORT_OR_WHOLE: &'static [Shape];
}

impl<S: Settings> ShortOrWhole for S {
    const SHORT_OR_WHOLE: &'static [Shape] = &[Shape::SomeText, Shape::Section(S::SECTION)];
}

/// Reads a section that stands under the key at `owner`.
pub(in crate::config) fn read_section<S: Settings>(
    report: &Report<'_>,
    owner: Place,
    node: &Node,
) -> Option<S> {
    let fields = match S::SHORT {
        Some(name) if !node.is_map() => Fields::short(report, S::SECTION, name, node),
        // What is missing in the long form is missing there, and not at the key.
        Some(_) => Fields::open(report, S::SECTION, node.place, node)?,
        None => Fields::open(report, S::SECTION, owner, node)?,
    };
    let read = S::read_fields(&fields);
    S::check(&fields, read.as_ref());
    let spoilt = S::STRICT && fields.has_failed();
    fields.close_with(S::INSTEAD);
    read.filter(|_| !spoilt)
}

/// A section whose fields stand among those of another one.
pub(in crate::config) struct Inline<S>(S);

impl<S: Settings> Value for Inline<S> {
    type Read = S;
    const SHAPE: Shape = Shape::Section(S::SECTION);

    fn read(report: &Report<'_>, node: &Node) -> Option<S> {
        read_section(report, node.place, node)
    }

    fn read_inline(fields: &Fields<'_>) -> Option<S> {
        let read = S::read_fields(fields);
        S::check(fields, read.as_ref());
        read
    }
}

/// Declares a section: see the top of this file.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident = $title:literal $(, $default_of_all:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $field:ident : $type:ty as $reader:ty $(= $default:expr)? $(, $how:ident)? ;
            )*
        }
        $(impl { $($special:tt)* })?
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl $crate::config::language::section::Settings for $name {
            const SECTION: &'static $crate::config::language::shape::Section =
                &$crate::config::language::shape::Section {
                    name: $title,
                    one_of: false,
                    declared: &[
                        $($crate::config::language::shape::Field {
                            name: stringify!($field),
                            shape: <$reader as $crate::config::language::value::Value>::SHAPE,
                            required: section!(@is required $($how)?),
                            doc: concat!($($doc),+).trim_ascii(),
                            default: section!(@shown $type, $reader $(, $default)?),
                            inline: section!(@is inline $($how)?),
                        },)*
                    ],
                };
            $($($special)*)?

            fn read_fields(fields: &$crate::config::language::fields::Fields<'_>) -> Option<Self> {
                // Each field is read, whatever became of the others, so that all errors are found.
                $(let $field = section!(@read fields, $field, $reader $(= $default)? $(, $how)?);)*
                Some(Self { $($field: section!(@kept $field $(, $how)?),)* })
            }

            fn changed(&self, before: &Self) -> Vec<&'static str> {
                let fields = [$((stringify!($field), self.$field != before.$field),)*];
                fields.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
            }
        }

        impl $crate::config::language::value::Value for $name {
            type Read = Self;
            const SHAPE: $crate::config::language::shape::Shape =
                $crate::config::language::section::shape_of::<Self>();

            fn read(
                report: &$crate::config::text::report::Report<'_>,
                node: &$crate::config::text::yaml::Node,
            ) -> Option<Self> {
                $crate::config::language::section::read_section(report, node.place, node)
            }

            fn read_under(
                report: &$crate::config::text::report::Report<'_>,
                owner: $crate::config::text::source::Place,
                node: &$crate::config::text::yaml::Node,
            ) -> Option<Self> {
                $crate::config::language::section::read_section(report, owner, node)
            }
        }

        section!(@default $name $($default_of_all)? { $($field $(= $default)?;)* });
    };

    (@is required required) => { true };
    (@is inline inline) => { true };
    (@is $asked:ident $($how:ident)?) => { false };

    (@shown $type:ty, $reader:ty) => { None };
    (@shown $type:ty, $reader:ty, $default:expr) => {
        Some(|| {
            let default: $type = $default;
            <$reader as $crate::config::language::value::Value>::shown(&default)
        })
    };

    (@read $fields:ident, $field:ident, $reader:ty) => { $fields.optional::<$reader>(stringify!($field)) };
    (@read $fields:ident, $field:ident, $reader:ty, required) => {
        $fields.required::<$reader>(stringify!($field))
    };
    (@read $fields:ident, $field:ident, $reader:ty, inline) => { $fields.inline::<$reader>() };
    (@read $fields:ident, $field:ident, $reader:ty = $default:expr) => {
        $fields.optional::<$reader>(stringify!($field)).unwrap_or_else(|| $default)
    };

    (@kept $field:ident) => { $field };
    (@kept $field:ident, required) => { $field? };
    (@kept $field:ident, inline) => { $field? };

    (@default $name:ident { $($rest:tt)* }) => {};
    (@default $name:ident default { $($field:ident $(= $default:expr)?;)* }) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($field: section!(@absent $($default)?),)* }
            }
        }
    };
    (@absent) => { None };
    (@absent $default:expr) => { $default };
}

pub(in crate::config) use section;
