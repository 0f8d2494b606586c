//! Slows down guesses of the token: responses to wrong tokens are sent one at a time, each after a longer delay than
//! the one before. Requests with the right token do not pass through here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The first delay: a person who mistypes does not notice it.
const FIRST: Duration = Duration::from_millis(50);
/// The longest delay: at most 43,200 guesses a day, and an operator who mistypes under attack still gets a response
/// before browsers give up.
const LONGEST: Duration = Duration::from_secs(2);
/// The delay starts over after this long without a wrong token, so that an attack that has stopped does not delay the
/// response to an operator's typo.
const CALM: Duration = Duration::from_secs(60);
/// At most this many requests wait; others are answered at once, so that guesses cannot hold all of the listener's 256
/// connections.
const QUEUE: usize = 32;

/// The queue of requests with a wrong token.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    next: Mutex<Option<(Duration, Instant)>>,
    waiting: AtomicUsize,
}

impl Throttle {
    /// Waits for as long as the response to a wrong token is to be delayed.
    pub(super) async fn wait(&self) {
        let _slot = Slot::take(&self.waiting);
        if self.waiting.load(Ordering::Relaxed) > QUEUE {
            return;
        }
        let mut next = self.next.lock().await;
        let pause = match *next {
            Some((pause, last)) if last.elapsed() < CALM => pause,
            _ => FIRST,
        };
        tokio::time::sleep(pause).await;
        *next = Some(((pause * 2).min(LONGEST), Instant::now()));
    }
}

/// A slot in the queue; `Drop` frees it also when the client disconnects.
struct Slot<'a>(&'a AtomicUsize);

impl<'a> Slot<'a> {
    fn take(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waited(throttle: &Throttle) -> u128 {
        let start = Instant::now();
        throttle.wait().await;
        start.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn each_wrong_token_waits_longer_up_to_two_seconds_until_calm_returns() {
        let throttle = Throttle::default();
        for expected in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            assert_eq!(waited(&throttle).await, expected);
        }
        tokio::time::advance(CALM).await;
        assert_eq!(waited(&throttle).await, 50);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_tokens_at_once_wait_one_after_the_other_and_a_crowd_is_sent_away() {
        let throttle = Throttle::default();
        let (a, b, c) = tokio::join!(waited(&throttle), waited(&throttle), waited(&throttle));
        assert_eq!([a, b, c], [50, 150, 350]);
        let crowd = futures::future::join_all((0..QUEUE + 10).map(|_| waited(&throttle))).await;
        assert_eq!(crowd.iter().filter(|waited| **waited == 0).count(), 10);
        assert_eq!(throttle.waiting.load(Ordering::Relaxed), 0);
    }
}
