//! The thread that sends spans: in batches, again after a while where that helps, and never more than fit into the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use tokio::sync::Notify;

use crate::model::TraceContext;
use crate::telemetry::{EndedTask, SpanMetrics, ThreadEnd, start_thread};

use super::collector::{Answer, Collector};
use super::span::{self, EndedSpan};
use super::subject_key::SubjectKey;
use super::task_span;
use super::trace::Trace;

/// Requests whose spans wait: some seconds of refusals, in a few megabytes.
const WAITING: usize = 2048;
/// So many are worth a message at once.
const BATCH: usize = 512;
/// The first wait after a failure, which doubles, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The shortest wait that a collector can ask for.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
/// How long the end waits for the last spans.
const LAST: Duration = Duration::from_secs(2);

/// What becomes spans.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are requests")]
pub(super) enum Ended {
    Request(Trace, EndedSpan),
    Task(TraceContext, EndedTask),
}

/// Requests that wait for their spans to be sent.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: ArrayQueue<Ended>,
    full: Notify,
    ending: AtomicBool,
    pub(super) metrics: SpanMetrics,
}

/// Keeps the thread alive; dropping it sends what still waits, if the collector takes it soon.
#[derive(Debug)]
pub struct SpansGuard(#[expect(dead_code, reason = "held for its drop")] ThreadEnd);

impl Queue {
    fn new(metrics: SpanMetrics) -> Self {
        Self {
            waiting: ArrayQueue::new(WAITING),
            full: Notify::new(),
            ending: AtomicBool::new(false),
            metrics,
        }
    }

    /// Gives one away, or drops it.
    pub(super) fn give(&self, ended: Ended) {
        if self.waiting.push(ended).is_err() {
            self.metrics.dropped(1);
        } else if self.waiting.len() == BATCH {
            self.full.notify_one();
        }
    }

    fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
        self.full.notify_one();
    }

    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }
}

/// Starts the thread.
pub(super) fn start(
    collector: Collector,
    words: Words,
    interval: Duration,
    metrics: SpanMetrics,
) -> std::io::Result<(Arc<Queue>, SpansGuard)> {
    let queue = Arc::new(Queue::new(metrics));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exporter = Exporter { queue: Arc::clone(&queue), collector, words, interval, outage: false };
    let (started, ended) = start_thread("spans".to_owned(), move || runtime.block_on(exporter.run()));
    started?;
    let last = Arc::clone(&queue);
    Ok((queue, SpansGuard(ended.asked_by(move || last.end(), LAST))))
}

/// Puts requests into messages.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) resource: Vec<(String, String)>,
    pub(super) subject_key: Option<SubjectKey>,
}

impl Words {
    fn message(&self, batch: &[Ended]) -> (usize, Bytes) {
        let mut spans: Vec<Span> = Vec::with_capacity(2 * batch.len());
        for ended in batch {
            match ended {
                Ended::Request(trace, ended) => {
                    spans.extend(span::words(trace, ended, self.subject_key.as_ref()));
                }
                Ended::Task(context, ended) => spans.push(task_span::words(context, ended)),
            }
        }
        let count = spans.len();
        let attributes = self.resource.iter().map(|(key, value)| span::text(key, value)).collect();
        let scope = InstrumentationScope {
            name: "portcullis".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(Resource { attributes, ..Resource::default() }),
                scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }],
                ..ResourceSpans::default()
            }],
        };
        (count, request.encode_to_vec().into())
    }
}

struct Exporter {
    queue: Arc<Queue>,
    collector: Collector,
    words: Words,
    interval: Duration,
    /// Whether the log has been told that the collector takes nothing.
    outage: bool,
}

impl Exporter {
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
            let (count, message) = self.words.message(&batch);
            drop(batch);
            if self.delivers(&message).await {
                self.queue.metrics.sent(count);
            } else {
                self.queue.metrics.dropped(count);
            }
        }
    }

    /// Sends a message until it is taken or refused. What comes meanwhile waits, as far as there is room. At the end there is
    /// no second time.
    async fn delivers(&mut self, message: &Bytes) -> bool {
        let (mut wait, longest) = BACK_OFF;
        loop {
            match self.collector.send(message).await {
                Answer::Taken => {
                    if std::mem::take(&mut self.outage) {
                        tracing::info!("the collector takes spans again");
                    }
                    return true;
                }
                Answer::Refused(why) => {
                    self.tell(&why);
                    return false;
                }
                Answer::Later { why, .. } if self.queue.is_ending() => {
                    self.tell(&why);
                    return false;
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

    async fn ending(&self) {
        while !self.queue.is_ending() {
            self.queue.full.notified().await;
        }
    }

    /// Once an outage.
    fn tell(&mut self, why: &str) {
        if !std::mem::replace(&mut self.outage, true) {
            tracing::warn!(
                why,
                "the collector does not take spans; they wait, and what finds no room is dropped"
            );
        }
    }
}
