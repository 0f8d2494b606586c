//! An identity provider, as it was written.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::config::text::source::Spanned;
use crate::model::{AlgorithmSet, Issuer, ProviderName};
use crate::net::EgressProxy;

/// One of `identity_providers`
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// Its name.
    pub name: Spanned<ProviderName>,
    /// Its issuer identifier.
    pub issuer: Spanned<Issuer>,
    /// Where its keys are.
    pub source: Spanned<KeySource>,
    /// Extra trust for fetching keys.
    pub ca_file: Option<Spanned<PathBuf>>,
    /// What its tokens may be signed with.
    pub algorithms: AlgorithmSet,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// How often keys are fetched.
    pub refresh: Duration,
    /// Keys older than this are not used.
    pub max_stale: Duration,
    /// Plain HTTP also from other hosts than loopback.
    pub insecure_http: bool,
    /// The proxy through which keys are fetched.
    pub egress_proxy: EgressProxy,
}

/// Where the keys of a provider are.
#[derive(Debug, Clone, PartialEq)]
pub enum KeySource {
    /// Found by OpenID Connect discovery or RFC 8414.
    Discovery,
    /// Fetched from a URL.
    JwksUri(Url),
    /// A key set in a file.
    JwksFile(Spanned<PathBuf>),
    /// The key set itself.
    Inline(Value),
    /// A PEM key or certificate in a file.
    PublicKeyFile(Spanned<PathBuf>),
    /// A PEM key or certificate.
    PublicKey(String),
}

impl IdentityProvider {
    /// The same, from a source that has another number now. Each field is named, so that no new one is forgotten.
    pub(in crate::config) fn move_to(&mut self, to: usize) {
        let Self {
            name,
            issuer,
            source,
            ca_file,
            algorithms: _,
            leeway: _,
            refresh: _,
            max_stale: _,
            insecure_http: _,
            egress_proxy: _,
        } = self;
        name.place.move_to(to);
        issuer.place.move_to(to);
        source.place.move_to(to);
        ca_file.iter_mut().for_each(|file| file.place.move_to(to));
        match &mut source.value {
            KeySource::JwksFile(file) | KeySource::PublicKeyFile(file) => file.place.move_to(to),
            KeySource::Discovery | KeySource::JwksUri(_) | KeySource::Inline(_) | KeySource::PublicKey(_) => {
            }
        }
    }
}
