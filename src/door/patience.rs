//! How long a request waits for its agent: from the request's last byte to the head of the answer, and from then on
//! only for as long as a silence may last, when the agent sets a limit.
//!
//! Pingora's read timeout of an upstream counts from each read on and stays as it was when the request began: it would
//! cut an upload that pauses, and an answer that does. So the wait is ended where Pingora listens to the caller
//! meanwhile: [`Wait`] is polled beside what the caller sends (`bounded`, `h2_caller`), and its end becomes the answer
//! in `phases`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::deadline::Deadline;
use super::ending::Ending;

/// How long one request waits. Cheap to clone; all clones are of the same request, and one task has them all.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Arc<Marks>);

#[derive(Debug)]
struct Marks {
    began: Instant,
    state: AtomicU8,
    /// How long each wait may last, in milliseconds; 0 = for ever.
    limit: AtomicU64,
    /// When this one ends, in milliseconds since `began`.
    end: AtomicU64,
    ending: Ending,
}

/// Why the wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The head of the answer did not come in time.
    NoHead,
    /// The answer, or the tunnel, was silent for too long.
    Silent,
}

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
    /// A message begins on this connection.
    pub(crate) fn begin_message(&mut self) {
        if self.ending().order().is_some() {
            // The last one was a stream, whose end is not that of this message.
            *self = Self::default();
        }
        self.begin();
    }

    /// A request begins, or is sent anew: nothing is waited for yet.
    pub(crate) fn begin(&self) {
        self.enter(COMING, None);
    }

    /// The agent has been sent all of the request: its answer must begin within this time. What is said a second time
    /// changes nothing.
    pub(crate) fn request_complete(&self, within: Duration) {
        if self.state() == COMING {
            self.enter(COMPLETE, Some(within));
        }
    }

    /// The answer has begun: each silence may last so long.
    pub(crate) fn answer_begun(&self, silence: Option<Duration>) {
        self.enter(ANSWERED, silence);
    }

    /// Something of the answer, or in the tunnel, has passed.
    pub(crate) fn moved(&self) {
        if self.state() == ANSWERED {
            self.wait_anew();
        }
    }

    /// Nothing more of the answer is for the caller: the wait for it ends now.
    pub(crate) fn end_answer(&self) {
        self.answer_begun(Some(Duration::ZERO));
    }

    /// The end of the request's stream, when it turns out to be one.
    pub(crate) fn ending(&self) -> &Ending {
        &self.0.ending
    }

    /// Why the wait has ended, if it has.
    pub(crate) fn over(&self) -> Option<Over> {
        match self.state() {
            NO_HEAD => Some(Over::NoHead),
            SILENT => Some(Over::Silent),
            _ => None,
        }
    }

    // Relaxed: one task has all the clones, and what it has written it sees.

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

    /// When this wait ends.
    fn end(&self) -> Option<Instant> {
        let end = Duration::from_millis(self.0.end.load(Ordering::Relaxed));
        (self.0.limit.load(Ordering::Relaxed) > 0).then(|| self.0.began + end)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The one who waits.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    deadline: Deadline,
    /// The end that is waited for.
    end: Option<Instant>,
}

impl Wait {
    /// The time limit, for those who wait for something else meanwhile.
    pub(super) fn deadline(&mut self) -> &mut Deadline {
        self.end = None;
        &mut self.deadline
    }

    /// Ready when patience is over. The task is woken then; it must be polled again when something else has happened.
    pub(crate) fn poll(&mut self, patience: &Patience, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut end) = patience.end() else {
            self.end = None;
            return Poll::Pending;
        };
        if self.end != Some(end) {
            if end <= Instant::now() {
                // Nobody was waiting: a slow caller had to take first what the agent had said.
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
    use crate::model::{EndOrder, EndedBy};

    const SECOND: Duration = Duration::from_secs(1);

    fn is_over(wait: &mut Wait, patience: &Patience) -> bool {
        wait.poll(patience, &mut Context::from_waker(futures::task::noop_waker_ref())).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn the_head_is_waited_for_from_the_last_byte_of_the_request_on() {
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
    async fn each_stream_of_a_connection_has_its_own_end() {
        let mut patience = Patience::default();
        for _ in 0..2 {
            patience.begin_message();
            let order = Arc::new(EndOrder::default());
            patience.ending().obey(Arc::clone(&order));
            assert_eq!(patience.ending().ordered(), None);
            order.give(EndedBy::Policy);
            assert_eq!(patience.ending().ordered(), Some(EndedBy::Policy));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_has_begun_may_be_silent_for_ever() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        patience.request_complete(SECOND);
        assert!(!is_over(&mut wait, &patience));
        patience.answer_begun(None);
        advance(SECOND * 100_000).await;
        assert!(!is_over(&mut wait, &patience));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_before_the_end_of_the_request_leaves_nothing_to_wait_for() {
        let (patience, mut wait) = (Patience::default(), Wait::default());
        patience.answer_begun(None);
        patience.request_complete(SECOND);
        advance(SECOND * 2).await;
        assert!(!is_over(&mut wait, &patience));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_on_silence_counts_from_the_last_thing_that_passed() {
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
    async fn time_in_which_nobody_waited_does_not_count() {
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
