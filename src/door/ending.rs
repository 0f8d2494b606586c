//! How a stream that was ordered to end stops: at its next message boundary, or where it is when nobody waits any
//! longer.
//!
//! The order comes from outside; where a boundary is, the phases say; what is said at the end is for `proxy`, and for
//! `http1` where it is a WebSocket.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crate::model::{EndOrder, EndedBy};

/// The end of one request's stream. One task has it; the order alone is shared.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// There once the request has turned out to be a stream.
    order: OnceLock<Arc<EndOrder>>,
    /// Whether a message has begun and is not whole.
    is_within: AtomicBool,
    /// How it ended, as a number of [`HOW`] and one.
    ended: AtomicU8,
}

/// Where a stream was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndedAt {
    /// Between two messages.
    Boundary,
    /// Within a message that did not come whole in time.
    Within,
    /// Within a write that the client did not take: nothing more can be written.
    Writing,
}

const HOW: [EndedAt; 3] = [EndedAt::Boundary, EndedAt::Within, EndedAt::Writing];

impl Ending {
    /// The request is a stream, and ends when this is given.
    pub(crate) fn obey(&self, order: Arc<EndOrder>) {
        // A request has one answer, so the cell is new.
        let _first = self.order.set(order);
    }

    /// The order, where there is one to be given.
    pub(crate) fn order(&self) -> Option<&EndOrder> {
        self.order.get().map(Arc::as_ref)
    }

    /// What is to end the stream.
    pub(crate) fn ordered(&self) -> Option<EndedBy> {
        self.order()?.given()
    }

    /// The same, and the order; the task is woken when it is ordered, or is to wait for nothing any more.
    pub(crate) fn heard(&self, cx: &Context<'_>) -> Option<(EndedBy, &EndOrder)> {
        let order = self.listened(cx)?;
        Some((order.given()?, order))
    }

    /// What has ended the stream, and where.
    pub(crate) fn ended(&self) -> Option<(EndedBy, EndedAt)> {
        let at = HOW.get(usize::from(self.ended.load(Ordering::Relaxed).checked_sub(1)?)).copied()?;
        Some((self.ordered()?, at))
    }

    /// A piece has passed: does it end within a message?
    pub(crate) fn moved(&self, is_within: bool) {
        self.is_within.store(is_within, Ordering::Relaxed);
    }

    /// The stream ends here. The first place stays.
    pub(crate) fn end(&self, at: EndedAt) {
        let word = at as u8 + 1;
        // One task calls this.
        let _first = self.ended.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Ready when the stream is to end. The task is woken for it.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(order) = self.listened(cx) else { return Poll::Pending };
        if self.is_within.load(Ordering::Relaxed) {
            if !order.is_urgent() {
                return Poll::Pending;
            }
            self.end(EndedAt::Within);
        }
        self.end(EndedAt::Boundary);
        Poll::Ready(())
    }

    /// The same while a write waits for the client.
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
    fn a_request_that_is_no_stream_never_ends_this_way() {
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
    fn a_message_that_does_not_come_whole_is_cut() {
        let (ending, order) = ordered();
        ending.moved(true);
        order.give(EndedBy::Policy);
        order.insist();
        assert!(is_ready(&ending));
        assert_eq!(ending.ended(), Some((EndedBy::Policy, EndedAt::Within)));
    }

    #[test]
    fn a_write_has_as_long_as_a_boundary_has() {
        let (ending, order) = ordered();
        order.give(EndedBy::Operator);
        assert!(!ends_a_write(&ending));
        order.insist();
        assert!(ends_a_write(&ending));
        assert_eq!(ending.ended(), Some((EndedBy::Operator, EndedAt::Writing)));
    }
}
