//! What the router makes of a request.

use http::HeaderValue;

use super::cors::CorsHeaders;

/// Where a request leads. `A` is how an agent is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match<A> {
    /// To this agent, which decides about it.
    Agent(A),
    /// To an agent that allows pages of other origins, and answers their question with these headers before any credential
    /// is looked at.
    Preflight(A, CorsHeaders),
    /// To an agent whose route does not have the method, but those of this `Allow`.
    MethodNotAllowed(A, HeaderValue),
    /// Nowhere.
    NotFound,
}

impl<A: Clone> Match<&A> {
    /// The same, on its own.
    #[must_use]
    pub fn cloned(self) -> Match<A> {
        match self {
            Self::Agent(agent) => Match::Agent(agent.clone()),
            Self::Preflight(agent, headers) => Match::Preflight(agent.clone(), headers),
            Self::MethodNotAllowed(agent, allow) => Match::MethodNotAllowed(agent.clone(), allow),
            Self::NotFound => Match::NotFound,
        }
    }
}
