//! A span in the words of OTLP. What it says of its request is in `attributes`.

use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};

use crate::model::TraceContext;

use super::attributes::{self, named, nanoseconds, number};
use super::ended_span::EndedSpan;
use super::subject_key::SubjectKey;
use super::trace::Trace;

/// Flags that say whether a parent is known to be in another process (OTLP, `SpanFlags`).
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The spans of one request: that of the gateway, and that of its call to the agent, if it made one.
pub(super) fn words(
    trace: &Trace,
    ended: &EndedSpan,
    key: Option<&SubjectKey>,
) -> impl Iterator<Item = Span> {
    let call = ended.asked_after.map(|after| agent_call(trace, ended, after));
    [Some(own(trace, ended, key)), call].into_iter().flatten()
}

fn own(trace: &Trace, ended: &EndedSpan, key: Option<&SubjectKey>) -> Span {
    let attributes = attributes::of_server(ended, key);
    let times = (Duration::ZERO, ended.request.took);
    Span {
        parent_span_id: trace.parent.map(|span| span.to_bytes().to_vec()).unwrap_or_default(),
        flags: flags(&trace.context) | HAS_IS_REMOTE | if trace.parent.is_some() { IS_REMOTE } else { 0 },
        links: trace.link.iter().map(link).collect(),
        kind: SpanKind::Server.into(),
        ..span(trace, trace.context, ended, times, attributes)
    }
}

fn agent_call(trace: &Trace, ended: &EndedSpan, asked_after: Duration) -> Span {
    let mut attributes = attributes::of_request(ended);
    if ended.resent > 0 {
        attributes.push(number("http.request.resend_count", ended.resent));
    }
    // Until the head of the response; where none came, to the end.
    let rest = ended.request.took.saturating_sub(asked_after);
    let times = (asked_after, ended.request.upstream_took.unwrap_or(rest));
    let context = TraceContext { span: trace.call, ..trace.context };
    Span {
        parent_span_id: trace.context.span.to_bytes().to_vec(),
        flags: flags(&trace.context) | HAS_IS_REMOTE,
        kind: SpanKind::Client.into(),
        ..span(trace, context, ended, times, attributes)
    }
}

/// What both have: ids, name, times and status.
fn span(
    trace: &Trace,
    context: TraceContext,
    ended: &EndedSpan,
    (after, took): (Duration, Duration),
    attributes: Vec<KeyValue>,
) -> Span {
    let record = &ended.request.record;
    let began = record.at.since_epoch() + after;
    let is_error = record.status.is_some_and(|status| status >= 500);
    let status = is_error.then(|| Status { code: StatusCode::Error.into(), message: String::new() });
    Span {
        trace_id: trace.id().to_bytes().to_vec(),
        span_id: context.span.to_bytes().to_vec(),
        name: name(ended),
        start_time_unix_nano: nanoseconds(began),
        end_time_unix_nano: nanoseconds(began + took),
        attributes,
        status,
        ..Span::default()
    }
}

/// `METHOD route`.
fn name(ended: &EndedSpan) -> String {
    let method = named(ended.request.record.http_method.as_ref());
    ended.route.as_ref().map_or_else(|| method.to_owned(), |route| format!("{method} {route}"))
}

fn link(context: &TraceContext) -> Link {
    Link {
        trace_id: context.trace.to_bytes().to_vec(),
        span_id: context.span.to_bytes().to_vec(),
        flags: flags(context) | HAS_IS_REMOTE | IS_REMOTE,
        ..Link::default()
    }
}

pub(super) const fn flags(context: &TraceContext) -> u32 {
    context.sampled as u32
}
