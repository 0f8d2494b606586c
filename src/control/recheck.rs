//! Asks providers again about the tokens with which running streams began, and ends the streams of those that are no longer active.
//!
//! How a provider is asked is in `idp`, which tokens are held in `upstream`, and what becomes of a stream, `routing` knows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant as Tick, MissedTickBehavior, interval};

use crate::idp::AskedAgain;
use crate::model::{Clock, Instant, Issuer};
use crate::routing::{Authenticator, denied, moved};
use crate::telemetry::Metrics;
use crate::upstream::{BOUNDARY_WAIT, HeldToken, HeldTokens, StreamFacts};

use super::handle::Control;
use super::streams::insist_after;

/// How often it is looked which tokens are due. A look costs nothing while no token is held, and else a lock.
const EVERY: Duration = Duration::from_millis(100);
/// After so many questions in a row without an answer, the streams of a token end that has no end of its own: one is lost with
/// every restart of a provider.
const FAILURES: u32 = 2;
/// How long a token waits that was not asked about because requests had all places.
const CROWDED: Duration = Duration::from_secs(1);
/// How often in a row it waits; then the question counts as one without an answer.
const WAITS: u32 = 30;
/// The least time between two questions of which the first one failed.
const LEAST: Duration = Duration::from_secs(1);
/// The part of that time which chance takes away.
const JITTER: f64 = 0.1;
/// How often it is tried where nobody can be asked, since the configuration says so by now.
const NOBODY: Pace = Pace { every: Duration::from_secs(60), leeway: Duration::ZERO };

/// Whoever asks about tokens.
trait Asks: Clone + Send + Sync + 'static {
    /// A place for a question to the provider of this issuer, if one is free.
    fn place(&self, issuer: &Issuer) -> Option<Place>;

    /// Asks about a token.
    fn ask(&self, token: &HeldToken, now: Instant) -> impl Future<Output = Said> + Send;
}

/// A place for a question, as long as it is there.
struct Place {
    /// One of those that the provider has for running streams; `None` where there is nobody to ask.
    own: Option<OwnedSemaphorePermit>,
}

/// What is said of a token, and by whom.
#[derive(Debug, Clone, Copy)]
struct Said {
    answer: AskedAgain,
    pace: Pace,
}

/// What a provider's settings say.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// How long its word counts.
    every: Duration,
    leeway: Duration,
}

impl Control {
    /// Asks about each token when it is due, for ever, and ends the streams of those that are no longer active.
    pub async fn recheck_streams(self, clock: Arc<dyn Clock>, metrics: Metrics) {
        let asks = self.clone();
        self.recheck_with(&asks, clock, &metrics).await;
    }

    async fn recheck_with(&self, asks: &impl Asks, clock: Arc<dyn Clock>, metrics: &Metrics) {
        let questions = Questions { held: self.running.held().clone(), asks: asks.clone(), clock };
        let (mut look, mut shown) = (interval(EVERY), 0);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            questions.begin();
            self.end_inactive_streams(questions.clock.now());
            let count = questions.held.count();
            if count != shown {
                metrics.held_tokens(count);
                shown = count;
            }
        }
    }

    /// Ends the streams whose token is inactive, and notes when those end of whose token nobody knows.
    fn end_inactive_streams(&self, now: Instant) {
        if !self.running.held().take_news() {
            return;
        }
        let live = self.live();
        let agent = |facts: &StreamFacts| live.agents.get(&facts.agent).map(Arc::as_ref);
        let ended = self.running.end(|stream| {
            stream.facts.held.as_ref().filter(|token| token.is_over())?;
            denied(&stream.facts, agent(&stream.facts)?, now)
        });
        self.running.note_ends(|facts| {
            facts.held.as_ref()?.unknown_since()?;
            moved(facts, agent(facts))
        });
        if ended.count() > 0 {
            tracing::info!(
                streams = ended.count(),
                "running streams end: their provider calls their token inactive"
            );
        }
        insist_after(BOUNDARY_WAIT, ended);
    }
}

impl Asks for Control {
    fn place(&self, issuer: &Issuer) -> Option<Place> {
        let live = self.live();
        let provider = live.providers.values().find(|provider| provider.spec().issuer == *issuer);
        match provider.and_then(|provider| provider.introspector()) {
            Some(introspector) => introspector.streams_place().map(|own| Place { own: Some(own) }),
            None => Some(Place { own: None }),
        }
    }

    async fn ask(&self, token: &HeldToken, now: Instant) -> Said {
        let live = self.live();
        let question = live.agents.get(token.agent()).and_then(|agent| match &agent.authenticator {
            Authenticator::OAuth(policy) => policy.question_again(token.issuer(), token.text()),
            Authenticator::ApiKey(_) | Authenticator::Public => None,
        });
        drop(live);
        let Some(question) = question else { return Said { answer: AskedAgain::Failed, pace: NOBODY } };
        let spec = question.provider().spec();
        let every = spec.introspection.as_ref().map_or(NOBODY.every, |introspection| introspection.max_ttl);
        let pace = Pace { every, leeway: spec.leeway };
        Said { answer: question.ask_again(now).await, pace }
    }
}

/// The questions about held tokens.
#[derive(Clone)]
struct Questions<A> {
    held: HeldTokens,
    asks: A,
    clock: Arc<dyn Clock>,
}

impl<A: Asks> Questions<A> {
    /// Begins as many as there are places for.
    fn begin(&self) {
        let now = Tick::now().into_std();
        for issuer in self.held.issuers_due(now) {
            while let Some(place) = self.asks.place(&issuer) {
                let Some(token) = self.held.take_due(&issuer, now) else { break };
                // Whom nobody answers is done with at once.
                let is_enough = place.own.is_none();
                tokio::spawn(self.clone().ask_in_turn(issuer.clone(), token, place));
                if is_enough {
                    break;
                }
            }
        }
    }

    /// Asks about this token, and then about others that are due, at one place.
    async fn ask_in_turn(self, issuer: Issuer, first: Arc<HeldToken>, _place: Place) {
        let mut next = Some(first);
        while let Some(token) = next {
            self.ask(&token).await;
            next = self.held.take_due(&issuer, Tick::now().into_std());
        }
    }

    async fn ask(&self, token: &HeldToken) {
        let now = self.clock.now();
        if token.expires_at().is_some_and(|end| end <= now) {
            // Its streams end by that, or go on all the same, and the provider could say nothing else.
            token.leave();
            return;
        }
        let said = self.asks.ask(token, now).await;
        follow(token, said, self.clock.now());
    }
}

/// Does what follows from what was said of a token.
fn follow(token: &HeldToken, Said { answer, pace }: Said, now: Instant) {
    let again_in = |wait: Duration| token.set_due(Tick::now().into_std() + wait);
    match answer {
        AskedAgain::Active(wait) => {
            token.confirm();
            again_in(wait);
        }
        // By the clock of its provider it has ended by itself, which is no revocation.
        AskedAgain::Inactive if token.expires_at().is_some_and(|end| end <= now.plus(pace.leeway)) => {
            token.leave();
        }
        AskedAgain::Inactive => token.end(),
        AskedAgain::Crowded if token.note_wait() < WAITS => again_in(CROWDED),
        AskedAgain::Crowded | AskedAgain::Failed => {
            if token.note_failure() >= FAILURES && token.expires_at().is_none() {
                token.give_up(now);
            }
            let wait = pace.every.mul_f64(1.0 - JITTER * rand::random::<f64>());
            again_in(wait.max(LEAST));
        }
    }
}

#[cfg(test)]
mod tests;
