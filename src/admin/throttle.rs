//! Slows whoever tries wrong tokens: each answer to a wrong one comes later than the one before, and one at a time.
//! Right ones never come here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The first pause.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(2);
/// After so long without a wrong token the pauses are short again.
const CALM: Duration = Duration::from_secs(60);
/// So many wait in line; more are answered at once, because a line of strangers must not hold every connection.
const LINE: usize = 32;

/// The line of wrong tokens.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    next: Mutex<Option<(Duration, Instant)>>,
    waiting: AtomicUsize,
}

impl Throttle {
    /// Waits before a wrong token is answered.
    pub(super) async fn wait(&self) {
        let _slot = Slot::take(&self.waiting);
        if self.waiting.load(Ordering::Relaxed) > LINE {
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

/// A place in the line, given back also when the caller goes away.
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
        for wanted in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            assert_eq!(waited(&throttle).await, wanted);
        }
        tokio::time::advance(CALM).await;
        assert_eq!(waited(&throttle).await, 50);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_tokens_at_once_wait_one_after_the_other_and_a_crowd_is_sent_away() {
        let throttle = Throttle::default();
        let (a, b, c) = tokio::join!(waited(&throttle), waited(&throttle), waited(&throttle));
        assert_eq!([a, b, c], [50, 150, 350]);
        let crowd = futures::future::join_all((0..LINE + 10).map(|_| waited(&throttle))).await;
        assert_eq!(crowd.iter().filter(|waited| **waited == 0).count(), 10);
        assert_eq!(throttle.waiting.load(Ordering::Relaxed), 0);
    }
}
