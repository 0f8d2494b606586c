//! The impact of a change to an identity provider: the agents that accept it, and their recent calls.

use schemars::JsonSchema;
use serde::Serialize;

use super::AdminState;

/// The window in which calls are counted, in seconds: five minutes, as in the list of what needs attention.
const WINDOW: u64 = 300;

/// Who is touched by a change.
#[derive(Serialize, JsonSchema)]
pub(super) struct Impact {
    pub(super) agents: Vec<String>,
    calls: u64,
    window_seconds: u64,
}

impl Impact {
    /// The impact on these agents.
    pub(super) fn of(state: &AdminState, agents: Vec<String>) -> Self {
        let calls = agents.iter().map(|agent| state.admin.traffic.calls(agent, WINDOW)).sum();
        Self { agents, calls, window_seconds: WINDOW }
    }
}
