//! The state of a provider, for the status page and for readiness checks, without key material.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Algorithm;

use super::IntrospectionStatus;

/// The state of an identity provider.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProviderStatus {
    /// The name of the provider in the configuration.
    pub provider: String,
    /// The issuer of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub source: String,
    /// Whether there are keys not older than `max_stale`.
    pub usable: bool,
    /// Whether the first fetch has ended, successful or not, or none is needed.
    pub tried: bool,
    /// Whether the keys come from their source; `false` for keys stored by an earlier run.
    pub confirmed: bool,
    /// The usable keys, in the provider's order.
    pub keys: Vec<KeyStatus>,
    /// When the source last confirmed the keys, in seconds since the epoch.
    pub last_success: Option<u64>,
    /// How long ago that was, in seconds.
    pub age_seconds: Option<u64>,
    /// A problem of the key set that does not make it unusable.
    pub warning: Option<String>,
    /// The error of the last fetch; null when it succeeded.
    pub last_error: Option<String>,
    /// When the next fetch is due, in seconds since the epoch.
    pub next_due: Option<u64>,
    /// The state of its introspection; absent where it is not asked about tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection: Option<IntrospectionStatus>,
}

/// The state of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyStatus {
    /// Its key id; null for a key without one.
    pub kid: Option<String>,
    /// The algorithms whose signatures it verifies.
    pub algorithms: Vec<Algorithm>,
    /// When its source first published it, in seconds since the epoch, as far as this process knows.
    pub first_seen: Option<u64>,
    /// When it last verified a signature, in seconds since the epoch; null if it has not since the process started.
    pub last_used: Option<u64>,
}
