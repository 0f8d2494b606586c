//! A span in the words of OTLP and of the semantic conventions for HTTP.
//!
//! Queries, tokens and keys are in none, and a subject only as its hash.

use std::time::Duration;

use http::Method;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};

use crate::model::{AgentName, TraceContext};
use crate::telemetry::EndedRequest;

use super::subject_key::SubjectKey;
use super::trace::Trace;

/// The longest value of an attribute, in bytes; what comes after is cut.
const LONGEST: usize = 1024;
/// Flags that say whether a parent is known to be in another process (OTLP, `SpanFlags`).
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;
/// The methods that are named in a span (RFC 9110 and RFC 5789); others are [`OTHER`], so that callers make no names.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::CONNECT,
    Method::OPTIONS,
    Method::TRACE,
    Method::PATCH,
];
const OTHER: &str = "_OTHER";

/// A request that has ended, for its spans.
#[derive(Debug)]
pub struct EndedSpan {
    /// What is known of it.
    pub request: EndedRequest,
    /// The path of the route that it took; `None` without a route.
    pub route: Option<String>,
    /// Whether the client spoke TLS.
    pub https: bool,
    /// The revision that decided.
    pub revision: String,
    /// When the agent was asked, after the beginning; `None` when it was not.
    pub asked_after: Option<Duration>,
    /// How often the request was sent again.
    pub resent: u64,
    /// The operation of MCP that its fields name.
    pub mcp: Option<McpCall>,
}

/// An operation of MCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpCall {
    /// Its method.
    pub method: String,
    /// What it is about.
    pub name: Option<String>,
}

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
    let record = &ended.request.record;
    let mut attributes = request_attributes(ended);
    attributes.extend([
        text("url.path", &record.path.text()),
        text("url.scheme", if ended.https { "https" } else { "http" }),
        text("network.protocol.version", ended.request.http_version()),
        text("portcullis.decision", record.decision.as_str()),
        text("portcullis.reason", record.reason.as_str()),
        text("portcullis.auth_method", record.auth_method.as_str()),
        text("portcullis.cache", record.cache.as_str()),
        text("portcullis.revision", &ended.revision),
        record.request_id.with_text(|id| text("portcullis.request_id", id)),
    ]);
    attributes.extend(ended.route.as_ref().map(|route| text("http.route", route)));
    attributes.extend(record.remote.map(|remote| text("client.address", &remote.to_string())));
    attributes.extend(record.provider.as_ref().map(|name| text("portcullis.provider", name.as_str())));
    attributes
        .extend(record.upstream_error.as_ref().map(|why| text("portcullis.upstream_error", why.as_str())));
    attributes.extend(record.limit.as_ref().map(|name| text("portcullis.limit", name)));
    attributes.extend(ended.request.ended_by.map(|by| text("portcullis.ended_by", by.as_str())));
    let subject = record.identity.as_ref().and_then(|identity| identity.sub.as_deref());
    if let Some((key, subject)) = key.zip(subject) {
        let issuer = record.provider.as_ref().map_or("", |name| name.as_str());
        attributes.push(text("portcullis.subject_hash", &key.hash(issuer, subject)));
    }
    if let Some(call) = &ended.mcp {
        attributes.push(text("mcp.method.name", &call.method));
        attributes.extend(call.name.as_ref().map(|name| text("gen_ai.tool.name", name)));
    }
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
    let mut attributes = request_attributes(ended);
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

fn request_attributes(ended: &EndedSpan) -> Vec<KeyValue> {
    let record = &ended.request.record;
    let method = record.http_method.as_ref();
    let mut attributes = vec![text("http.request.method", named(method))];
    attributes.extend(
        method
            .filter(|method| !METHODS.contains(method))
            .map(|m| text("http.request.method_original", m.as_str())),
    );
    attributes
        .extend(record.agent.as_ref().map(AgentName::as_str).map(|name| text("portcullis.agent", name)));
    if let Some(status) = record.status {
        attributes.push(number("http.response.status_code", status.into()));
        attributes.extend((status >= 500).then(|| text("error.type", &status.to_string())));
    }
    attributes
}

/// `METHOD route`.
fn name(ended: &EndedSpan) -> String {
    let method = named(ended.request.record.http_method.as_ref());
    ended.route.as_ref().map_or_else(|| method.to_owned(), |route| format!("{method} {route}"))
}

fn named(method: Option<&Method>) -> &str {
    method.filter(|method| METHODS.contains(method)).map_or(OTHER, Method::as_str)
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

pub(super) fn nanoseconds(since_epoch: Duration) -> u64 {
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(shortened(value).to_owned()))
}

pub(super) fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()
}

pub(super) fn number(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
