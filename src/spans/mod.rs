//! Spans of requests and of the gateway's own work, and the collector that they are sent to (OTLP over HTTP, in protobuf).
//!
//! A span is made at the end of a request, from what is known then, so that one that is not kept costs nothing but its ids.
//! A thread of its own sends them: no request waits for a collector, and what finds no room is dropped and counted. Which
//! peers are trusted, and what a request was, others say.

mod collector;
mod exporter;
mod options;
mod sampling;
mod span;
mod subject_key;
mod task_span;
mod trace;
mod tracer;

pub use collector::CollectorError;
pub use exporter::SpansGuard;
pub use options::{Destination, Environment, Options, OptionsError, Tls, Written, fields, resource};
pub use sampling::Sampling;
pub use span::{EndedSpan, McpCall};
pub use subject_key::{BadSubjectKey, SubjectKey};
pub use trace::{Parents, Trace};
pub use tracer::Tracer;
