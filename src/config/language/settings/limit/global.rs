//! A limit of the callers of every agent, wherever it is written: in the list at the top of a document, or in a store.

use std::ops::Deref;

use super::super::super::section::read_section;
use super::values::LimitName;
use super::{LimitSettings, LimitTerms};
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Source, Spanned};
use crate::config::text::yaml::{Key, Node};

/// One limit of the callers of every agent.
#[derive(Debug, Clone)]
pub struct GlobalLimit {
    /// The source in which all of its places are.
    pub source: Source,
    /// What is set.
    pub settings: LimitSettings,
}

impl Deref for GlobalLimit {
    type Target = LimitSettings;

    fn deref(&self) -> &LimitSettings {
        &self.settings
    }
}

impl GlobalLimit {
    /// Where findings in it go.
    pub(in crate::config) const fn report<'a>(&'a self, findings: &'a Findings) -> Report<'a> {
        Report::new(findings, &self.source)
    }
}

/// Reads what stands under the name of a limit.
pub(in crate::config) fn read_limit(report: &Report<'_>, key: &Key, node: &Node) -> Option<GlobalLimit> {
    let name = LimitName::parse(report, &key.text, (key.place, &format!("`{}`", key.text)));
    let terms: Option<LimitTerms> = read_section(report, key.place, node);
    let settings = LimitSettings { name: Spanned::new(name?, key.place), terms: terms? };
    Some(GlobalLimit { source: report.source().clone(), settings })
}
