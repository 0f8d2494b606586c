//! What the resources of a store were read to, kept with the snapshot, so that a text that did not change is not read
//! again. That it did not change is for the reader to see.

use std::sync::Arc;

use super::settings::agent::AgentEntry;
use super::settings::api_key::ApiKeyEntry;
use super::settings::limit::GlobalLimit;
use super::settings::provider::IdentityProvider;
use crate::config::text::code::Code;
use crate::config::text::findings::{Findings, Found};

/// One resource, read.
#[derive(Debug, Clone)]
pub(in crate::config) enum Entry {
    Provider(Arc<IdentityProvider>),
    Agent(Arc<AgentEntry>),
    ApiKey(Arc<ApiKeyEntry>),
    Limit(Arc<GlobalLimit>),
}

/// What one text was read to, and what was found in it.
#[derive(Debug, Clone)]
pub(in crate::config) struct Known {
    pub(in crate::config) entry: Entry,
    pub(in crate::config) found: Found,
}

impl Known {
    /// Whether all that reading would say now is known.
    pub(in crate::config) fn is_whole(&self, findings: &Findings) -> bool {
        let is_full = || findings.is_full(Code::UnusedProvider) && findings.is_full(Code::PublicAgent);
        !matches!(self.found, Found::Untold) || is_full()
    }

    /// Says again what was found.
    pub(in crate::config) fn say(&self, findings: &Findings) {
        if let Found::These(these) = &self.found {
            these.iter().for_each(|finding| findings.add(finding.clone()));
        }
    }
}
