//! The span of work that no request asked for: a trace of its own.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};

use crate::model::TraceContext;
use crate::telemetry::{EndedTask, Task};

use super::attributes::{nanoseconds, number, shortened, text};
use super::span::flags;

/// The span of ended work, the only one of its trace.
pub(super) fn words(context: &TraceContext, ended: &EndedTask) -> Span {
    let EndedTask { task, at, took, failure } = ended;
    let (name, mut attributes) = match task {
        Task::KeyFetch { provider, trigger, result } => {
            let fields =
                [("provider", provider.as_str()), ("trigger", trigger), ("result", result)].into_iter();
            ("fetch keys", fields.map(|(key, value)| text(&format!("portcullis.{key}"), value)).collect())
        }
        Task::StoreCommit { revision, resources } => {
            let mut attributes = vec![number("portcullis.resources", *resources as u64)];
            attributes.extend(revision.map(|revision| number("portcullis.store_revision", revision)));
            ("commit to the store", attributes)
        }
    };
    attributes.extend(failure.as_ref().map(|_| text("error.type", "_OTHER")));
    let status = failure
        .as_ref()
        .map(|why| Status { code: StatusCode::Error.into(), message: shortened(why).to_owned() });
    let began: Duration = at.since_epoch();
    Span {
        trace_id: context.trace.to_bytes().to_vec(),
        span_id: context.span.to_bytes().to_vec(),
        flags: flags(context),
        name: name.to_owned(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanoseconds(began),
        end_time_unix_nano: nanoseconds(began + *took),
        attributes,
        status,
        ..Span::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Instant, SpanId, TraceId};

    use super::*;

    #[test]
    fn work_is_one_span_and_an_error_only_when_it_failed() {
        let context = TraceContext { trace: TraceId::of(7), span: SpanId::of(8), sampled: true };
        let fetch = |result, failure: Option<&str>| EndedTask {
            task: Task::KeyFetch { provider: "corp".to_owned(), trigger: "timer", result },
            at: Instant::from_unix(100),
            took: Duration::from_millis(20),
            failure: failure.map(str::to_owned),
        };
        let span = words(&context, &fetch("ok", None));
        assert_eq!((span.name.as_str(), span.attributes.len(), span.status), ("fetch keys", 3, None));
        assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 20_000_000);
        assert_eq!((span.flags, span.parent_span_id.len()), (1, 0));
        let long = "x".repeat(5_000);
        let status = words(&context, &fetch("failed", Some(&long))).status.unwrap();
        assert_eq!((status.code, status.message.len()), (2, 1024));
        for (revision, attributes) in [(Some(3), 2), (None, 1)] {
            let task = Task::StoreCommit { revision, resources: 2 };
            let ended = EndedTask { task, ..fetch("ok", None) };
            assert_eq!(words(&context, &ended).attributes.len(), attributes);
        }
    }
}
