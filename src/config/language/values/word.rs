//! Values that are one of a few words, each with what it means.

use super::text;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::suggest::suggest;
use crate::config::text::yaml::Node;

/// One of a few words.
pub(in crate::config) fn word(
    report: &Report<'_>,
    node: &Node,
    words: &[&'static str],
) -> Option<&'static str> {
    let text = text(report, node)?;
    let found = words.iter().copied().find(|word| *word == text);
    if found.is_none() {
        let message = format!("{} is not a valid value here", node.shown());
        report.say(Code::BadWord, node.place, message, suggest(&text, words.iter().copied()));
    }
    found
}

/// Says with which words the values of a closed list are written: `words!(AccessLog { Stdout = "stdout", Off = "off" })`.
macro_rules! words {
    ($name:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $crate::config::language::value::Value for $name {
            type Read = Self;
            const SHAPE: $crate::config::language::shape::Shape =
                $crate::config::language::shape::Shape::Word(&[$($word),+]);

            fn read(
                report: &$crate::config::text::report::Report<'_>,
                node: &$crate::config::text::yaml::Node,
            ) -> Option<Self> {
                let word = $crate::config::language::values::word(report, node, &[$($word),+])?;
                [$(($word, Self::$variant)),+].into_iter().find(|(known, _)| *known == word).map(|(_, value)| value)
            }

            fn shown(read: &Self) -> Option<String> {
                match read { $(Self::$variant => Some($word.to_owned())),+ }
            }
        }
    };
}

pub(in crate::config) use words;
