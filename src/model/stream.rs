//! Running streams in closed words: what they are, what ends them, and what a change of policy does to them.

use super::decision::closed_words;

closed_words! {
    /// What kind of answer is under way.
    StreamKind {
        /// A WebSocket (RFC 6455).
        WebSocket = "websocket",
        /// Server-sent events.
        Sse = "sse",
        /// A gRPC call.
        Grpc = "grpc",
        /// Any other answer that is still running.
        Body = "body",
    }
}

closed_words! {
    /// What ended a stream before the agent or the client did.
    EndedBy {
        /// The client's credential expired.
        Expiry = "expiry",
        /// The client's credential was revoked.
        Revoked = "revoked",
        /// A change of the configuration took the client's right away.
        Policy = "policy",
        /// The gateway leaves.
        Drain = "drain",
        /// An operator ended it by hand.
        Operator = "operator",
    }
}

closed_words! {
    /// Which running streams of an agent a change of the configuration ends.
    #[derive(Default)]
    OnPolicyChange {
        /// Those whose agent, provider or API key it removes or revokes.
        #[default]
        Revocation = "revocation",
        /// Those, and all when the agent's own policy changes.
        End = "end",
        /// None.
        Keep = "keep",
    }
}

impl EndedBy {
    /// What the client is told: no more than whether it may come again.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Expiry => "token expired",
            Self::Revoked | Self::Policy => "revoked",
            Self::Drain => "going away",
            Self::Operator => "ended by an operator",
        }
    }
}
