//! The session id of an agent: what it may be (MCP revisions before 2026-07-28, Streamable HTTP, "Session Management").

use http::HeaderValue;

/// The longest session id of an agent, in bytes; MCP sets no limit, and ids in use have 36 to 64.
const MAX_ID: usize = 512;

/// An agent's session id that cannot be sealed: it is empty, longer than 512 bytes, or holds more than visible ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session id is 1 to {MAX_ID} characters of visible ASCII")]
pub struct BadSessionId;

/// The text of an agent's id.
pub(super) fn id_text(id: &HeaderValue) -> Result<&str, BadSessionId> {
    id.to_str().ok().filter(|id| is_id(id)).ok_or(BadSessionId)
}

/// Whether a text is one.
pub(super) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
