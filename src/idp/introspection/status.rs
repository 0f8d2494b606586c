//! The state of a provider's introspection, for the console.

use schemars::JsonSchema;
use serde::Serialize;

/// The state of a provider's introspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntrospectionStatus {
    /// Whether the provider is left alone after failures in a row, but for a question each five seconds.
    pub breaker_open: bool,
    /// The error of the last question; null when it was answered.
    pub last_error: Option<String>,
}
