//! What one provider may tell, and on which way: compiled from its `events`.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use crate::authn::{TokenCache, withdraw_word};
use crate::idp::Provider;
use crate::model::{Denied, Digest, Instant, SecurityEventKind, SecurityEventResult, media_type};
use crate::telemetry::EventMetrics;

use super::carrier::Carrier;
use super::memory::{EventMemory, is_of_provider};
use super::rejection::Rejection;
use super::status::EventStatus;
use super::subject::SessionScope;

/// The receiver of one provider's events.
#[derive(Debug)]
pub struct EventReceiver {
    /// Whose they are.
    pub provider: Arc<Provider>,
    /// Events that the provider pushes, where it may.
    pub push: Option<Push>,
    /// Events for which the provider is asked, where it is.
    pub poll: Option<Poll>,
    /// The audiences of logout tokens, where they are taken.
    pub logout: Option<Vec<String>>,
    /// What ends with a session.
    pub scope: SessionScope,
    /// What is remembered of them.
    pub memory: Arc<EventMemory>,
    /// Where they are counted.
    pub metrics: EventMetrics,
}

/// Events that are pushed (RFC 8935).
#[derive(Debug, Clone)]
pub struct Push {
    /// The audiences of tokens.
    pub audiences: Vec<String>,
    /// The digest of the `Authorization` that the sender must show, where one was agreed on.
    pub authorization: Option<Digest>,
}

/// Events that are asked for (RFC 8936).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// Whom to ask.
    pub endpoint: Url,
    /// The `Authorization` to show.
    pub authorization: Option<HeaderValue>,
    /// How often.
    pub interval: Duration,
    /// The audiences of tokens.
    pub audiences: Vec<String>,
}

impl EventReceiver {
    /// How the body of a request with these fields is read, before there is one.
    ///
    /// # Errors
    /// The kind of token that it would have been, and why it is not read.
    pub fn admit(&self, headers: &HeaderMap) -> Result<Carrier, (Carrier, Rejection)> {
        let event = |rejection| (Carrier::Event, rejection);
        match media_type_of(headers) {
            Some(of) if of.eq_ignore_ascii_case("application/x-www-form-urlencoded") => match &self.logout {
                Some(_) => Ok(Carrier::Logout),
                None => Err((Carrier::Logout, Rejection::form("no logout tokens are taken here"))),
            },
            Some(of) if of.eq_ignore_ascii_case("application/secevent+jwt") => match &self.push {
                Some(push) if push.is_shown(headers) => Ok(Carrier::Event),
                Some(_) => Err(event(Rejection::UNAUTHORIZED)),
                None => Err(event(Rejection::form("no events are pushed here"))),
            },
            _ => Err(event(Rejection::form("Content-Type is not application/secevent+jwt"))),
        }
    }

    /// The audiences of which a token that was sent here must name one.
    #[must_use]
    pub fn audiences(&self, carrier: Carrier) -> &[String] {
        let audiences = match carrier {
            Carrier::Event => self.push.as_ref().map(|push| &push.audiences),
            Carrier::Logout => self.logout.as_ref(),
        };
        audiences.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether both ask in the same way, and take the same of what they get.
    #[must_use]
    pub fn asks_like(&self, other: &Self) -> bool {
        self.poll == other.poll && self.scope == other.scope && Arc::ptr_eq(&self.provider, &other.provider)
    }

    /// Whether anything may be sent here.
    #[must_use]
    pub const fn is_sent_to(&self) -> bool {
        self.push.is_some() || self.logout.is_some()
    }

    /// Has the provider asked again about the tokens that these name; how many are known. Not for a request: it looks at all.
    #[must_use]
    pub fn ask_again(&self, tokens: Option<&TokenCache>, named: Vec<Denied>, now: Instant) -> usize {
        withdraw_word(&self.provider, tokens, &named.into_iter().collect(), now)
    }

    /// An event came to this.
    pub fn count(&self, kind: SecurityEventKind, result: SecurityEventResult, now: Instant) {
        self.metrics.came(kind, result);
        if is_of_provider(kind, result) {
            self.metrics.last(now);
        }
        self.memory.count(kind, result, now);
    }

    /// What operators see.
    #[must_use]
    pub fn status(&self) -> EventStatus {
        EventStatus {
            push: self.push.is_some(),
            poll: self.poll.is_some(),
            backchannel_logout: self.logout.is_some(),
            ..self.memory.status()
        }
    }
}

impl Push {
    fn is_shown(&self, headers: &HeaderMap) -> bool {
        let Some(agreed) = &self.authorization else { return true };
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        match (shown.next(), shown.next()) {
            (Some(one), None) => Digest::of(one.as_bytes()) == *agreed,
            _ => false,
        }
    }
}

/// The media type of the body, without parameters; of several fields none.
fn media_type_of(headers: &HeaderMap) -> Option<&str> {
    let mut fields = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return None };
    media_type(field)
}
