//! `limits`: how often, and how many at once, those may ask whom a limit counts for. The same list stands at the top of a file,
//! at agents and at identity providers; a store holds those of the top one by one.

mod global;
mod terms;
mod values;

use std::ops::Deref;
use std::sync::Arc;

use super::super::section::{Inline, section};
use super::super::shape::Shape;
use super::super::value::{Placed, Value};
use super::super::values::List;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;

pub use global::GlobalLimit;
pub(in crate::config) use global::read_limit;
pub use terms::LimitTerms;
use values::LimitName;

section! {
    /// One of `limits`
    #[derive(Debug, Clone, PartialEq)]
    pub struct LimitSettings = "a limit" {
        /// what it is called in metrics, logs and responses; once in a list
        name: Spanned<Arc<str>> as Placed<LimitName>, required;
        /// what it permits, and to whom
        terms: LimitTerms as Inline<LimitTerms>, inline;
    }
}

impl LimitSettings {
    /// What a name is, as a regular expression.
    pub const NAME_PATTERN: &'static str = "^[a-z0-9-]{1,63}$";
}

impl Deref for LimitSettings {
    type Target = LimitTerms;

    fn deref(&self) -> &LimitTerms {
        &self.terms
    }
}

/// A list of limits, each name once.
pub(in crate::config) enum LimitList {}

impl Value for LimitList {
    type Read = Vec<LimitSettings>;
    const SHAPE: Shape = List::<LimitSettings>::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let list = List::<LimitSettings>::read(report, node)?;
        let mut seen: Vec<(&str, Place)> = Vec::new();
        for limit in &list {
            let name = &*limit.name.value;
            match seen.iter().find(|(other, _)| *other == name) {
                Some((_, first)) => {
                    let message = format!("two limits of this list are called `{name}`");
                    let help = "rename one of them";
                    report.clash(Code::DuplicateValue, limit.name.place, *first, message, help);
                }
                None => seen.push((name, limit.name.place)),
            }
        }
        Some(list)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        read.is_empty().then(|| "[]".to_owned())
    }
}
