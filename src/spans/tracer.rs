//! What the request path knows of spans and of the access log at the collector: ids at the beginning, and two questions at the
//! end.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::model::{Decision, Instant, SpanId, TraceContext, TraceId};
use crate::telemetry::{EndedTask, Metrics, SpanMetrics};

use super::collector::{Collector, CollectorError};
use super::ended_span::EndedSpan;
use super::exporter::{self, Exporter, Queue, SpansGuard};
use super::log_record::EndedLog;
use super::message::{Ended, Sender};
use super::options::Options;
use super::sampling::{Cap, Sampling};
use super::trace::{Parents, Trace};

/// Makes spans. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tracer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    spans: Arc<Queue<Ended>>,
    /// Absent where the collector does not get the access log.
    logs: Option<Arc<Queue<EndedLog>>>,
    metrics: SpanMetrics,
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
    pub fn start(options: Options, metrics: &Metrics) -> Result<(Self, SpansGuard), CollectorError> {
        let Options { spans, logs, sampling, parents, mcp, interval, resource, subject_key } = options;
        let sender = Sender { resource, subject_key };
        let logs = match logs {
            Some(logs) => {
                let metrics = metrics.log_records();
                Some(Exporter::new(Collector::new(logs)?, sender.clone(), interval, metrics))
            }
            None => None,
        };
        let metrics = metrics.spans();
        let spans = Exporter::new(Collector::new(spans)?, sender, interval, metrics.kept.clone());
        let parts = Parts {
            spans: spans.queue(),
            logs: logs.as_ref().map(Exporter::queue),
            metrics,
            sampling,
            parents,
            cap: Cap::default(),
            names_mcp: mcp,
        };
        let guard =
            exporter::start(spans, logs).map_err(|error| CollectorError::Client(error.to_string()))?;
        Ok((Self(Arc::new(parts)), guard))
    }

    /// The ids of a request with these fields, whose peer may be a trusted proxy.
    #[must_use]
    pub fn begin(&self, headers: &HeaderMap, is_trusted: bool) -> Trace {
        Trace::begin(headers, is_trusted, self.0.parents, &self.0.sampling, rand::random)
    }

    /// Keeps the spans of a request that has ended at `now`, if it is one of those that are kept; `ended` is asked for only
    /// then. `to_head` is how long the head of its response took. Says whether they are kept.
    #[must_use]
    pub fn end(
        &self,
        trace: &Trace,
        (decision, status): (Decision, u16),
        to_head: Duration,
        now: Instant,
        ended: impl FnOnce() -> EndedSpan,
    ) -> bool {
        let Parts { spans, metrics, sampling, cap, .. } = &*self.0;
        if !trace.context.sampled {
            if !sampling.keeps(trace.id(), decision, status, to_head) {
                return false;
            }
            if !cap.admits(now, sampling.keep_per_second) {
                metrics.capped();
                return false;
            }
        }
        spans.give(Ended::Request(*trace, ended()))
    }

    /// Keeps the line of the access log for a request that has ended, if the collector gets that; `ended` is asked for only then.
    /// `trace` is the request's place in a trace, where it has one.
    pub fn log(&self, trace: Option<&Trace>, ended: impl FnOnce() -> EndedSpan) {
        if let Some(logs) = &self.0.logs {
            let _has_room = logs.give(EndedLog { context: trace.map(|trace| trace.context), ended: ended() });
        }
    }

    /// Keeps the span of the gateway's own work, in a trace of its own; always, as far as there is room.
    pub fn task_ended(&self, ended: EndedTask) {
        let context = TraceContext {
            trace: TraceId::of(rand::random()),
            span: SpanId::of(rand::random()),
            sampled: true,
        };
        let _has_room = self.0.spans.give(Ended::Task(context, ended));
    }

    /// Whether spans name operations of MCP.
    #[must_use]
    pub fn names_mcp(&self) -> bool {
        self.0.names_mcp
    }
}
