//! Asks a provider about tokens: at most once about each at a time, within a ceiling, not while it fails, and not again while
//! what it said counts.
//!
//! No request waits here longer than `timeout`. Asking again for running streams is in `again`; what an answer means, and
//! everything that a token must satisfy beside being active, is for `authn`.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant as Tick;
use tokio::time::timeout;

use crate::idp::Provider;
use crate::model::{ActiveToken, Digest, Instant, Introspection};
use crate::telemetry::{IntrospectionMetrics, IntrospectionResult};

use super::IntrospectionSpec;
use super::answered::Answered;
use super::breaker::{Breaker, Change};
use super::endpoint::{CallError, Endpoint};
use super::flights::{Arrival, Boarding, Departure, Flights};
use super::guessers::Guessers;
use super::question::{Asker, TokenQuestion};
use super::status::IntrospectionStatus;
use super::verdicts::Verdicts;

/// The part of the time in which a question waits for its place. The rest is the provider's: one that has too little of it is
/// asked in vain, and would look as if it failed, the more so the more is asked.
const WAIT_PART: u32 = 2;
/// The part of the ceiling that guessers share, and as much for running streams.
const SMALL_PART: usize = 8;

/// The questions to one provider about its tokens.
#[derive(Debug)]
pub struct Introspector {
    verdicts: Verdicts,
    pub(super) flights: Arc<Flights>,
    endpoint: Endpoint,
    pub(super) breaker: Breaker,
    guessers: Guessers,
    /// One for each question under way.
    pub(super) places: Arc<Semaphore>,
    /// Likewise, for those whom guessers ask.
    guessers_places: Arc<Semaphore>,
    /// Likewise, for those that are asked for running streams.
    pub(super) streams_places: Arc<Semaphore>,
    metrics: IntrospectionMetrics,
    /// The last failure; `None` after a success.
    last_error: Mutex<Option<String>>,
}

impl Introspector {
    pub(in crate::idp) fn new(spec: &IntrospectionSpec, metrics: IntrospectionMetrics) -> Self {
        let small_part = || Arc::new(Semaphore::new((spec.max_in_flight / SMALL_PART).max(1)));
        Self {
            verdicts: Verdicts::new(),
            flights: Arc::default(),
            endpoint: Endpoint::default(),
            breaker: Breaker::default(),
            guessers: Guessers::default(),
            places: Arc::new(Semaphore::new(spec.max_in_flight)),
            guessers_places: small_part(),
            streams_places: small_part(),
            metrics,
            last_error: Mutex::default(),
        }
    }

    /// What counts of a token at `now`.
    #[must_use]
    pub fn known(&self, token: &Digest, now: Instant) -> Option<Introspection> {
        self.verdicts.get(token, now)
    }

    /// Asks again about active tokens with such claims, when they come next; how many are known.
    pub fn withdraw(&self, is_it: impl Fn(&[u8]) -> bool) -> usize {
        self.verdicts.withdraw(is_it)
    }

    /// Counts a request that was decided with what was known.
    pub fn note_known(&self, known: &Introspection) {
        match known {
            Introspection::Active(_) => self.note_active(),
            Introspection::Inactive => self.metrics.counted(IntrospectionResult::NegativeHit),
        }
    }

    /// Counts a request whose token was known to be active.
    pub fn note_active(&self) {
        self.metrics.counted(IntrospectionResult::Hit);
    }

    /// Its state.
    #[must_use]
    pub fn status(&self) -> IntrospectionStatus {
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        IntrospectionStatus { breaker_open: self.breaker.is_open(), last_error }
    }

    /// Writes the gauge.
    pub(in crate::idp) fn show(&self) {
        self.metrics.breaker(self.breaker.is_open());
    }

    /// Asks, or waits for whoever asks about the same token; `None` where there is no answer.
    pub(super) async fn ask(
        &self,
        provider: &Arc<Provider>,
        spec: &IntrospectionSpec,
        question: &TokenQuestion,
        now: Instant,
    ) -> Option<Introspection> {
        let from = question.from();
        let guess = match from.filter(|from| self.guessers.has(*from, Tick::now())) {
            None => None,
            Some(_) => match Arc::clone(&self.guessers_places).try_acquire_owned() {
                Ok(place) => Some(place),
                // Unasked: it may even be a good one, of somebody behind the same address.
                Err(_) => return Some(Introspection::Inactive),
            },
        };
        let arrival = match self.flights.board(*question.digest()) {
            Boarding::Joined(arrival) => {
                self.metrics.counted(IntrospectionResult::Joined);
                arrival
            }
            Boarding::First(departure, arrival) => {
                self.begin(provider, question, (departure, guess), now);
                arrival
            }
            Boarding::Full => {
                self.metrics.counted(IntrospectionResult::Error);
                return None;
            }
        };
        let landed = wait(spec.timeout, arrival).await;
        if let (Some(Introspection::Inactive), Some(from)) = (&landed, from) {
            self.note_inactive(from);
        }
        landed
    }

    /// Counts a question that was not even begun, since too many of its agent wait.
    pub(super) fn note_crowded(&self) {
        self.metrics.counted(IntrospectionResult::Error);
    }

    fn note_inactive(&self, from: IpAddr) {
        self.guessers.note(from, Tick::now());
    }

    /// Begins a question, unless it is answered already or the provider is left alone.
    fn begin(
        &self,
        provider: &Arc<Provider>,
        question: &TokenQuestion,
        (departure, guess): (Departure, Option<OwnedSemaphorePermit>),
        now: Instant,
    ) {
        // The question of another may have ended between the look at the verdicts and this one.
        if let Some(known) = self.known(question.digest(), now) {
            self.note_known(&known);
            departure.land(Some(known));
        } else if self.breaker.admits(Tick::now()) {
            let (provider, question) = (Arc::clone(provider), question.clone());
            // A task of its own: whoever asked first may go away, and others still wait.
            tokio::spawn(async move {
                let landed = match (provider.introspector(), &provider.spec().introspection) {
                    (Some(introspector), Some(spec)) => {
                        introspector.call(&provider, spec, &question, now).await
                    }
                    (None, _) | (_, None) => None,
                };
                departure.land(landed);
                drop(guess);
            });
        } else {
            self.metrics.counted(IntrospectionResult::Error);
            departure.land(None);
        }
    }

    /// A place among the questions of the agent, and one among all.
    async fn places(&self, question: &TokenQuestion) -> Option<[OwnedSemaphorePermit; 2]> {
        let own = Arc::clone(question.asking()).acquire_owned().await.ok()?;
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some([own, place])
    }

    /// Asks the provider, as soon as there is a place for it.
    async fn call(
        &self,
        provider: &Provider,
        spec: &IntrospectionSpec,
        question: &TokenQuestion,
        now: Instant,
    ) -> Option<Introspection> {
        let began = Tick::now();
        let Ok(Some(_places)) = timeout(spec.timeout / WAIT_PART, self.places(question)).await else {
            // The ceiling is no failure of the provider's.
            self.metrics.counted(IntrospectionResult::Timeout);
            return None;
        };
        let left = spec.timeout.saturating_sub(began.elapsed());
        self.put((provider, spec), question, left, now).await
    }

    /// Asks the provider, who has so long to answer.
    pub(super) async fn put(
        &self,
        (provider, spec): (&Provider, &IntrospectionSpec),
        question: &TokenQuestion,
        left: Duration,
        now: Instant,
    ) -> Option<Introspection> {
        let asked = Tick::now();
        let response = timeout(left, self.endpoint.ask(provider.spec(), spec, (question.text(), now))).await;
        self.metrics.took(asked.elapsed());
        let late = || CallError::Timeout(format!("no answer within {} s", spec.timeout.as_secs_f64()));
        let response: Result<Bytes, CallError> = response.unwrap_or_else(|_| Err(late()));
        let answer = response.and_then(|body| {
            let read = question.read(provider, &body, now);
            read.map_err(|why| CallError::Failed(format!("the answer cannot be used: {why}")))
        });
        match answer {
            Ok(answer) => Some(self.answered(provider, spec, question, (answer, now))),
            Err(error) => {
                self.failed(provider, question, &error);
                None
            }
        }
    }

    /// Counts the end of a question.
    pub(super) fn count(&self, question: &TokenQuestion, result: IntrospectionResult) {
        self.metrics.counted(match question.asker() {
            Asker::Request => result,
            Asker::Streams => result.of_streams(),
        });
    }

    fn answered(
        &self,
        provider: &Provider,
        spec: &IntrospectionSpec,
        question: &TokenQuestion,
        (answer, now): (Answered, Instant),
    ) -> Introspection {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.reached(provider);
        match answer {
            Answered::Inactive => {
                self.count(question, IntrospectionResult::Inactive);
                self.verdicts.inactive(*question.digest(), now.plus(spec.negative_ttl));
                Introspection::Inactive
            }
            Answered::Active(claims) => {
                self.count(question, IntrospectionResult::Active);
                let active = Arc::new(ActiveToken::new(claims, now.plus(spec.max_ttl)));
                self.verdicts.active(*question.digest(), &active);
                Introspection::Active(active)
            }
        }
    }

    /// The provider does what it is there for, whatever it says of this token.
    fn reached(&self, provider: &Provider) {
        if self.breaker.succeeded() == Change::Closed {
            self.metrics.breaker(false);
            tracing::info!(provider = %provider.spec().name, "tokens can be introspected again");
        }
    }

    fn failed(&self, provider: &Provider, question: &TokenQuestion, error: &CallError) {
        let name = &provider.spec().name;
        let said = error.to_string();
        let is_new = {
            let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
            last.replace(said.clone()).is_none_or(|last| last != said)
        };
        self.count(
            question,
            match error {
                CallError::Timeout(_) => IntrospectionResult::Timeout,
                CallError::Failed(_) | CallError::Rejected(_) => IntrospectionResult::Error,
            },
        );
        if let CallError::Rejected(_) = error {
            self.reached(provider);
            if is_new {
                tracing::warn!(provider = %name, %error, "a token could not be introspected");
            }
            return;
        }
        match self.breaker.failed(Tick::now()) {
            Change::Opened => {
                self.metrics.breaker(true);
                tracing::error!(provider = %name, %error, "tokens cannot be introspected; the provider is left alone");
            }
            Change::Failing => tracing::warn!(provider = %name, %error, "a token could not be introspected"),
            Change::None | Change::Closed => {
                tracing::debug!(provider = %name, %error, "a token could not be introspected")
            }
        }
    }
}

pub(super) async fn wait(most: Duration, arrival: Arrival) -> Option<Introspection> {
    timeout(most, arrival.landed()).await.ok().flatten()
}
