//! What spans and log records say of a request, in the words of the semantic conventions for HTTP.
//!
//! Queries, tokens and keys are in none, and a subject only as its hash.

use std::time::Duration;

use http::Method;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

use crate::model::AgentName;

use super::ended_span::EndedSpan;
use super::subject_key::SubjectKey;

/// The longest value of an attribute, in bytes; what comes after is cut.
const LONGEST: usize = 1024;
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

/// What the gateway has seen of a request.
pub(super) fn of_server(ended: &EndedSpan, key: Option<&SubjectKey>) -> Vec<KeyValue> {
    let record = &ended.request.record;
    let mut attributes = of_request(ended);
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
    attributes
}

/// What the gateway and its call to the agent have in common.
pub(super) fn of_request(ended: &EndedSpan) -> Vec<KeyValue> {
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

/// The name of a method, for all those that are known.
pub(super) fn named(method: Option<&Method>) -> &str {
    method.filter(|method| METHODS.contains(method)).map_or(OTHER, Method::as_str)
}

pub(super) fn nanoseconds(since_epoch: Duration) -> u64 {
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

/// A text, cut where it is very long.
pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(shortened(value).to_owned()))
}

pub(super) fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()
}

pub(super) fn number(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

pub(super) fn decimal(key: &str, value: f64) -> KeyValue {
    attribute(key, Value::DoubleValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
