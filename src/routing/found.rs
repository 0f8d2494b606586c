//! The outcome of routing a request.

use http::HeaderValue;

use crate::protocol::ResourceForm;

use super::cors::CorsHeaders;

/// The outcome of routing a request. `A` is a reference to an agent, borrowed or shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match<A> {
    /// The request is for this agent.
    Agent(A),
    /// The request is for this agent, whose messages are read before the decision.
    Governed(A),
    /// The request is for this agent, whose messages are not read, and whose sessions have owners.
    InSession(A),
    /// It is a preflight for this agent, which the gateway answers with these headers before any authentication.
    Preflight(A, CorsHeaders),
    /// It is for this agent, whose route does not serve the method; this is the value of `Allow`.
    MethodNotAllowed(A, HeaderValue),
    /// It asks for the metadata of this agent, under this form of its URL.
    Metadata(A, ResourceForm),
    /// It asks for the key set with which the gateway's signatures are verified.
    Keys,
    /// It brings security events of the provider that its path names.
    Events,
    /// It asks for metadata of authentication where there is none, which no agent answers.
    Reserved,
    /// It is for the card of this agent, which the gateway serves without any authentication.
    Card(A),
    /// No route matches.
    NotFound,
}

impl<A: Clone> Match<&A> {
    /// The same with an agent of its own, which outlives the snapshot.
    #[must_use]
    pub fn cloned(self) -> Match<A> {
        match self {
            Self::Agent(agent) => Match::Agent(agent.clone()),
            Self::Governed(agent) => Match::Governed(agent.clone()),
            Self::InSession(agent) => Match::InSession(agent.clone()),
            Self::Preflight(agent, headers) => Match::Preflight(agent.clone(), headers),
            Self::MethodNotAllowed(agent, allow) => Match::MethodNotAllowed(agent.clone(), allow),
            Self::Metadata(agent, form) => Match::Metadata(agent.clone(), form),
            Self::Keys => Match::Keys,
            Self::Events => Match::Events,
            Self::Reserved => Match::Reserved,
            Self::Card(agent) => Match::Card(agent.clone()),
            Self::NotFound => Match::NotFound,
        }
    }
}
