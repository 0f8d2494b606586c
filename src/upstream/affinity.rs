//! What keeps requests that belong together at one target.

use super::hash_by::HashBy;

/// What the requests have in common that go to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affinity {
    /// Nothing.
    None,
    /// The session of MCP, which belongs to the target that began it.
    McpSession,
    /// Something that the request says from the first one on. It names a target, as long as that takes requests.
    By(HashBy),
}

impl Affinity {
    /// What the request says that names the target.
    #[must_use]
    pub const fn by(&self) -> Option<&HashBy> {
        match self {
            Self::By(by) => Some(by),
            Self::None | Self::McpSession => None,
        }
    }
}
