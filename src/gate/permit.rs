//! The proof that a decision was made in the caller's favour. It cannot be made outside this room, copied or
//! kept for another request.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::routing::Agent;

/// Passage to one agent for one request.
#[derive(Debug)]
pub struct Permit {
    agent: Arc<Agent>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Permit {
    pub(super) const fn new(agent: Arc<Agent>, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { agent, headers }
    }

    /// The agent that may be reached with it.
    #[must_use]
    pub const fn agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// The verified claims that the agent receives, as headers.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}
