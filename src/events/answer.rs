//! What a sender is answered (RFC 8935 sections 2.2 to 2.4, OpenID Connect Back-Channel Logout section 2.8), and who takes
//! what was sent.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use serde_json::json;

use super::carrier::Carrier;
use super::receiver::EventReceiver;
use super::rejection::Rejection;

/// Takes what senders send. Implemented by `control`, and called by `proxy`.
#[async_trait]
pub trait ReceiveEvents: Send + Sync + std::fmt::Debug {
    /// Whether the body of a request with these fields is to be read.
    ///
    /// # Errors
    /// The answer that it gets instead.
    fn admit(&self, provider: &str, headers: &HeaderMap) -> Result<Delivery, EventAnswer>;

    /// Acts on a body.
    async fn receive(&self, delivery: Delivery, body: &[u8]) -> EventAnswer;
}

/// A request whose body is to be read.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Whose events these are.
    pub receiver: Arc<EventReceiver>,
    /// What kind of token it has.
    pub carrier: Carrier,
}

/// The answer to a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAnswer {
    /// It is in force, or needs nothing; the sender need not send it again.
    Accepted(Carrier),
    /// It is not accepted, and never will be.
    Rejected(Carrier, Rejection),
    /// It cannot be acted on now: the sender is to send it again.
    Unavailable(Carrier),
    /// Too many senders at once.
    Busy(Carrier),
    /// No events of this provider are received any more.
    Gone,
}

impl EventAnswer {
    /// Status and JSON body of an answer of its own; `None` where it is one that other requests get as well.
    #[must_use]
    pub fn own(self) -> Option<(u16, Option<String>)> {
        match self {
            Self::Accepted(Carrier::Event) => Some((202, None)),
            Self::Accepted(Carrier::Logout) => Some((200, None)),
            Self::Rejected(Carrier::Event, Rejection { code, why }) => {
                Some((400, Some(json!({"err": code, "description": why}).to_string())))
            }
            // The members of OAuth errors (RFC 6749 section 5.2), of which one word fits.
            Self::Rejected(Carrier::Logout, Rejection { why, .. }) => {
                let body = json!({"error": "invalid_request", "error_description": why});
                Some((400, Some(body.to_string())))
            }
            // Section 2.8 has this status also for a logout that failed. Senders that know more of HTTP see that it may work later.
            Self::Unavailable(Carrier::Logout) | Self::Busy(Carrier::Logout) => {
                let why = "the logout cannot be acted on now; send it again later";
                let body = json!({"error": "temporarily_unavailable", "error_description": why});
                Some((400, Some(body.to_string())))
            }
            Self::Unavailable(Carrier::Event) | Self::Busy(Carrier::Event) | Self::Gone => None,
        }
    }
}
