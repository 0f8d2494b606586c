//! An order to end a stream: any thread gives it, and the task that serves the stream carries it out.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Context;

use futures::task::AtomicWaker;

use super::{CloseCode, EndedBy};

/// Set when the stream must end at once: the top bit, because causes are counted from one and are few.
const AT_ONCE: u8 = 0x80;

/// Whether one stream must end, why, and how urgently. Of several causes the first one counts.
#[derive(Debug, Default)]
pub struct EndOrder {
    /// Zero, or one more than the cause's index in [`EndedBy::ALL`]; with [`AT_ONCE`] when it is urgent.
    state: AtomicU8,
    waker: AtomicWaker,
    close_code: CloseCode,
}

impl EndOrder {
    /// No order yet. A WebSocket whose client loses its right is closed with this code.
    #[must_use]
    pub fn new(close_code: CloseCode) -> Self {
        Self { close_code, ..Self::default() }
    }

    /// Orders the stream to end at its next message boundary. Returns whether this was the first order.
    pub fn give(&self, by: EndedBy) -> bool {
        let word = by as u8 + 1;
        let is_first = self.state.compare_exchange(0, word, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if is_first {
            self.waker.wake();
        }
        is_first
    }

    /// Lets a stream that was ordered to end wait for a boundary no longer. Without an order it does nothing.
    pub fn insist(&self) {
        if self.given().is_some() {
            self.state.fetch_or(AT_ONCE, Ordering::AcqRel);
            self.waker.wake();
        }
    }

    /// The cause; `None` while nothing was ordered.
    #[must_use]
    pub fn given(&self) -> Option<EndedBy> {
        let word = self.state.load(Ordering::Acquire) & !AT_ONCE;
        EndedBy::ALL.get(usize::from(word.checked_sub(1)?)).copied()
    }

    /// Whether the stream must end without waiting for a message boundary.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.state.load(Ordering::Acquire) & AT_ONCE != 0
    }

    /// The code with which a WebSocket is closed whose client lost its right.
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        self.close_code
    }

    /// Wakes the task of `cx` at the next order. Call [`given`](Self::given) after this, or an order in between is missed.
    pub fn listen(&self, cx: &Context<'_>) {
        self.waker.register(cx.waker());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_first_cause_counts_and_each_step_wakes_the_task() {
        let (order, woken) = (EndOrder::default(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        order.insist();
        assert!(order.given().is_none() && !order.is_urgent(), "nothing was ordered yet");
        order.listen(&Context::from_waker(&waker));
        assert!(order.give(EndedBy::Revoked) && !order.give(EndedBy::Operator));
        assert_eq!((order.given(), order.is_urgent()), (Some(EndedBy::Revoked), false));
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        order.listen(&Context::from_waker(&waker));
        order.insist();
        assert_eq!((order.given(), order.is_urgent()), (Some(EndedBy::Revoked), true));
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn every_cause_can_be_given() {
        for by in EndedBy::ALL {
            let order = EndOrder::default();
            order.give(*by);
            assert_eq!(order.given(), Some(*by));
        }
    }
}
