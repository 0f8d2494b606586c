//! The refusal of a page whose origin may not call an agent. It needs no credential: none would change the origin.

use std::sync::Arc;

use crate::authz::{Check, Facts, Trace};
use crate::model::Reason;
use crate::routing::{Agent, AllowedOrigins};

use super::Verdict;

/// The verdict on a request of a page of `origin`, which is none of those that may call.
pub fn deny_origin(
    agent: &Arc<Agent>,
    allowed: &AllowedOrigins,
    origin: &[u8],
    trace: &mut impl Trace,
) -> Verdict {
    trace.check(Check::Origin, false, || Facts {
        seen: Some(format!("Origin: {}", String::from_utf8_lossy(origin))),
        wanted: allowed.to_string(),
        fix: "if pages of this origin may call the agent, add it to `mcp.allowed_origins`",
    });
    Verdict::refused(agent, Reason::OriginDenied, None)
}
