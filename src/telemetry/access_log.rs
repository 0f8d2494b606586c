//! The access log: one JSON line per request on standard output, put into words and written away from the worker.
//!
//! The line is built from a fixed record, so that no field can appear that the contract does not name. Control
//! bytes are escaped, those that JSON would leave alone among them; long fields are cut.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Version};
use serde::Serialize as _;
use serde_json::ser::Formatter;

use crate::model::{
    AddressText, AgentName, AuthMethod, CacheLabel, Decision, Identity, Instant, ProviderName, Reason,
    RequestId, acts,
};

use super::lines::{Lines, Written};

/// The longest text of a single field, in bytes; what comes after is cut.
const FIELD_LIMIT: usize = 2048;
/// Lines that may wait for a slow reader of standard output before new ones are dropped.
const BUFFERED_LINES: usize = 65_536;

/// One request that has ended, as the worker hands it over.
#[derive(Debug)]
pub struct AccessRecord {
    /// When it came.
    pub at: Instant,
    /// Its id.
    pub request_id: RequestId,
    /// The agent that it reached.
    pub agent: Option<AgentName>,
    /// Its method; absent when the head could not be read.
    pub method: Option<Method>,
    /// Its path, without the query.
    pub path: Box<str>,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// How long the agent took to the head of its answer.
    pub upstream_took: Option<Duration>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// The caller's address.
    pub remote: Option<IpAddr>,
    /// The version that the caller spoke.
    pub version: Version,
    /// The decision.
    pub auth: AccessAuth,
    /// Why the agent gave no answer.
    pub upstream_error: Option<&'static str>,
}

/// The decision about a request.
#[derive(Debug)]
pub struct AccessAuth {
    /// How its caller had to prove itself.
    pub method: AuthMethod,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The provider of the token.
    pub provider: Option<ProviderName>,
    /// The proven caller.
    pub identity: Option<Arc<Identity>>,
    /// What the token cache said.
    pub cache: CacheLabel,
}

impl AccessRecord {
    /// A path of which no more is kept than a line shows.
    #[must_use]
    pub fn path(path: &str) -> Box<str> {
        shown(path).into()
    }
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(FIELD_LIMIT)).unwrap_or_default()
}

/// Writes JSON in which no character can act on a terminal or end a line: not the control characters that JSON leaves
/// alone (U+007F to U+009F), not the line ends of Unicode, and none that turns the direction of writing.
struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(acts) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut after = after.chars();
            if let Some(c) = after.next() {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = after.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Where the lines go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog {
    out: Option<Lines<AccessRecord>>,
}

/// Keeps the writer alive; dropping it writes what is still buffered.
#[derive(Debug)]
pub struct AccessLogGuard(#[expect(dead_code, reason = "held for its drop")] Option<Written>);

impl AccessLog {
    /// A log that writes nothing.
    #[must_use]
    pub fn off() -> (Self, AccessLogGuard) {
        (Self { out: None }, AccessLogGuard(None))
    }

    /// A log to `writer`, which a thread of its own serves. A reader that does not keep up loses lines; it
    /// does not slow requests down.
    #[must_use]
    pub fn to(writer: impl Write + Send + 'static) -> (Self, AccessLogGuard) {
        let mut words = Words::default();
        let word = move |record: &AccessRecord, text: &mut Vec<u8>| words.write(record, text);
        let (out, written) = Lines::to(writer, "access", BUFFERED_LINES, word);
        (Self { out: Some(out) }, AccessLogGuard(Some(written)))
    }

    /// Writes one line; the record is only made when there is a log.
    pub fn write(&self, record: impl FnOnce() -> AccessRecord) {
        if let Some(out) = &self.out {
            out.say(record());
        }
    }
}

/// Puts records into words.
#[derive(Debug, Default)]
struct Words {
    /// The second whose calendar is known.
    second: u64,
    /// That second as RFC 3339 writes it, up to its fraction.
    calendar: String,
}

impl Words {
    fn write(&mut self, record: &AccessRecord, text: &mut Vec<u8>) {
        if self.calendar.is_empty() || self.second != record.at.unix() {
            self.second = record.at.unix();
            self.calendar = Instant::from_unix(self.second).timestamp().to_string();
            self.calendar.truncate(self.calendar.len().saturating_sub(1));
        }
        word(record, &self.calendar, text);
    }
}

/// The field names are the contract's, section 6. They are written out here, and not by a serialiser, since a line is
/// put into words for every request there is.
fn word(record: &AccessRecord, calendar: &str, text: &mut Vec<u8>) {
    let mut line = Line(text);
    line.raw("{\"ts\":\"").raw(calendar);
    line.show(format_args!(".{:03}Z", record.at.since_epoch().subsec_millis()));
    line.raw("\",\"request_id\":");
    record.request_id.with_text(|id| line.text(id));
    line.raw(",\"agent\":").maybe(record.agent.as_ref().map(AgentName::as_str));
    line.raw(",\"method\":").text(record.method.as_ref().map_or("", Method::as_str));
    line.raw(",\"path\":").text(&record.path);
    line.raw(",\"status\":").show(record.status);
    line.raw(",\"duration_ms\":").millis(record.took);
    line.raw(",\"upstream_ms\":");
    match record.upstream_took {
        Some(took) => line.millis(took),
        None => line.raw("null"),
    };
    line.raw(",\"bytes_in\":").show(record.bytes_in);
    line.raw(",\"bytes_out\":").show(record.bytes_out);
    match record.remote {
        Some(remote) => line.raw(",\"remote\":\"").raw(AddressText::of(remote).as_str()).raw("\""),
        None => line.raw(",\"remote\":null"),
    };
    line.raw(",\"http_version\":\"").raw(version(record.version));
    let (auth, identity) = (&record.auth, record.auth.identity.as_deref());
    line.raw("\",\"auth\":{\"method\":\"").raw(auth.method.as_str());
    line.raw("\",\"decision\":\"").raw(auth.decision.as_str());
    line.raw("\",\"reason\":\"").raw(auth.reason.as_str());
    line.raw("\",\"provider\":").maybe(auth.provider.as_ref().map(ProviderName::as_str));
    line.raw(",\"sub\":").maybe(identity.and_then(|i| i.sub.as_deref()));
    line.raw(",\"client_id\":").maybe(identity.and_then(|i| i.client_id.as_deref()));
    line.raw(",\"jti\":").maybe(identity.and_then(|i| i.jti.as_deref()));
    line.raw(",\"key_id\":").maybe(identity.and_then(|i| i.key_id.as_deref()));
    line.raw(",\"cache\":\"").raw(auth.cache.as_str());
    line.raw("\"},\"upstream_error\":").maybe(record.upstream_error);
    line.raw("}\n");
}

/// A line that is being written.
struct Line<'a>(&'a mut Vec<u8>);

impl Line<'_> {
    /// What needs no escaping.
    fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// A number, a moment or an address.
    fn show(&mut self, value: impl Display) -> &mut Self {
        // Writing to memory does not fail.
        let _written = write!(self.0, "{value}");
        self
    }

    /// Milliseconds with three digits behind the point.
    fn millis(&mut self, took: Duration) -> &mut Self {
        let micros = took.as_micros();
        self.show(format_args!("{}.{:03}", micros / 1000, micros % 1000))
    }

    /// Somebody's text, in quotation marks.
    fn text(&mut self, text: &str) -> &mut Self {
        let text = shown(text);
        if text.bytes().all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\') {
            return self.raw("\"").raw(text).raw("\"");
        }
        let mut writer = serde_json::Serializer::with_formatter(&mut *self.0, Inert);
        // Writing to memory does not fail.
        let _written = text.serialize(&mut writer);
        self
    }

    fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(buf);
            Ok(buf.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_request_is_one_line_with_control_bytes_escaped_and_long_fields_cut() {
        let sink = Shared::default();
        let (log, guard) = AccessLog::to(sink.clone());
        let long = "ä".repeat(FIELD_LIMIT);
        let sub = "a\n\"b\u{1b}\u{9b}\u{e4}\u{202e}\u{2028}c".to_owned();
        log.write(|| AccessRecord {
            at: Instant::from_unix(0),
            request_id: RequestId::Given("r".into()),
            agent: None,
            method: Some(Method::GET),
            path: AccessRecord::path(&long),
            status: 404,
            took: Duration::from_micros(500),
            upstream_took: None,
            bytes_in: 1,
            bytes_out: 2,
            remote: None,
            version: Version::HTTP_11,
            auth: AccessAuth {
                method: AuthMethod::None,
                decision: Decision::Deny,
                reason: Reason::NoRoute,
                provider: None,
                identity: Some(Arc::new(Identity { sub: Some(sub), ..Identity::default() })),
                cache: CacheLabel::Off,
            },
            upstream_error: None,
        });
        drop(guard);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains(r#""sub":"a\n\"b\u001b\u009bä\u202e\u2028c""#), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["auth"]["sub"], "a\n\"b\u{1b}\u{9b}\u{e4}\u{202e}\u{2028}c");
        assert_eq!(value["path"].as_str().unwrap().len(), FIELD_LIMIT);
        assert_eq!(value["ts"], "1970-01-01T00:00:00.000Z");
    }
}
