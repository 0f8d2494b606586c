//! Spans of requests and of the gateway's own work, the access log as log records beside them, and the collector that both are
//! sent to (OTLP over HTTP, in protobuf).
//!
//! A span is made at the end of a request, from what is known then, so that one that is not kept costs nothing but its ids.
//! A thread of its own sends them: no request waits for a collector, and what finds no room is dropped and counted. Which
//! peers are trusted, and what a request was, others say.

mod attributes;
mod collector;
mod ended_span;
mod exporter;
mod log_record;
mod message;
mod options;
mod sampling;
mod signal;
mod span;
mod subject_key;
mod task_span;
mod trace;
mod tracer;

pub use collector::CollectorError;
pub use ended_span::{EndedSpan, McpCall};
pub use exporter::SpansGuard;
pub use options::{Destination, Environment, Options, OptionsError, Tls, Written, fields, resource};
pub use sampling::Sampling;
pub use signal::Signal;
pub use subject_key::{BadSubjectKey, SubjectKey};
pub use trace::{Parents, Trace};
pub use tracer::Tracer;
