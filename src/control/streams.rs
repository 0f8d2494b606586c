//! Running streams: a change that revokes their authorization ends them, and an operator can list and end them.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::model::{AgentName, EndedBy, Instant, StreamKind};
use crate::routing::{lost, moved};
use crate::upstream::{BOUNDARY_WAIT, Ended, Running, Stream, StreamId};

use super::handle::{Control, Order};
use super::reconciler::Reconciler;

/// Which streams of an agent an operator ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All streams.
    All,
    /// The stream with this id.
    One(StreamId),
}

impl Reconciler {
    /// The same handle, for a gateway with these streams.
    #[must_use]
    pub fn with_running(mut self, running: Running) -> Self {
        self.control.running = running;
        self
    }

    /// Writes down what an operator did to what runs, which changes no configuration.
    pub(super) async fn note_done(&self, who: &str, what: &str) {
        self.write_note(who, what).await;
    }
}

impl Control {
    /// Ends the streams that this snapshot and its denials no longer authorize, and returns how many. A stream that begins
    /// meanwhile checks itself.
    pub(super) fn end_lost_streams(&self, snapshot: &Snapshot, now: Instant) -> usize {
        let ended = self.running.end(|stream| {
            let facts = &stream.facts;
            lost(facts, snapshot.agents.get(&facts.agent).map(Arc::as_ref), now)
        });
        // What is due in the past by now ends at the next look.
        self.running.note_ends(|facts| moved(facts, snapshot.agents.get(&facts.agent).map(Arc::as_ref)));
        let count = ended.count();
        if count > 0 {
            tracing::info!(streams = count, "running streams end: a change takes their right away");
        }
        insist_after(BOUNDARY_WAIT, ended);
        count
    }

    /// Ends all streams but plain bodies, since the gateway is about to go away: their clients are told, and what is left then
    /// is cut.
    pub fn end_streams_of_drain(&self) {
        let ended =
            self.running.end(|stream| (stream.facts.kind != StreamKind::Body).then_some(EndedBy::Drain));
        if ended.count() > 0 {
            tracing::info!(streams = ended.count(), "running streams end: the drain time is nearly over");
        }
        insist_after(BOUNDARY_WAIT, ended);
    }

    /// The running streams of an agent, oldest first.
    #[must_use]
    pub fn streams(&self, agent: &AgentName) -> Vec<Arc<Stream>> {
        self.running.of(agent)
    }

    /// Ends streams of an agent at once, and returns how many. Streams that are ending already do not count.
    #[must_use]
    pub fn end_streams(&self, who: &str, agent: &AgentName, which: Which) -> usize {
        let ended = self.running.end(|stream| {
            let is_meant = match which {
                Which::All => true,
                Which::One(id) => stream.id == id,
            };
            (is_meant && stream.facts.agent == *agent).then_some(EndedBy::Operator)
        });
        let count = ended.count();
        insist_after(BOUNDARY_WAIT, ended);
        if count > 0 {
            let what = format!("ended {count} running streams of agents/{agent}");
            tracing::info!(who, what, "running streams were ended");
            // A failure to log does not keep a stream open.
            let _noted = self.orders.try_send(Order::NoteDone { who: who.to_owned(), what, written: None });
        }
        count
    }
}

/// Gives streams so long to find a message boundary, then ends those that found none where they are.
pub(super) fn insist_after(wait: Duration, ended: Ended) {
    if !ended.is_empty() {
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            ended.insist();
        });
    }
}
