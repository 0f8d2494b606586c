//! A question to a provider about one token, which a decision needs to have answered.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::idp::Provider;
use crate::model::{Digest, Fetched, Instant, Introspection, Secret};

use super::answered::{Answered, AskedAgain, ReadAnswer};

/// Requests of one agent that may wait for a provider, for each question that the provider may be asked at once.
const WAITING_FOR_EACH: usize = 4;
/// The part of the questions at once that is left to other agents, whatever one of them is flooded with.
const OTHERS_PART: usize = 8;

/// The places of one agent at one provider.
#[derive(Debug, Clone)]
pub struct WaitingPlaces {
    /// For requests that wait.
    waiting: Arc<Semaphore>,
    /// For questions under way that requests of the agent have begun.
    asking: Arc<Semaphore>,
}

impl WaitingPlaces {
    /// Those at a provider that is asked at most `max_in_flight` questions at once.
    #[must_use]
    pub fn new(max_in_flight: usize) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            waiting: places(max_in_flight.saturating_mul(WAITING_FOR_EACH)),
            asking: places(max_in_flight - max_in_flight / OTHERS_PART),
        }
    }
}

/// A question about a token.
#[derive(Clone)]
pub struct TokenQuestion {
    provider: Arc<Provider>,
    token: Arc<Secret>,
    digest: Digest,
    from: Option<IpAddr>,
    waiting: WaitingPlaces,
    read: ReadAnswer,
    asker: Asker,
}

/// For whom a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// A request, which waits for the answer.
    Request,
    /// Running streams, which go on meanwhile.
    Streams,
}

impl TokenQuestion {
    /// A question to this provider, of whose agent this many requests may wait; `read` is how its response is read.
    #[must_use]
    pub fn new(provider: &Arc<Provider>, waiting: &WaitingPlaces, read: ReadAnswer, token: &str) -> Self {
        Self {
            provider: Arc::clone(provider),
            token: Arc::new(Secret::new(token.to_owned())),
            digest: Digest::of(token.as_bytes()),
            from: None,
            waiting: waiting.clone(),
            read,
            asker: Asker::Request,
        }
    }

    /// The same about a token with which running streams began.
    #[must_use]
    pub fn again(
        provider: &Arc<Provider>,
        waiting: &WaitingPlaces,
        read: ReadAnswer,
        token: &Arc<Secret>,
    ) -> Self {
        Self {
            provider: Arc::clone(provider),
            token: Arc::clone(token),
            digest: Digest::of(token.expose_secret().as_bytes()),
            from: None,
            waiting: waiting.clone(),
            read,
            asker: Asker::Streams,
        }
    }

    /// The same, from a client at this address.
    #[must_use]
    pub fn from_address(self, from: Option<IpAddr>) -> Self {
        Self { from, ..self }
    }

    /// The provider.
    #[must_use]
    pub const fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// Asks it, or waits for the answer to the same question of another request. Waits at most `introspection.timeout`.
    pub async fn ask(&self, now: Instant) -> Fetched<Introspection> {
        let (Some(introspector), Some(spec)) =
            (self.provider.introspector(), &self.provider.spec().introspection)
        else {
            return Fetched::Unavailable;
        };
        let Ok(_place) = self.waiting.waiting.try_acquire() else {
            introspector.note_crowded();
            return Fetched::Unavailable;
        };
        match introspector.ask(&self.provider, spec, self, now).await {
            Some(answer) => Fetched::Here(answer),
            None => Fetched::Unavailable,
        }
    }

    /// Asks it for running streams, unless a request has asked it meanwhile. Takes no place for which a request waits.
    pub async fn ask_again(&self, now: Instant) -> AskedAgain {
        match (self.provider.introspector(), &self.provider.spec().introspection) {
            (Some(introspector), Some(spec)) => {
                introspector.ask_again((&self.provider, spec), self, now).await
            }
            (None, _) | (_, None) => AskedAgain::Failed,
        }
    }

    pub(super) fn text(&self) -> &str {
        self.token.expose_secret()
    }

    pub(super) const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The places for questions of its agent that are under way.
    pub(super) const fn asking(&self) -> &Arc<Semaphore> {
        &self.waiting.asking
    }

    /// For whom it is asked.
    pub(super) const fn asker(&self) -> Asker {
        self.asker
    }

    pub(super) const fn from(&self) -> Option<IpAddr> {
        self.from
    }

    pub(super) fn read(&self, provider: &Provider, body: &[u8], now: Instant) -> Result<Answered, String> {
        (self.read)(provider, body, now)
    }
}

impl fmt::Debug for TokenQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenQuestion").field(&self.provider.spec().name).finish()
    }
}
