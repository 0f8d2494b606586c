//! Questions under way: one for each token, whose answer all requests with that token share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::model::{Digest, Introspection};

/// Requests that wait for the answer to one question, beside the one that asked it. Who sends one token from more places at
/// once is told to come again.
const MOST_FOLLOWERS: usize = 256;

/// The end of a question; `None` where there is no answer.
pub(super) type Landed = Option<Introspection>;

/// The questions to one provider that are under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Digest, Flight>>);

#[derive(Debug)]
struct Flight {
    landed: watch::Sender<Option<Landed>>,
    followers: usize,
}

/// What a request does about a token.
#[derive(Debug)]
pub(super) enum Boarding {
    /// It asks; [`Departure::land`] ends the question.
    First(Departure, Arrival),
    /// It waits for the answer to the question of another.
    Joined(Arrival),
    /// Too many wait already.
    Full,
}

/// A question that is to be asked. Dropped without an answer, it ends without one.
#[derive(Debug)]
pub(super) struct Departure {
    flights: Arc<Flights>,
    token: Digest,
    has_landed: bool,
}

/// The wait for an answer.
#[derive(Debug)]
pub(super) struct Arrival(watch::Receiver<Option<Landed>>);

impl Flights {
    /// Begins a question about this token, or joins the one that is under way.
    pub(super) fn board(self: &Arc<Self>, token: Digest) -> Boarding {
        let mut flights = self.lock();
        if let Some(flight) = flights.get_mut(&token) {
            if flight.followers == MOST_FOLLOWERS {
                return Boarding::Full;
            }
            flight.followers += 1;
            return Boarding::Joined(Arrival(flight.landed.subscribe()));
        }
        let (landed, arrival) = watch::channel(None);
        flights.insert(token, Flight { landed, followers: 0 });
        Boarding::First(Departure { flights: Arc::clone(self), token, has_landed: false }, Arrival(arrival))
    }

    /// Waits for the question about this token that is under way, if there is one, and takes no follower's place.
    pub(super) fn watch(&self, token: &Digest) -> Option<Arrival> {
        self.lock().get(token).map(|flight| Arrival(flight.landed.subscribe()))
    }

    fn end(&self, token: &Digest, landed: Landed) {
        let flight = self.lock().remove(token);
        if let Some(flight) = flight {
            flight.landed.send_replace(Some(landed));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Flight>> {
        // A poisoned lock is safe to use: the map is consistent after each statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Departure {
    /// Ends the question: everybody who waits gets this.
    pub(super) fn land(mut self, landed: Landed) {
        self.has_landed = true;
        self.flights.end(&self.token, landed);
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if !self.has_landed {
            self.flights.end(&self.token, None);
        }
    }
}

impl Arrival {
    /// Waits for the end of the question.
    pub(super) async fn landed(mut self) -> Landed {
        // An error means that the sender is gone, and the answer with it.
        self.0.wait_for(Option::is_some).await.ok().and_then(|landed| landed.clone().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    #[tokio::test]
    async fn followers_of_one_token_share_its_answer_up_to_a_bound_and_other_tokens_are_apart() {
        let flights = Arc::new(Flights::default());
        let Boarding::First(departure, own) = flights.board(digest("a")) else { panic!("the first") };
        let mut followers = vec![own];
        for _ in 0..MOST_FOLLOWERS {
            let Boarding::Joined(arrival) = flights.board(digest("a")) else { panic!("a follower") };
            followers.push(arrival);
        }
        assert!(matches!(flights.board(digest("a")), Boarding::Full));
        followers.extend(flights.watch(&digest("a")));
        assert!(followers.len() == MOST_FOLLOWERS + 2 && flights.watch(&digest("b")).is_none());
        assert!(matches!(flights.board(digest("b")), Boarding::First(..)));
        departure.land(Some(Introspection::Inactive));
        for arrival in followers {
            assert_eq!(arrival.landed().await, Some(Introspection::Inactive));
        }
        assert!(matches!(flights.board(digest("a")), Boarding::First(..)), "it has ended");
    }

    #[tokio::test]
    async fn a_question_that_is_dropped_ends_without_an_answer() {
        let flights = Arc::new(Flights::default());
        let Boarding::First(departure, own) = flights.board(digest("a")) else { panic!("the first") };
        let Boarding::Joined(follower) = flights.board(digest("a")) else { panic!("a follower") };
        drop(departure);
        assert_eq!((own.landed().await, follower.landed().await), (None, None));
    }
}
