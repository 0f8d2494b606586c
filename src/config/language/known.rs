//! What the resources of a store were read to, kept with the snapshot, so that a text that did not change is not read
//! again. That it did not change is for the reader to see.

use std::sync::Arc;

use super::document::{AgentEntry, ApiKeyEntry, IdentityProvider};
use crate::config::text::code::Code;
use crate::config::text::diagnostic::Diagnostic;
use crate::config::text::report::Report;

/// One resource, read.
#[derive(Debug, Clone)]
pub(in crate::config) enum Entry {
    Provider(Arc<IdentityProvider>),
    Agent(Arc<AgentEntry>),
    ApiKey(Arc<ApiKeyEntry>),
}

/// What one text was read to, and what was found in it.
#[derive(Debug, Clone)]
pub(in crate::config) struct Known {
    pub(in crate::config) entry: Entry,
    pub(in crate::config) found: Found,
}

/// Findings of one text: warnings and notes, since what has errors never gets into a snapshot.
#[derive(Debug, Clone)]
pub(in crate::config) enum Found {
    Nothing,
    These(Arc<[Diagnostic]>),
    /// There were more than are told, and these were not kept.
    Untold,
}

impl Known {
    /// Whether all that reading would say now is known.
    pub(in crate::config) fn is_whole(&self, report: &Report<'_>) -> bool {
        let is_full = || report.is_full(Code::UnusedProvider) && report.is_full(Code::PublicAgent);
        !matches!(self.found, Found::Untold) || is_full()
    }

    /// Says again what was found.
    pub(in crate::config) fn say(&self, report: &Report<'_>) {
        if let Found::These(findings) = &self.found {
            findings.iter().for_each(|finding| report.add(finding.clone()));
        }
    }

    /// The same as part of a source that has another number now.
    pub(in crate::config) fn moved_to(&self, source: usize) -> Self {
        let entry = match &self.entry {
            Entry::Provider(provider) => {
                let mut provider = IdentityProvider::clone(provider);
                provider.move_to(source);
                Entry::Provider(Arc::new(provider))
            }
            Entry::Agent(agent) => {
                let mut agent = AgentEntry::clone(agent);
                agent.move_to(source);
                Entry::Agent(Arc::new(agent))
            }
            Entry::ApiKey(key) => {
                let mut key = ApiKeyEntry::clone(key);
                key.move_to(source);
                Entry::ApiKey(Arc::new(key))
            }
        };
        Self { entry, found: self.found.clone() }
    }
}
