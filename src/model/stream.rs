//! The closed sets of words for running streams: their kinds, the causes that end them, and what a change of policy does.

use super::decision::closed_words;

closed_words! {
    /// The kind of a response that is under way.
    StreamKind {
        /// A WebSocket (RFC 6455).
        WebSocket = "websocket",
        /// Server-sent events.
        Sse = "sse",
        /// A gRPC call.
        Grpc = "grpc",
        /// The body of any other response.
        Body = "body",
    }
}

closed_words! {
    /// Why the gateway ended a stream before the agent or the client did.
    EndedBy {
        /// The client's credential expired.
        Expiry = "expiry",
        /// The client's credential was revoked.
        Revoked = "revoked",
        /// A change of the configuration removed the client's access.
        Policy = "policy",
        /// The gateway drains its connections before it stops.
        Drain = "drain",
        /// An operator ended it.
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
        /// The same, and all streams of an agent whose own policy changes.
        End = "end",
        /// None.
        Keep = "keep",
    }
}

impl EndedBy {
    /// The reason that the client is told. It says no more than whether to connect again.
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
