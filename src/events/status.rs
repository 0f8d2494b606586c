//! What operators see of a provider's events.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{SecurityEventKind, SecurityEventResult};

/// The events of a provider, since this process started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct EventStatus {
    /// Whether events may be pushed (RFC 8935).
    pub push: bool,
    /// Whether the provider is asked for events (RFC 8936).
    pub poll: bool,
    /// Whether logout tokens are taken.
    pub backchannel_logout: bool,
    /// The last event of the provider.
    pub last_event: Option<LastEvent>,
    /// The last verification of the stream by its transmitter.
    pub last_verification: Option<LastVerification>,
    /// The last time that the provider was asked.
    pub last_poll: Option<LastPoll>,
    /// How many there were, by type and result.
    pub counts: Vec<EventCount>,
}

/// The last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LastSecurityEvent")]
pub struct LastEvent {
    /// When it came, in seconds since the epoch.
    pub at: u64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: SecurityEventKind,
    /// What became of it.
    pub result: SecurityEventResult,
}

/// The last verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LastStreamVerification")]
pub struct LastVerification {
    /// When it came, in seconds since the epoch.
    pub at: u64,
    /// Its `state`, which whoever asked for it chose.
    pub state: Option<String>,
}

/// The last poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LastEventPoll")]
pub struct LastPoll {
    /// When it ended, in seconds since the epoch.
    pub at: u64,
    /// Why it failed; null when it did not.
    pub error: Option<String>,
}

/// How many events of a type came to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SecurityEventCount")]
pub struct EventCount {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: SecurityEventKind,
    /// What became of it.
    pub result: SecurityEventResult,
    /// How many.
    pub count: u64,
}
