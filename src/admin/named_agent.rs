//! The agent that a path names.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::routing::Agent;

use super::page::Name;
use super::problem::Problem;
use super::{SharedState, agents};

/// Extracts the live agent that the one path parameter names; 404 when there is none.
pub(super) struct NamedAgent(pub(super) Arc<Agent>);

impl FromRequestParts<SharedState> for NamedAgent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, Problem> {
        let Name(name) = Name::from_request_parts(parts, state).await?;
        agents::find(&state.control().live(), &name).map(|agent| Self(Arc::clone(agent)))
    }
}
