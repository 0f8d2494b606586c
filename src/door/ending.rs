//! The end of a stream that was ordered to end: at its next message boundary, or at once when the wait for one is over.
//!
//! The order comes from outside, and the boundaries from the phases. `proxy` writes the message at the end, and `http1` that
//! of a WebSocket.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crate::model::{EndOrder, EndedBy};

/// The end of one request's stream. It belongs to one task; only the order is shared.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// The order, once the response has turned out to be a stream.
    order: OnceLock<Arc<EndOrder>>,
    /// Whether a message has begun and is incomplete.
    is_within: AtomicBool,
    /// Zero, or one more than the index in [`ENDED_AT`] of where it was ended.
    ended: AtomicU8,
}

/// The position at which a stream was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndedAt {
    /// Between two messages.
    Boundary,
    /// Within a message that was not complete in time.
    Within,
    /// Within a write to a client that does not read: nothing more can be written.
    Writing,
}

/// Every position, in the order of its declaration, which `ended` counts by.
const ENDED_AT: [EndedAt; 3] = [EndedAt::Boundary, EndedAt::Within, EndedAt::Writing];

impl Ending {
    /// Makes the request a stream that ends when `order` is given.
    pub(crate) fn obey(&self, order: Arc<EndOrder>) {
        // A request has one response, so the cell is empty.
        let _first = self.order.set(order);
    }

    /// The order, given or not; `None` where the response is no stream.
    pub(crate) fn order(&self) -> Option<&EndOrder> {
        self.order.get().map(Arc::as_ref)
    }

    /// The cause of a given order.
    pub(crate) fn ordered(&self) -> Option<EndedBy> {
        self.order()?.given()
    }

    /// The cause of a given order; the task is woken when it is given, and when it becomes urgent.
    pub(crate) fn heard(&self, cx: &Context<'_>) -> Option<EndedBy> {
        self.listened(cx)?.given()
    }

    /// The cause and the position, once the stream was ended.
    pub(crate) fn ended(&self) -> Option<(EndedBy, EndedAt)> {
        let at = ENDED_AT.get(usize::from(self.ended.load(Ordering::Relaxed).checked_sub(1)?)).copied()?;
        Some((self.ordered()?, at))
    }

    /// Notes whether the bytes so far end within a message.
    pub(crate) fn moved(&self, is_within: bool) {
        self.is_within.store(is_within, Ordering::Relaxed);
    }

    /// Ends the stream. Of several positions the first one counts.
    pub(crate) fn end(&self, at: EndedAt) {
        let word = at as u8 + 1;
        // It fails only when the stream was ended before.
        let _first = self.ended.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Ready when the stream must end now. The task is woken for it.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(order) = self.listened(cx) else { return Poll::Pending };
        if self.is_within.load(Ordering::Relaxed) {
            if !order.is_urgent() {
                return Poll::Pending;
            }
            self.end(EndedAt::Within);
        }
        // After `Within` this changes nothing.
        self.end(EndedAt::Boundary);
        Poll::Ready(())
    }

    /// Ready when the stream must end although a write waits for the client.
    pub(crate) fn poll_writing(&self, cx: &Context<'_>) -> Poll<()> {
        if self.listened(cx).is_some_and(EndOrder::is_urgent) {
            self.end(EndedAt::Writing);
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// The order, once it is given.
    fn listened(&self, cx: &Context<'_>) -> Option<&EndOrder> {
        let order = self.order()?;
        order.listen(cx);
        order.given().is_some().then_some(order)
    }
}

#[cfg(test)]
mod tests {
    use futures::task::noop_waker_ref;

    use super::*;

    fn ordered() -> (Ending, Arc<EndOrder>) {
        let (ending, order) = (Ending::default(), Arc::new(EndOrder::default()));
        ending.obey(Arc::clone(&order));
        (ending, order)
    }

    fn is_ready(ending: &Ending) -> bool {
        ending.poll(&Context::from_waker(noop_waker_ref())).is_ready()
    }

    fn ends_a_write(ending: &Ending) -> bool {
        ending.poll_writing(&Context::from_waker(noop_waker_ref())).is_ready()
    }

    #[test]
    fn a_response_that_is_no_stream_never_ends_by_order() {
        assert!(!is_ready(&Ending::default()));
    }

    #[test]
    fn a_stream_ends_at_a_boundary() {
        let (ending, order) = ordered();
        assert!(!is_ready(&ending));
        ending.moved(true);
        order.give(EndedBy::Policy);
        assert!(!is_ready(&ending) && ending.ended().is_none());
        ending.moved(false);
        assert!(is_ready(&ending));
        assert_eq!(ending.ended(), Some((EndedBy::Policy, EndedAt::Boundary)));
    }

    #[test]
    fn a_message_that_is_incomplete_when_the_wait_is_over_is_cut() {
        let (ending, order) = ordered();
        ending.moved(true);
        order.give(EndedBy::Policy);
        order.insist();
        assert!(is_ready(&ending));
        assert_eq!(ending.ended(), Some((EndedBy::Policy, EndedAt::Within)));
    }

    #[test]
    fn a_write_may_wait_as_long_as_a_boundary() {
        let (ending, order) = ordered();
        order.give(EndedBy::Operator);
        assert!(!ends_a_write(&ending));
        order.insist();
        assert!(ends_a_write(&ending));
        assert_eq!(ending.ended(), Some((EndedBy::Operator, EndedAt::Writing)));
    }
}
