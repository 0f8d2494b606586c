//! What the request path knows of spans: ids at the beginning, and one question at the end.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::model::{Decision, Instant, SpanId, TraceContext, TraceId};
use crate::telemetry::{EndedTask, SpanMetrics};

use super::collector::{Collector, CollectorError};
use super::exporter::{self, Ended, Queue, SpansGuard, Words};
use super::options::Options;
use super::sampling::{Cap, Sampling};
use super::span::EndedSpan;
use super::trace::{Parents, Trace};

/// Makes spans. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tracer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    queue: Arc<Queue>,
    sampling: Sampling,
    parents: Parents,
    cap: Cap,
    names_mcp: bool,
}

impl Tracer {
    /// A tracer of these options, and the thread that sends what it makes.
    ///
    /// # Errors
    /// When there is no client for the collector.
    pub fn start(options: Options, metrics: SpanMetrics) -> Result<(Self, SpansGuard), CollectorError> {
        let Options { destination, sampling, parents, mcp, interval, resource, subject_key } = options;
        let collector = Collector::new(destination)?;
        let words = Words { resource, subject_key };
        let started = exporter::start(collector, words, interval, metrics);
        let (queue, guard) = started.map_err(|error| CollectorError::Client(error.to_string()))?;
        let parts = Parts { queue, sampling, parents, cap: Cap::default(), names_mcp: mcp };
        Ok((Self(Arc::new(parts)), guard))
    }

    /// The ids of a request with these fields, whose peer may be a trusted proxy.
    #[must_use]
    pub fn begin(&self, headers: &HeaderMap, is_trusted: bool) -> Trace {
        Trace::begin(headers, is_trusted, self.0.parents, &self.0.sampling, rand::random)
    }

    /// Keeps the spans of a request that has ended at `now`, if it is one of those that are kept; `ended` is asked for only
    /// then. `to_head` is how long the head of its response took.
    pub fn end(
        &self,
        trace: &Trace,
        (decision, status): (Decision, u16),
        to_head: Duration,
        now: Instant,
        ended: impl FnOnce() -> EndedSpan,
    ) {
        let Parts { queue, sampling, cap, .. } = &*self.0;
        if !trace.context.sampled {
            if !sampling.keeps(trace.id(), decision, status, to_head) {
                return;
            }
            if !cap.admits(now, sampling.keep_per_second) {
                return queue.metrics.capped();
            }
        }
        queue.give(Ended::Request(*trace, ended()));
    }

    /// Keeps the span of the gateway's own work, in a trace of its own; always, as far as there is room.
    pub fn task_ended(&self, ended: EndedTask) {
        let context = TraceContext {
            trace: TraceId::of(rand::random()),
            span: SpanId::of(rand::random()),
            sampled: true,
        };
        self.0.queue.give(Ended::Task(context, ended));
    }

    /// Whether spans name operations of MCP.
    #[must_use]
    pub fn names_mcp(&self) -> bool {
        self.0.names_mcp
    }
}
