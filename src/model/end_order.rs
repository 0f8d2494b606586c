//! An order to end a stream: given from any thread, taken by the task that serves the stream.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Context;

use futures::task::AtomicWaker;

use super::EndedBy;

/// Set when the stream must end wherever it is.
const AT_ONCE: u8 = 0x80;

/// Whether one stream is to end, by what, and how urgently. The first cause stays.
#[derive(Debug, Default)]
pub struct EndOrder {
    /// Zero, or the place of the cause in [`EndedBy::ALL`] and one; [`AT_ONCE`] on top.
    said: AtomicU8,
    waker: AtomicWaker,
}

impl EndOrder {
    /// Orders the stream to end at its next message boundary. Says whether nobody had ordered it before.
    pub fn give(&self, by: EndedBy) -> bool {
        let word = by as u8 + 1;
        let is_first = self.said.compare_exchange(0, word, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if is_first {
            self.waker.wake();
        }
        is_first
    }

    /// Lets a stream that was ordered to end wait for no boundary any more.
    pub fn insist(&self) {
        if self.given().is_some() {
            self.said.fetch_or(AT_ONCE, Ordering::AcqRel);
            self.waker.wake();
        }
    }

    /// What ends the stream, once that was ordered.
    #[must_use]
    pub fn given(&self) -> Option<EndedBy> {
        let word = self.said.load(Ordering::Acquire) & !AT_ONCE;
        EndedBy::ALL.get(usize::from(word.checked_sub(1)?)).copied()
    }

    /// Whether the stream must end wherever it is.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.said.load(Ordering::Acquire) & AT_ONCE != 0
    }

    /// Wakes the task of `cx` when something is ordered. Ask what is ordered after this.
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
    fn the_first_cause_stays_and_each_step_wakes_who_listens() {
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
