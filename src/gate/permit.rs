//! The proof that a decision was made in the caller's favour. It cannot be made outside this room, copied or
//! kept for another request.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::authz::Admission;
use crate::routing::Agent;

/// Passage to one agent for one request.
#[derive(Debug)]
pub struct Permit {
    agent: Arc<Agent>,
    admission: Option<Arc<Admission>>,
}

impl Permit {
    pub(super) const fn new(agent: Arc<Agent>, admission: Option<Arc<Admission>>) -> Self {
        Self { agent, admission }
    }

    /// The agent that may be reached with it.
    #[must_use]
    pub const fn agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// The verified claims that the agent receives, as headers.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        self.admission.as_ref().and_then(|admission| admission.headers.as_deref().ok()).unwrap_or_default()
    }
}
