//! How long a request waits for its agent: from the request's last byte to the head of the response, and after that for as
//! long as a silence may last, where the agent has a limit.
//!
//! Pingora's read timeout of an upstream counts from each read and is fixed when the request begins: it would cut an upload
//! that pauses, and a response that does. So the wait ends where Pingora reads from the client meanwhile: [`Wait`] is polled
//! beside that read (`bounded`, `h2_caller`), and `failure` answers when it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::deadline::Deadline;
use super::ending::Ending;

/// The wait of one request. Cheap to clone; all clones belong to the same request, and to one task.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Arc<Marks>);

#[derive(Debug)]
struct Marks {
    began: Instant,
    state: AtomicU8,
    /// The limit of each wait, in milliseconds; 0 = none.
    limit: AtomicU64,
    /// The end of the present wait, in milliseconds since `began`.
    end: AtomicU64,
    ending: Ending,
}

/// Why the wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The head of the response did not arrive in time.
    NoHead,
    /// The response, or the tunnel, was silent for too long.
    Silent,
}

// The states of a wait: the request arrives, is complete, the response has begun; or the wait is over, for either reason.
const COMING: u8 = 0;
const COMPLETE: u8 = 1;
const ANSWERED: u8 = 2;
const NO_HEAD: u8 = 3;
const SILENT: u8 = 4;

impl Default for Patience {
    fn default() -> Self {
        Self(Arc::new(Marks {
            began: Instant::now(),
            state: AtomicU8::new(COMING),
            limit: AtomicU64::new(0),
            end: AtomicU64::new(0),
            ending: Ending::default(),
        }))
    }
}

impl Patience {
    /// A request begins, or is sent once more: there is no wait yet.
    pub(crate) fn begin(&self) {
        self.enter(COMING, None);
    }

    /// The agent has received the whole request: its response must begin within this time. A second call changes nothing.
    pub(crate) fn request_complete(&self, within: Duration) {
        if self.state() == COMING {
            self.enter(COMPLETE, Some(within));
        }
    }

    /// The response has begun: each silence may last this long.
    pub(crate) fn answer_begun(&self, silence: Option<Duration>) {
        self.enter(ANSWERED, silence);
    }

    /// A piece of the response, or of the tunnel, has passed.
    pub(crate) fn moved(&self) {
        if self.state() == ANSWERED {
            self.wait_anew();
        }
    }

    /// The end of the request's stream, if it becomes one.
    pub(crate) fn ending(&self) -> &Ending {
        &self.0.ending
    }

    /// Why the wait is over, if it is.
    pub(crate) fn over(&self) -> Option<Over> {
        match self.state() {
            NO_HEAD => Some(Over::NoHead),
            SILENT => Some(Over::Silent),
            _ => None,
        }
    }

    // Relaxed: one task has all the clones, and sees its own writes.

    fn state(&self) -> u8 {
        self.0.state.load(Ordering::Relaxed)
    }

    fn enter(&self, state: u8, limit: Option<Duration>) {
        let limit = limit.map_or(0, |limit| milliseconds(limit).max(1));
        self.0.state.store(state, Ordering::Relaxed);
        self.0.limit.store(limit, Ordering::Relaxed);
        self.wait_anew();
    }

    fn wait_anew(&self) {
        let limit = self.0.limit.load(Ordering::Relaxed);
        if limit > 0 {
            self.0.end.store(milliseconds(self.0.began.elapsed()).saturating_add(limit), Ordering::Relaxed);
        }
    }

    /// The end of the present wait; `None` while there is no limit.
    fn end(&self) -> Option<Instant> {
        let end = Duration::from_millis(self.0.end.load(Ordering::Relaxed));
        (self.0.limit.load(Ordering::Relaxed) > 0).then(|| self.0.began + end)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The timer of a wait, in the connection that is polled meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    deadline: Deadline,
    /// The end that the timer is set to.
    end: Option<Instant>,
}

impl Wait {
    /// Ready when the wait is over. The task is woken then, and must poll again when the wait has changed.
    pub(crate) fn poll(&mut self, patience: &Patience, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut end) = patience.end() else {
            self.end = None;
            return Poll::Pending;
        };
        if self.end != Some(end) {
            if end <= Instant::now() {
                // The time passed unpolled, while a slow client had to read first what the agent had sent.
                patience.wait_anew();
                end = patience.end().unwrap_or(end);
            }
            self.end = Some(end);
        }
        if !self.deadline.has_passed(end, cx) {
            return Poll::Pending;
        }
        let over = if patience.state() == ANSWERED { SILENT } else { NO_HEAD };
        patience.enter(over, None);
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is_over(wait: &mut Wait, patience: &Patience) -> bool {
        wait.poll(patience, &mut Context::from_waker(futures::task::noop_waker_ref())).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_the_head_begins_with_the_last_byte_of_the_request() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        advance(SECOND * 100).await;
        assert!(!is_over(&mut wait, &patience), "the request still comes");
        patience.request_complete(SECOND);
        assert!(!is_over(&mut wait, &patience));
        advance(SECOND / 2).await;
        patience.request_complete(SECOND);
        patience.moved();
        assert!(!is_over(&mut wait, &patience));
        advance(SECOND).await;
        assert!(is_over(&mut wait, &patience), "neither counts anew");
        assert_eq!(patience.over(), Some(Over::NoHead));
        assert!(!is_over(&mut wait, &patience), "said once");
        patience.begin();
        assert_eq!(patience.over(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_has_begun_may_be_silent_for_ever() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        patience.request_complete(SECOND);
        assert!(!is_over(&mut wait, &patience));
        patience.answer_begun(None);
        advance(SECOND * 100_000).await;
        assert!(!is_over(&mut wait, &patience));
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_before_the_end_of_the_request_ends_the_wait() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        patience.answer_begun(None);
        patience.request_complete(SECOND);
        advance(SECOND * 2).await;
        assert!(!is_over(&mut wait, &patience));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_on_silence_counts_from_the_last_piece() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        patience.answer_begun(Some(SECOND));
        for _ in 0..5 {
            assert!(!is_over(&mut wait, &patience));
            advance(SECOND * 3 / 4).await;
            patience.moved();
        }
        assert!(!is_over(&mut wait, &patience));
        advance(SECOND).await;
        assert!(is_over(&mut wait, &patience));
        assert_eq!(patience.over(), Some(Over::Silent));
    }

    #[tokio::test(start_paused = true)]
    async fn time_without_a_poll_does_not_count() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        patience.answer_begun(Some(SECOND));
        assert!(!is_over(&mut wait, &patience));
        patience.moved();
        advance(SECOND * 10).await;
        patience.moved();
        advance(SECOND * 10).await;
        assert!(!is_over(&mut wait, &patience), "the caller was slow, not the agent");
        advance(SECOND).await;
        assert!(is_over(&mut wait, &patience));
    }
}
