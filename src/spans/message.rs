//! What waits for the collector, put into the messages of OTLP.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use crate::model::TraceContext;
use crate::telemetry::EndedTask;

use super::attributes;
use super::ended_span::EndedSpan;
use super::log_record::{self, EndedLog};
use super::signal::Signal;
use super::subject_key::SubjectKey;
use super::trace::Trace;
use super::{span, task_span};

/// Something that becomes a part of a message.
pub(super) trait Exported: Send + Sized + 'static {
    /// What messages of it hold.
    const SIGNAL: Signal;

    /// The message of a batch, and how many it holds.
    fn message(batch: &[Self], sender: &Sender) -> (usize, Bytes);
}

/// What becomes spans.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are requests")]
pub(super) enum Ended {
    Request(Trace, EndedSpan),
    Task(TraceContext, EndedTask),
}

/// What all messages say of the process, and how they name subjects.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) resource: Vec<(String, String)>,
    pub(super) subject_key: Option<SubjectKey>,
}

impl Sender {
    fn resource(&self) -> Resource {
        let attributes = self.resource.iter().map(|(key, value)| attributes::text(key, value)).collect();
        Resource { attributes, ..Resource::default() }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "portcullis".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

impl Exported for Ended {
    const SIGNAL: Signal = Signal::Traces;

    fn message(batch: &[Self], sender: &Sender) -> (usize, Bytes) {
        let mut spans: Vec<Span> = Vec::with_capacity(2 * batch.len());
        for ended in batch {
            match ended {
                Self::Request(trace, ended) => {
                    spans.extend(span::words(trace, ended, sender.subject_key.as_ref()));
                }
                Self::Task(context, ended) => spans.push(task_span::words(context, ended)),
            }
        }
        let count = spans.len();
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(sender.resource()),
                scope_spans: vec![ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() }],
                ..ResourceSpans::default()
            }],
        };
        (count, request.encode_to_vec().into())
    }
}

impl Exported for EndedLog {
    const SIGNAL: Signal = Signal::Logs;

    fn message(batch: &[Self], sender: &Sender) -> (usize, Bytes) {
        let log_records = batch.iter().map(|logged| log_record::words(logged, sender.subject_key.as_ref()));
        let scope_logs =
            ScopeLogs { scope: Some(scope()), log_records: log_records.collect(), ..ScopeLogs::default() };
        let request = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(sender.resource()),
                scope_logs: vec![scope_logs],
                ..ResourceLogs::default()
            }],
        };
        (batch.len(), request.encode_to_vec().into())
    }
}
