//! Who signed (interface only for the moment; the room is being built).
use crate::model::{Algorithm, AlgorithmSet, Instant, Issuer, KeyId, ProviderName};
use crate::telemetry::ProviderMetrics;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
/// x
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "stub")]
pub struct ProviderSpec {
    pub name: ProviderName,
    pub issuer: Issuer,
    pub source: KeySource,
    pub algorithms: AlgorithmSet,
    pub leeway: Duration,
    pub refresh: Duration,
    pub max_stale: Duration,
    pub insecure_http: bool,
    pub extra_ca: Option<Arc<[u8]>>,
}
/// x
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "stub")]
pub enum KeySource {
    Discovery,
    JwksUri(url::Url),
    JwksFile(PathBuf),
    Inline(serde_json::Value),
    PublicKeyFile(PathBuf),
    PublicKey(String),
}
/// x
#[derive(Debug)]
pub struct Provider(ProviderSpec, ProviderMetrics);
/// x
#[derive(Debug)]
#[expect(missing_docs, reason = "stub")]
pub enum Missing {
    Unavailable,
    UnknownKid { last_refresh_failed: bool },
    WrongAlgorithm,
}
/// x
#[derive(Debug, Clone)]
pub struct Candidates;
impl Candidates {
    /// x
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        std::iter::empty()
    }
}
/// x
#[derive(Debug)]
pub struct VerificationKey(Option<KeyId>);
impl VerificationKey {
    /// x
    pub fn verify(&self, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        false
    }
    /// x
    pub fn kid(&self) -> Option<&KeyId> {
        self.0.as_ref()
    }
}
impl Provider {
    /// x
    pub fn new(spec: ProviderSpec, metrics: ProviderMetrics) -> Arc<Self> {
        let _ = &metrics;
        Arc::new(Self(spec, metrics))
    }
    /// x
    pub fn spec(&self) -> &ProviderSpec {
        let _ = &self.1;
        &self.0
    }
    /// x
    pub fn find(&self, _: Option<&str>, _: Algorithm, _: Instant) -> Result<Candidates, Missing> {
        Err(Missing::Unavailable)
    }
}
