//! How a provider is doing, for people and for readiness checks. No key material.

use schemars::JsonSchema;
use serde::Serialize;

/// The state of one provider at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProviderStatus {
    /// The operator's name for it.
    pub provider: String,
    /// The issuer of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub source: String,
    /// Whether there are keys that are fresh enough to be used.
    pub usable: bool,
    /// Whether a fetch has ended, well or not, or none is needed.
    pub tried: bool,
    /// Whether the keys come from their source; `false` for those kept from an earlier run.
    pub confirmed: bool,
    /// The usable keys, in the provider's order.
    pub keys: Vec<KeyStatus>,
    /// When the source last confirmed the keys, in seconds since the epoch.
    pub last_success: Option<u64>,
    /// How long ago that was, in seconds.
    pub age_seconds: Option<u64>,
    /// What somebody should know of the keys, although they can be used.
    pub warning: Option<String>,
    /// Why the last fetch failed; absent when it did not.
    pub last_error: Option<String>,
    /// When the next fetch is due, in seconds since the epoch.
    pub next_due: Option<u64>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyStatus {
    /// Its id; absent for a key that has none.
    pub kid: Option<String>,
    /// The algorithms whose signatures it verifies.
    pub algorithms: Vec<&'static str>,
    /// When its source first gave it, in seconds since the epoch; since this process started, or longer if it
    /// was kept on disk.
    pub first_seen: Option<u64>,
    /// When it last verified a signature, in seconds since the epoch; since this process started.
    pub last_used: Option<u64>,
}
