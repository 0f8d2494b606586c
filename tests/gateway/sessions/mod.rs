//! Sessions of MCP agents belong to the caller who began them, at that agent: what anybody else sends reaches no agent, and
//! an agent's own ids reach no client. Beside each refusal stands the request of the owner, which passes.

mod lasting;
mod owners;
mod responses;
mod stage;

/// The reason that this suite gives, and no other.
pub(crate) const REASON: &str = "session_foreign";
