//! What becomes of an agent's own 401 and 403.

/// What becomes of the challenge with which an agent refuses a request that the gateway has let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamChallenge {
    /// It is removed, and a 401 about a credential that the gateway has removed becomes a 502.
    Replace,
    /// The client receives it.
    Pass,
}
