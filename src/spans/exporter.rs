//! The thread that sends spans and log records: in batches, again after a while where that helps, and never more than fit into
//! their queues. Neither waits for the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::telemetry::{ExportMetrics, ThreadEnd, start_thread};

use super::collector::{Answer, Collector, Rejected};
use super::log_record::EndedLog;
use super::message::{Ended, Exported, Sender};

/// Requests that wait to be sent: some seconds of refusals, in a few megabytes.
const WAITING: usize = 2048;
/// So many are worth a message at once.
const BATCH: usize = 512;
/// The first wait after a failure, which doubles, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The shortest wait that a collector can ask for.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
/// The least time between two sentences about what a collector rejects of messages that it takes.
const QUIET: Duration = Duration::from_secs(60);
/// How long the end waits for the last messages.
const LAST: Duration = Duration::from_secs(2);

/// What waits to be sent.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: ArrayQueue<T>,
    /// There is enough for a message, or the end has come.
    full: Notify,
    /// The end has come.
    over: Notify,
    ending: AtomicBool,
    metrics: ExportMetrics,
}

/// Keeps the thread alive; dropping it sends what still waits, if the collector takes it soon.
#[derive(Debug)]
pub struct SpansGuard(#[expect(dead_code, reason = "held for its drop")] ThreadEnd);

impl<T> Queue<T> {
    fn new(metrics: ExportMetrics) -> Self {
        Self {
            waiting: ArrayQueue::new(WAITING),
            full: Notify::new(),
            over: Notify::new(),
            ending: AtomicBool::new(false),
            metrics,
        }
    }

    /// Gives one away, or drops it; says which.
    pub(super) fn give(&self, ended: T) -> bool {
        if self.waiting.push(ended).is_err() {
            self.metrics.dropped(1);
            return false;
        }
        if self.waiting.len() >= BATCH {
            // Several may have come at once, so that nobody saw just so many.
            self.full.notify_one();
        }
        true
    }

    fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
        self.full.notify_one();
        self.over.notify_one();
    }

    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }
}

/// Starts the thread.
pub(super) fn start(spans: Exporter<Ended>, logs: Option<Exporter<EndedLog>>) -> std::io::Result<SpansGuard> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (last_spans, last_logs) = (spans.queue(), logs.as_ref().map(Exporter::queue));
    let run = async move {
        let logs = async {
            if let Some(logs) = logs {
                logs.run().await;
            }
        };
        tokio::join!(spans.run(), logs);
    };
    let (started, ended) = start_thread("spans".to_owned(), move || runtime.block_on(run));
    started?;
    let end = move || {
        last_spans.end();
        if let Some(logs) = &last_logs {
            logs.end();
        }
    };
    Ok(SpansGuard(ended.asked_by(end, LAST)))
}

/// Sends what waits in one queue.
#[derive(Debug)]
pub(super) struct Exporter<T> {
    queue: Arc<Queue<T>>,
    collector: Collector,
    sender: Sender,
    interval: Duration,
    /// Whether the log has been told that the collector takes nothing.
    outage: bool,
    /// When the log was last told that it took a message, but not all of it.
    rejects: Option<Instant>,
}

impl<T: Exported> Exporter<T> {
    /// One with an empty queue.
    pub(super) fn new(
        collector: Collector,
        sender: Sender,
        interval: Duration,
        metrics: ExportMetrics,
    ) -> Self {
        let queue = Arc::new(Queue::new(metrics));
        Self { queue, collector, sender, interval, outage: false, rejects: None }
    }

    /// What it sends from.
    pub(super) fn queue(&self) -> Arc<Queue<T>> {
        Arc::clone(&self.queue)
    }

    async fn run(mut self) {
        while !self.queue.is_ending() {
            // Whichever comes first: enough for a message, or time enough.
            let _elapsed = tokio::time::timeout(self.interval, self.queue.full.notified()).await;
            self.send_all().await;
        }
        let _in_time = tokio::time::timeout(LAST, self.send_all()).await;
    }

    async fn send_all(&mut self) {
        loop {
            let batch: Vec<_> = std::iter::from_fn(|| self.queue.waiting.pop()).take(BATCH).collect();
            if batch.is_empty() {
                return;
            }
            let (count, message) = T::message(&batch, &self.sender);
            drop(batch);
            let taken = self.delivers(&message, count).await;
            self.queue.metrics.sent(taken);
            self.queue.metrics.dropped(count - taken);
        }
    }

    /// Sends a message until it is taken or refused, and says how many of its `count` were taken. What comes meanwhile waits, as
    /// far as there is room. At the end there is no second time.
    async fn delivers(&mut self, message: &Bytes, count: usize) -> usize {
        let (mut wait, longest) = BACK_OFF;
        loop {
            match self.collector.send(message).await {
                Answer::Taken(rejected) => {
                    if std::mem::take(&mut self.outage) {
                        tracing::info!("the collector takes {} again", T::SIGNAL.name());
                    }
                    return rejected.map_or(count, |rejected| self.rest(count, &rejected));
                }
                Answer::Refused(why) => {
                    self.tell(&why);
                    return 0;
                }
                Answer::Later { why, .. } if self.queue.is_ending() => {
                    self.tell(&why);
                    return 0;
                }
                Answer::Later { why, after } => {
                    self.tell(&why);
                    // One that asks for no pause would be asked without a pause.
                    let pause = after.map_or(wait, |said| said.clamp(LEAST_PAUSE, longest));
                    let _woken = tokio::time::timeout(pause, self.ending()).await;
                    wait = (2 * wait).min(longest);
                }
            }
        }
    }

    /// How many of `count` were not rejected; the same message would meet the same answer.
    fn rest(&mut self, count: usize, rejected: &Rejected) -> usize {
        let lost = usize::try_from(rejected.count).unwrap_or(usize::MAX).min(count);
        let now = Instant::now();
        if self.rejects.is_none_or(|told| now.duration_since(told) >= QUIET) {
            self.rejects = Some(now);
            let name = T::SIGNAL.name();
            tracing::warn!(why = &*rejected.why, "the collector rejected {lost} of {count} {name}");
        }
        count - lost
    }

    async fn ending(&self) {
        while !self.queue.is_ending() {
            self.queue.over.notified().await;
        }
    }

    /// Once an outage.
    fn tell(&mut self, why: &str) {
        if !std::mem::replace(&mut self.outage, true) {
            let name = T::SIGNAL.name();
            tracing::warn!(
                why,
                "the collector does not take {name}; they wait, and what finds no room is dropped"
            );
        }
    }
}
