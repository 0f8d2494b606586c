//! Asking a provider again about the token of running streams, before its word about it is over.
//!
//! Which tokens those are, and what becomes of their streams, is for others. No request waits for any of it, and none waits because of
//! it: a question for streams takes a place that is free, of an eighth of all, or none.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant as Tick;

use crate::idp::Provider;
use crate::model::{Digest, Instant, Introspection};
use crate::telemetry::IntrospectionResult;

use super::IntrospectionSpec;
use super::answered::AskedAgain;
use super::flights::Boarding;
use super::introspector::{Introspector, wait};
use super::question::TokenQuestion;

/// The least time between two questions for the streams of one token, however soon a word is over.
const LEAST: Duration = Duration::from_secs(1);
/// The part of its time by which a word is asked for early, so that a question and the end of a stream find room in it.
const EARLY: f64 = 0.05;
/// The part of it that chance adds to that: tokens of which all were asked about at once are not all asked about at once again.
const SPREAD: f64 = 0.05;

impl Introspector {
    /// When the provider is to be asked again for a stream that begins with this token: before its word is over.
    #[must_use]
    pub fn asked_again_in(&self, token: &Digest, now: Instant) -> Duration {
        match self.known(token, now) {
            Some(Introspection::Active(active)) => before(active.word().left(now)),
            // The word that let it in is over by now, or was forgotten.
            Some(Introspection::Inactive) | None => LEAST,
        }
    }

    /// A place among those who ask for running streams, if one is free.
    #[must_use]
    pub fn streams_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams_places).try_acquire_owned().ok()
    }

    pub(super) async fn ask_again(
        &self,
        (provider, spec): (&Arc<Provider>, &IntrospectionSpec),
        question: &TokenQuestion,
        now: Instant,
    ) -> AskedAgain {
        match self.known(question.digest(), now) {
            Some(Introspection::Inactive) => return AskedAgain::Inactive,
            Some(Introspection::Active(active)) if is_news(active.word().left(now), spec.max_ttl) => {
                return AskedAgain::Active(before(active.word().left(now)));
            }
            Some(Introspection::Active(_)) | None => {}
        }
        let landed = match self.flights.watch(question.digest()) {
            Some(arrival) => wait(spec.timeout, arrival).await,
            None => {
                let Ok(_place) = Arc::clone(&self.places).try_acquire_owned() else {
                    return AskedAgain::Crowded;
                };
                match self.flights.board(*question.digest()) {
                    Boarding::First(departure, _arrival) => {
                        let landed = self.put_again((provider, spec), question, now).await;
                        departure.land(landed.clone());
                        landed
                    }
                    Boarding::Joined(arrival) => wait(spec.timeout, arrival).await,
                    Boarding::Full => return AskedAgain::Crowded,
                }
            }
        };
        match landed {
            Some(Introspection::Active(active)) => AskedAgain::Active(before(active.word().left(now))),
            Some(Introspection::Inactive) => AskedAgain::Inactive,
            None => AskedAgain::Failed,
        }
    }

    async fn put_again(
        &self,
        provider: (&Arc<Provider>, &IntrospectionSpec),
        question: &TokenQuestion,
        now: Instant,
    ) -> Option<Introspection> {
        if self.breaker.admits(Tick::now()) {
            let (provider, spec) = provider;
            return self.put((provider.as_ref(), spec), question, spec.timeout, now).await;
        }
        self.count(question, IntrospectionResult::Error);
        None
    }
}

/// When to ask again where a word counts for `left`.
fn before(left: Duration) -> Duration {
    let early = left.mul_f64(EARLY + SPREAD * rand::random::<f64>());
    left.saturating_sub(early).max(LEAST)
}

/// Whether a word that counts for `left` is another one than that for which it is due to ask: a request has asked meanwhile.
fn is_news(left: Duration, max_ttl: Duration) -> bool {
    left > max_ttl.mul_f64(EARLY + SPREAD) && left <= max_ttl
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_asked_for_again_shortly_before_it_is_over_and_not_more_often_than_each_second() {
        let seconds = Duration::from_secs_f64;
        for (left, from, to) in [(60.0, 54.0, 57.0), (2.0, 1.8, 1.9), (1.0, 1.0, 1.0), (0.0, 1.0, 1.0)] {
            let all: Vec<_> = (0..200).map(|_| before(seconds(left))).collect();
            let (first, last) = (all.iter().min().unwrap(), all.iter().max().unwrap());
            assert!(*first >= seconds(from) && *last <= seconds(to), "{left}: {first:?} to {last:?}");
            assert!(from >= to || first < last, "they are spread");
        }
        let max_ttl = seconds(60.0);
        for (left, news) in [(60.0, true), (6.1, true), (6.0, false), (0.0, false), (61.0, false)] {
            assert_eq!(is_news(seconds(left), max_ttl), news, "{left}");
        }
        // Whenever a question is due, the word for which it is has less left than another one would.
        assert!((0..200).all(|_| !is_news(max_ttl - before(max_ttl), max_ttl)));
    }
}
