//! A configuration as it was written, in types: every value is valid by itself and defaults are filled in.
//!
//! Names that refer to others have been checked; files have not been read.

use std::path::PathBuf;
use std::sync::Arc;

use super::known::Known;
use super::settings::agent::{AgentEntry, Auth, CardFrom, SetValue};
use super::settings::api_key::ApiKeyEntry;
use super::settings::limit::GlobalLimit;
use super::settings::provider::{IdentityProvider, KeySource};
use super::settings::server::{Server, SharedState, Tracing};
use super::settings::store::Store;
use crate::config::text::diagnostics::Diagnostics;
use crate::config::text::source::{At, Source, Spanned};

/// One configuration, of one file or several.
#[derive(Debug, Clone)]
pub struct Document {
    /// The texts that it was read from.
    pub sources: Arc<[Source]>,
    /// Settings of the process.
    pub server: Server,
    /// Where `server` stands, when it was written.
    pub server_at: Option<At>,
    /// Where resources are stored one by one, and where that is said; absent when they are not.
    pub store: Option<(At, Store)>,
    /// Who signs tokens, in the order in which they were written.
    pub identity_providers: Vec<Arc<IdentityProvider>>,
    /// What is behind the gateway, in the order in which they were written.
    pub agents: Vec<Arc<AgentEntry>>,
    /// The limits of the callers of every agent: those of a list in its order, then those of a store by their names.
    pub limits: Vec<Arc<GlobalLimit>>,
    /// The API keys, in the order in which they were written.
    pub api_keys: Vec<Arc<ApiKeyEntry>>,
    /// The numbers of those that were read anew: all others run already.
    pub(in crate::config) new_keys: Vec<usize>,
    /// What somebody should look at.
    pub warnings: Diagnostics,
    /// What each source was read to, where that may be known next time.
    pub(in crate::config) known: Box<[Option<Known>]>,
}

impl Document {
    /// Every file that must be read before the document can be compiled, each once. The token file of the
    /// control API is not among them: it may be made on the first start.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.named_files().map(|file| file.value.clone()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// Where resources are stored one by one.
    #[must_use]
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref().map(|(_, store)| store)
    }

    /// Every mention of such a file.
    fn named_files(&self) -> impl Iterator<Item = &Spanned<PathBuf>> {
        let tls = self.server.listeners.iter().flat_map(|l| l.certificates());
        let tls = tls.chain(self.server.admin.iter().filter_map(|admin| admin.tls.as_ref()));
        let tls = tls.flat_map(|c| [&c.cert_file, &c.key_file]);
        let asked = self.server.listeners.iter().filter_map(|l| l.client_certificates()?.ca_file.as_ref());
        let tls = tls.chain(asked);
        let providers = self.identity_providers.iter().flat_map(|provider| {
            let key_file = match &provider.keys.value {
                KeySource::JwksFile(path) | KeySource::PublicKeyFile(path) => Some(path),
                _ => None,
            };
            let bundle = provider.spiffe.as_ref().and_then(|spiffe| spiffe.bundle_file.as_ref());
            let introspection = provider.introspection.iter().flat_map(|asked| asked.files());
            let events = provider.events.iter().flat_map(|events| events.files());
            key_file.into_iter().chain(bundle).chain(&provider.ca_file).chain(introspection).chain(events)
        });
        let upstreams = self.agents.iter().flat_map(|agent| {
            let upstream = &agent.upstream;
            [&upstream.ca_file, &upstream.cert_file, &upstream.key_file]
                .into_iter()
                .filter_map(Option::as_deref)
        });
        let given = self.agents.iter().flat_map(|agent| &agent.upstream.set_headers);
        let given = given.filter_map(|header| match &header.value {
            SetValue::File(path) => Some(path),
            SetValue::Text(_) => None,
        });
        let cards = self.agents.iter().filter_map(|agent| match &agent.a2a.as_ref()?.card {
            CardFrom::File(path) => Some(path),
            CardFrom::Rewrite | CardFrom::Passthrough => None,
        });
        let sessions = self.agents.iter().filter_map(|agent| agent.mcp.as_ref()?.session_key_file.as_ref());
        let nonces = self.agents.iter().filter_map(|agent| match &agent.auth.value {
            Auth::OAuth(oauth) => oauth.sender_constraint.as_ref()?.nonce.0.key_file.as_ref(),
            Auth::ApiKey(_) | Auth::Public => None,
        });
        let signing = self.server.signing.iter().filter_map(|signing| signing.key_file.as_ref());
        let tracing = self.server.tracing.iter().flat_map(Tracing::files);
        let shared = self.server.shared_state.iter().flat_map(SharedState::files);
        let own = signing.chain(&self.server.sealing_key_file).chain(tracing).chain(shared);
        tls.chain(providers)
            .chain(upstreams)
            .chain(given)
            .chain(cards)
            .chain(sessions)
            .chain(nonces)
            .chain(own)
    }
}
