//! A resource: settings that stand under a name of their own.

use std::ops::Deref;

use super::super::section::{Settings, read_section};
use crate::config::text::code::Code;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Source, Spanned};
use crate::config::text::yaml::{Key, Node};
use crate::model::{AgentName, ProviderName};

/// One agent, identity provider or API key. Two are equal when they say the same, wherever it was written.
#[derive(Debug, Clone)]
pub struct Resource<N, S> {
    /// The source in which all of its places are.
    pub source: Source,
    /// What stands before its settings: a name, or the id inside an API key.
    pub id: Spanned<N>,
    /// What is set.
    pub settings: S,
}

impl<N: PartialEq, S: PartialEq> PartialEq for Resource<N, S> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.settings == other.settings
    }
}

impl<N, S> Deref for Resource<N, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.settings
    }
}

/// What resources are called by.
pub(in crate::config) trait Id: Sized {
    /// Reads it; what is wrong with it is reported.
    fn read(report: &Report<'_>, key: &Key) -> Option<Self>;
}

impl Id for AgentName {
    fn read(report: &Report<'_>, key: &Key) -> Option<Self> {
        Self::parse(&key.text).map_err(|error| bad_name(report, key, &error.to_string())).ok()
    }
}

impl Id for ProviderName {
    fn read(report: &Report<'_>, key: &Key) -> Option<Self> {
        Self::parse(&key.text).map_err(|error| bad_name(report, key, &error.to_string())).ok()
    }
}

fn bad_name(report: &Report<'_>, key: &Key, help: &str) {
    report.say(Code::BadName, key.place, format!("`{}` is not a name", key.text), help);
}

impl<N, S> Resource<N, S> {
    /// Where findings in it go.
    pub(in crate::config) const fn report<'a>(&'a self, findings: &'a Findings) -> Report<'a> {
        Report::new(findings, &self.source)
    }
}

/// Reads what stands under `key`.
pub(in crate::config) fn read_resource<N: Id, S: Settings>(
    report: &Report<'_>,
    key: &Key,
    node: &Node,
) -> Option<Resource<N, S>> {
    let id = N::read(report, key);
    let settings = read_section(report, key.place, node);
    Some(Resource { source: report.source().clone(), id: Spanned::new(id?, key.place), settings: settings? })
}
