//! A deadline that is checked often and passes seldom.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// Wakes the task at the deadline. The timer is reset only when it must be, because most deadlines are lifted long before
/// they pass, and resetting takes a lock of the runtime.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Whether `at` has passed; if not, the task is woken at `at`, or earlier.
    pub(crate) fn has_passed(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx) == Poll::Ready(()) {
            if sleep.deadline() >= at {
                return true;
            }
            sleep.as_mut().reset(at);
        }
        false
    }
}
