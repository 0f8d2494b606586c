//! A line of the access log, in JSON, built from a fixed record, so that no field can appear that is not promised.
//!
//! Control bytes are escaped, those that JSON would leave alone among them; long fields are cut.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use http::Method;
use serde::Serialize as _;
use serde_json::ser::Formatter;

use crate::model::{AddressText, AgentName, AuthContext, Call, CallProtocol, Instant, ProviderName, acts};

use super::request_record::{EndedRequest, RequestRecord};
use super::upstream_error::UpstreamError;

/// The longest text of a single field, in bytes; what comes after is cut.
pub(super) const FIELD_LIMIT: usize = 2048;

/// So many hexadecimal digits of the SHA-256 of a certificate tell it from all others that one meets.
const CERTIFICATE_DIGITS: usize = 16;

/// Puts requests into words.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The second whose calendar is known.
    second: u64,
    /// That second as RFC 3339 writes it, up to its fraction.
    calendar: String,
}

impl Words {
    pub(super) fn write(&mut self, ended: &EndedRequest, text: &mut Vec<u8>) {
        let second = ended.record.at.unix();
        if self.calendar.is_empty() || self.second != second {
            self.second = second;
            self.calendar = Instant::from_unix(self.second).timestamp().to_string();
            self.calendar.truncate(self.calendar.len().saturating_sub(1));
        }
        word(ended, &self.calendar, text);
    }
}

/// The field names are those that `docs/ACCESS_LOG.md` names. They are written out here, and not by a serialiser, since a
/// line is put into words for every request there is.
fn word(ended: &EndedRequest, calendar: &str, text: &mut Vec<u8>) {
    let record = &ended.record;
    let mut line = Line(text);
    line.raw("{\"ts\":\"").raw(calendar);
    line.show(format_args!(".{:03}Z", record.at.since_epoch().subsec_millis()));
    line.raw("\",\"request_id\":");
    record.request_id.with_text(|id| line.text(id));
    line.raw(",\"agent\":").maybe(record.agent.as_ref().map(AgentName::as_str));
    line.raw(",\"method\":").text(record.http_method.as_ref().map_or("", Method::as_str));
    line.raw(",\"path\":").text(&record.path.text());
    line.raw(",\"status\":").number(record.status);
    line.raw(",\"duration_ms\":").millis(Some(ended.took));
    line.raw(",\"upstream_ms\":").millis(ended.upstream_took);
    line.raw(",\"upstream_attempts\":").show(ended.upstream_attempts);
    line.raw(",\"bytes_in\":").show(ended.bytes_in);
    line.raw(",\"bytes_out\":").show(ended.bytes_out);
    match record.remote {
        Some(remote) => line.raw(",\"remote\":\"").raw(AddressText::of(remote).as_str()).raw("\""),
        None => line.raw(",\"remote\":null"),
    };
    line.raw(",\"http_version\":\"").raw(ended.http_version());
    line.raw("\",\"auth\":").auth(record);
    line.raw(",\"upstream_error\":").maybe(record.upstream_error.map(UpstreamError::as_str));
    if let Some(call) = record.call.as_deref() {
        line.call(call);
    }
    if let Some(limit) = record.limit.as_deref() {
        line.raw(",\"limit\":").text(limit);
    }
    if let Some(by) = ended.ended_by {
        line.raw(",\"ended_by\":\"").raw(by.as_str()).raw("\"");
    }
    if let Some(certificate) = &ended.client_certificate {
        let digits = certificate.hex_digits();
        let digits = digits.get(..CERTIFICATE_DIGITS).and_then(|digits| str::from_utf8(digits).ok());
        line.raw(",\"client_certificate\":").maybe(digits);
    }
    if let Some(status) = ended.grpc_status {
        line.raw(",\"grpc_status\":").show(status);
    }
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

    /// The decision.
    fn auth(&mut self, record: &RequestRecord) -> &mut Self {
        let identity = record.identity.as_deref();
        self.raw("{\"method\":\"").raw(record.auth_method.as_str());
        self.raw("\",\"decision\":\"").raw(record.decision.as_str());
        self.raw("\",\"reason\":\"").raw(record.reason.as_str());
        self.raw("\",\"provider\":").maybe(record.provider.as_ref().map(ProviderName::as_str));
        self.raw(",\"sub\":").maybe(identity.and_then(|i| i.sub.as_deref()));
        self.raw(",\"client_id\":").maybe(identity.and_then(|i| i.client_id.as_deref()));
        self.raw(",\"jti\":").maybe(identity.and_then(|i| i.jti.as_deref()));
        self.raw(",\"key_id\":").maybe(identity.and_then(|i| i.key_id.as_deref()));
        if let Some(context) = identity.and_then(|i| i.context.as_deref()) {
            self.context(context);
        }
        if record.possession.is_judged {
            self.raw(",\"binding\":\"").raw(record.possession.word()).raw("\"");
        }
        self.raw(",\"cache\":\"").raw(record.cache.as_str()).raw("\"}")
    }

    /// What the token says of the login, and of those who act: each where it says it.
    fn context(&mut self, context: &AuthContext) -> &mut Self {
        if let Some(acr) = context.acr.as_deref() {
            self.raw(",\"acr\":").text(acr);
        }
        for (at, actor) in context.act.iter().enumerate() {
            self.raw(if at == 0 { ",\"act\":[" } else { "," }).text(actor);
        }
        if context.act.is_empty() { self } else { self.raw("]") }
    }

    /// What the request asked for.
    fn call(&mut self, call: &Call) -> &mut Self {
        match call.protocol {
            CallProtocol::Mcp => {
                self.raw(",\"mcp\":{\"method\":").maybe(call.method.as_deref());
                self.raw(",\"name\":").maybe(call.name.as_deref());
            }
            CallProtocol::A2a => {
                self.raw(",\"a2a\":{\"operation\":").maybe(call.method.as_deref());
            }
        }
        self.raw(",\"version\":").maybe(call.version.as_deref()).raw("}")
    }

    fn number(&mut self, number: Option<u16>) -> &mut Self {
        match number {
            Some(number) => self.show(number),
            None => self.raw("null"),
        }
    }

    /// Milliseconds with three digits behind the point.
    fn millis(&mut self, took: Option<Duration>) -> &mut Self {
        match took {
            Some(took) => {
                let micros = took.as_micros();
                self.show(format_args!("{}.{:03}", micros / 1000, micros % 1000))
            }
            None => self.raw("null"),
        }
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
