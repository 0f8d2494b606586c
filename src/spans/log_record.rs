//! A request's line of the access log as a log record of OTLP: the same request as its span, with what the log says beside.
//!
//! Whatever may stand in no span stands in no record either, subjects above all: both go to the same place.

use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use crate::model::{Call, CallProtocol, Decision, TraceContext, inert};
use crate::telemetry::RequestRecord;

use super::attributes::{self, decimal, nanoseconds, number, text};
use super::ended_span::EndedSpan;
use super::span::flags;
use super::subject_key::SubjectKey;

/// What tells these records from those of others (OTLP, `event_name`).
const EVENT: &str = "portcullis.access";
/// So many characters of a path are enough for a sentence; the attribute has the rest.
const PATH_IN_BODY: usize = 256;
/// So many hexadecimal digits of a certificate's SHA-256 as the access log has.
const CERTIFICATE_DIGITS: usize = 16;

/// A request that has ended, for the log.
#[derive(Debug)]
pub(super) struct EndedLog {
    /// The place of the request in a trace, where it has one.
    pub(super) context: Option<TraceContext>,
    /// The request.
    pub(super) ended: EndedSpan,
}

/// The log record of one request.
pub(super) fn words(logged: &EndedLog, key: Option<&SubjectKey>) -> LogRecord {
    let EndedLog { context, ended } = logged;
    let came = ended.request.record.at.since_epoch();
    let severity = severity(&ended.request.record);
    let mut attributes = attributes::of_server(ended, key);
    of_the_log(ended, &mut attributes);
    LogRecord {
        time_unix_nano: nanoseconds(came),
        // It is written when the request has ended.
        observed_time_unix_nano: nanoseconds(came + ended.request.took),
        severity_number: severity.into(),
        severity_text: short_name(severity).to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(sentence(&ended.request.record))) }),
        attributes,
        flags: context.as_ref().map_or(0, flags),
        trace_id: context.map(|context| context.trace.to_bytes().to_vec()).unwrap_or_default(),
        span_id: context.map(|context| context.span.to_bytes().to_vec()).unwrap_or_default(),
        event_name: EVENT.to_owned(),
        ..LogRecord::default()
    }
}

/// How bad it is for whoever runs the gateway: a failure is an error; what a caller was refused, would have been, or did not get
/// whole is a warning.
fn severity(record: &RequestRecord) -> SeverityNumber {
    if record.status.is_some_and(|status| status >= 500) {
        return SeverityNumber::Error;
    }
    match record.decision {
        Decision::Error => SeverityNumber::Error,
        Decision::Deny | Decision::ShadowDeny => SeverityNumber::Warn,
        Decision::Allow if record.upstream_error.is_some() => SeverityNumber::Warn,
        Decision::Allow => SeverityNumber::Info,
    }
}

/// The name that the data model of logs has for it ("Displaying Severity").
const fn short_name(severity: SeverityNumber) -> &'static str {
    match severity {
        SeverityNumber::Error => "ERROR",
        SeverityNumber::Warn => "WARN",
        _ => "INFO",
    }
}

/// `METHOD path status`, and the reason of what is not simply allowed.
fn sentence(record: &RequestRecord) -> String {
    let method = attributes::named(record.http_method.as_ref());
    let path = inert(&record.path.text(), PATH_IN_BODY);
    let status = record.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let mut sentence = format!("{method} {path} {status}");
    if record.decision != Decision::Allow {
        sentence.extend([" ", record.decision.as_str(), " ", record.reason.as_str()]);
    }
    sentence
}

/// What the access log has and a span has not.
fn of_the_log(ended: &EndedSpan, attributes: &mut Vec<KeyValue>) {
    let (request, record) = (&ended.request, &ended.request.record);
    attributes.extend([
        decimal("portcullis.duration_ms", milliseconds(request.took)),
        number("portcullis.upstream_attempts", request.upstream_attempts.into()),
        number("http.request.body.size", request.bytes_in),
        number("http.response.body.size", request.bytes_out),
    ]);
    attributes
        .extend(request.upstream_took.map(|took| decimal("portcullis.upstream_ms", milliseconds(took))));
    let identity = record.identity.as_deref();
    let of_identity = [
        ("portcullis.client_id", identity.and_then(|identity| identity.client_id.as_deref())),
        ("portcullis.jti", identity.and_then(|identity| identity.jti.as_deref())),
        ("portcullis.key_id", identity.and_then(|identity| identity.key_id.as_deref())),
        ("portcullis.acr", identity.and_then(|identity| identity.context.as_ref()?.acr.as_deref())),
        ("portcullis.binding", record.possession.is_judged.then(|| record.possession.word())),
    ];
    attributes.extend(of_identity.into_iter().filter_map(|(key, value)| Some(text(key, value?))));
    if let Some(call) = record.call.as_deref() {
        attributes.extend(of_call(call));
    }
    if let Some(certificate) = &request.client_certificate {
        let digits: String = certificate.to_hex().chars().take(CERTIFICATE_DIGITS).collect();
        attributes.push(text("portcullis.client_certificate", &digits));
    }
    attributes.extend(request.grpc_status.map(|status| number("portcullis.grpc_status", status.into())));
}

/// What its message asks for, in the words of the access log.
fn of_call(call: &Call) -> impl Iterator<Item = KeyValue> {
    let (method, name, version) = (call.method.as_deref(), call.name.as_deref(), call.version.as_deref());
    let said = match call.protocol {
        CallProtocol::Mcp => [
            ("portcullis.mcp.method", method),
            ("portcullis.mcp.name", name),
            ("portcullis.mcp.version", version),
        ],
        // An operation of A2A is about nothing that has a name.
        CallProtocol::A2a => [
            ("portcullis.a2a.operation", method),
            ("portcullis.a2a.name", None),
            ("portcullis.a2a.version", version),
        ],
    };
    said.into_iter().filter_map(|(key, value)| Some(text(key, value?)))
}

/// Milliseconds to the microsecond, as in the line.
fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{Method, Version};

    use super::*;
    use crate::model::{AuthContext, Identity, Instant, Reason, RequestId, SpanId, TraceId};
    use crate::telemetry::{EndedRequest, PathText, UpstreamError};

    fn ended(record: RequestRecord) -> EndedSpan {
        let request = EndedRequest {
            record,
            version: Version::HTTP_11,
            took: Duration::from_micros(2_500),
            upstream_took: Some(Duration::from_millis(2)),
            upstream_attempts: 1,
            client_certificate: None,
            grpc_status: None,
            bytes_in: 7,
            bytes_out: 9,
            ended_by: None,
        };
        EndedSpan {
            request,
            route: Some("/a".to_owned()),
            https: true,
            revision: "r".to_owned(),
            asked_after: None,
            resent: 0,
            mcp: None,
        }
    }

    fn record() -> RequestRecord {
        RequestRecord {
            http_method: Some(Method::GET),
            path: PathText::logged("/a/b"),
            status: Some(200),
            decision: Decision::Allow,
            reason: Reason::Ok,
            ..RequestRecord::unrouted(Instant::from_unix(100), RequestId::Given("r".into()))
        }
    }

    fn value(record: &LogRecord, key: &str) -> Option<Value> {
        let mut found = record.attributes.iter().filter(|attribute| attribute.key == key);
        let value = found.next()?.value.clone()?.value;
        assert!(found.next().is_none(), "{key} stands there twice");
        value
    }

    #[test]
    fn the_severity_is_that_of_the_outcome() {
        let broken = Some(UpstreamError::ConnectionLost);
        for (decision, status, upstream_error, wanted) in [
            (Decision::Allow, 200, None, "INFO"),
            (Decision::Allow, 404, None, "INFO"),
            (Decision::Allow, 200, broken, "WARN"),
            (Decision::ShadowDeny, 200, None, "WARN"),
            (Decision::Deny, 401, None, "WARN"),
            (Decision::Deny, 200, None, "WARN"),
            (Decision::Error, 200, None, "ERROR"),
            (Decision::Error, 503, None, "ERROR"),
            (Decision::Allow, 502, broken, "ERROR"),
            (Decision::Allow, 500, None, "ERROR"),
        ] {
            let record = RequestRecord { decision, status: Some(status), upstream_error, ..record() };
            let said = words(&EndedLog { context: None, ended: ended(record) }, None);
            let number = match wanted {
                "INFO" => 9,
                "WARN" => 13,
                _ => 17,
            };
            let seen = (said.severity_text.as_str(), said.severity_number);
            assert_eq!(seen, (wanted, number), "{decision:?} {status}");
        }
    }

    #[test]
    fn a_record_has_its_times_its_trace_and_no_subject_but_as_its_hash() {
        let identity = Identity {
            sub: Some("alice".to_owned()),
            client_id: Some("desk".to_owned()),
            jti: Some("j-1".to_owned()),
            context: Some(Box::new(AuthContext {
                acr: Some("gold".into()),
                act: ["https://a.test|bob".into()].into(),
            })),
            ..Identity::default()
        };
        let record = RequestRecord { identity: Some(Arc::new(identity)), ..record() };
        let context = TraceContext { trace: TraceId::of(7), span: SpanId::of(8), sampled: true };
        let mut logged = EndedLog { context: Some(context), ended: ended(record) };
        let key = SubjectKey::parse(b"0123456789abcdef").unwrap();
        let said = words(&logged, Some(&key));
        assert_eq!(said.time_unix_nano, 100_000_000_000);
        assert_eq!(said.observed_time_unix_nano - said.time_unix_nano, 2_500_000);
        assert_eq!((said.trace_id.len(), said.span_id.len(), said.flags), (16, 8, 1));
        assert_eq!(said.event_name, "portcullis.access");
        assert_eq!(said.body.clone().unwrap().value, Some(Value::StringValue("GET /a/b 200".to_owned())));
        let text = |text: &str| Some(Value::StringValue(text.to_owned()));
        for (name, wanted) in [
            ("http.request.method", text("GET")),
            ("http.route", text("/a")),
            ("url.scheme", text("https")),
            ("portcullis.client_id", text("desk")),
            ("portcullis.jti", text("j-1")),
            ("portcullis.acr", text("gold")),
            ("http.request.body.size", Some(Value::IntValue(7))),
            ("http.response.body.size", Some(Value::IntValue(9))),
            ("portcullis.duration_ms", Some(Value::DoubleValue(2.5))),
            ("portcullis.upstream_ms", Some(Value::DoubleValue(2.0))),
            ("portcullis.grpc_status", None),
        ] {
            assert_eq!(value(&said, name), wanted, "{name}");
        }
        assert!(value(&said, "portcullis.subject_hash").is_some());
        for subject in ["alice", "bob"] {
            assert!(!format!("{said:?}").contains(subject), "{subject}");
        }
        logged.context = None;
        let said = words(&logged, None);
        assert!(said.trace_id.is_empty() && said.span_id.is_empty());
        assert_eq!(value(&said, "portcullis.subject_hash"), None);
    }

    #[test]
    fn the_sentence_is_for_a_terminal_and_says_why_a_request_was_refused() {
        let record = RequestRecord {
            http_method: Some("X\u{21}".parse().unwrap()),
            path: PathText::logged("/a\u{1b}[2J"),
            status: Some(401),
            decision: Decision::Deny,
            reason: Reason::TokenMissing,
            ..record()
        };
        assert_eq!(sentence(&record), "_OTHER /a\\u{1b}[2J 401 deny token_missing");
    }
}
