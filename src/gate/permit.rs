//! The proof that a decision allows a request. No other room can make one, and it can be neither copied nor kept for another
//! request.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::authz::{Admission, Asserted, Standing};
use crate::model::{Instant, KeyedHash};
use crate::routing::Agent;

/// Permission for one request to one agent.
#[derive(Debug)]
pub struct Permit {
    agent: Arc<Agent>,
    admission: Option<Arc<Admission>>,
}

impl Permit {
    pub(super) const fn new(agent: Arc<Agent>, admission: Option<Arc<Admission>>) -> Self {
        Self { agent, admission }
    }

    /// The agent that the request may reach.
    #[must_use]
    pub const fn agent(&self) -> &Arc<Agent> {
        &self.agent
    }

    /// What the caller's token is worth by the agent's rules by operation.
    pub(super) fn standings(&self) -> &[Standing] {
        self.admission.as_ref().map(|admission| &*admission.standings).unwrap_or_default()
    }

    /// The claim of the caller's token by which limits count, where it has one value.
    pub(super) fn counted(&self, claim: usize) -> Option<KeyedHash> {
        *self.admission.as_ref()?.counted.get(claim)?
    }

    /// What the agent is told of a caller with a token in an assertion, where it gets one.
    #[must_use]
    pub fn asserted(&self) -> Option<&Asserted> {
        self.admission.as_ref()?.asserted.as_deref()
    }

    /// When the caller's login is longer ago than the agent permits, leeway included.
    #[must_use]
    pub fn login_ends(&self) -> Option<Instant> {
        self.admission.as_ref()?.login_ends()
    }

    /// The claim headers that the agent receives; none without a token, or where shadow mode lets a refused request pass.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        self.admission.as_ref().and_then(|admission| admission.headers.as_deref().ok()).unwrap_or_default()
    }
}
