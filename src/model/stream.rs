//! The closed sets of words for running streams: their kinds, the causes that end them, and what a change of policy or the end
//! of a credential does.

use http::HeaderValue;

use super::decision::closed_words;
use super::media_type;

/// Server-sent events (HTML Living Standard, section 9.2).
const SSE: &str = "text/event-stream";
/// gRPC, alone or with the name of a codec behind it.
const GRPC: &str = "application/grpc";

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

impl StreamKind {
    /// The kind whose messages a media type has.
    #[inline]
    #[must_use]
    pub fn of_media_type(value: &HeaderValue) -> Option<Self> {
        // Nearly every response is of another type: its first letters say so, and nothing else of it is looked at.
        let begins = |name: &str| {
            let begin = value.as_bytes().trim_ascii_start().get(..name.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name.as_bytes()))
        };
        if !begins(SSE) && !begins(GRPC) {
            return None;
        }
        let media_type = media_type(value)?;
        if media_type.eq_ignore_ascii_case(SSE) {
            return Some(Self::Sse);
        }
        let (name, codec) = media_type.split_at_checked(GRPC.len())?;
        let is_grpc = name.eq_ignore_ascii_case(GRPC) && (codec.is_empty() || codec.starts_with('+'));
        is_grpc.then_some(Self::Grpc)
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
