//! The closed sets of words for running streams: their kinds, the causes that end them, and what a change of policy or the end
//! of a credential does.

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

closed_words! {
    /// What the end of a client's credential does to the streams that it began.
    OnExpiry {
        /// They end with it.
        End = "end",
        /// They have a while to finish.
        Finish = "finish",
        /// Nothing.
        Off = "off",
    }
}

closed_words! {
    /// The code with which a WebSocket is closed whose client lost its right.
    #[derive(Default)]
    CloseCode {
        /// A policy was violated (RFC 6455 section 7.4.1). Clients do not come again by themselves.
        #[default]
        PolicyViolation = "1008",
        /// Unauthorized, in the registry of IANA.
        Unauthorized = "3000",
        /// As HTTP's 401, by custom of applications.
        Unauthenticated = "4401",
    }
}

impl CloseCode {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::PolicyViolation => 1008,
            Self::Unauthorized => 3000,
            Self::Unauthenticated => 4401,
        }
    }
}

/// How long a stream is meant to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Until one of both sides ends it.
    Open,
    /// As long as the answer to one request takes.
    Answer,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_code_is_written_as_its_number() {
        for code in CloseCode::ALL {
            assert_eq!(code.as_str(), code.number().to_string());
        }
    }
}
