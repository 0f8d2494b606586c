//! The access log: one JSON line per request on standard output, written away from the worker.
//!
//! The line is built from a fixed struct, so that no field can appear that the contract does not name. Control
//! bytes are escaped by JSON; long fields are cut.

use std::io::Write;

use serde::{Serialize, Serializer};

use super::lines::{Lines, Written};

/// The longest text of a single field, in bytes; what comes after is cut.
const FIELD_LIMIT: usize = 2048;
/// Lines that may wait for a slow reader of standard output before new ones are dropped.
const BUFFERED_LINES: usize = 65_536;

/// One request, as it is written.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the field names are the contract's, section 6")]
pub struct AccessEntry<'a> {
    pub ts: jiff::Timestamp,
    pub request_id: &'a str,
    pub agent: Option<&'a str>,
    #[serde(serialize_with = "cut")]
    pub method: &'a str,
    #[serde(serialize_with = "cut")]
    pub path: &'a str,
    pub status: u16,
    pub duration_ms: f64,
    pub upstream_ms: Option<f64>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub remote: Option<std::net::IpAddr>,
    pub http_version: &'static str,
    pub auth: AccessAuth<'a>,
    pub upstream_error: Option<&'a str>,
}

/// The decision, as it is written.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the field names are the contract's, section 6")]
pub struct AccessAuth<'a> {
    pub method: &'static str,
    pub decision: &'static str,
    pub reason: &'static str,
    pub provider: Option<&'a str>,
    #[serde(serialize_with = "cut_option")]
    pub sub: Option<&'a str>,
    #[serde(serialize_with = "cut_option")]
    pub client_id: Option<&'a str>,
    #[serde(serialize_with = "cut_option")]
    pub jti: Option<&'a str>,
    #[serde(serialize_with = "cut_option")]
    pub key_id: Option<&'a str>,
    pub cache: &'static str,
}

fn cut<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let end = (0..=FIELD_LIMIT.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    serializer.serialize_str(text.get(..end).unwrap_or_default())
}

fn cut_option<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => cut(text, serializer),
        None => serializer.serialize_none(),
    }
}

/// Where the lines go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog {
    out: Option<Lines>,
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
        let (out, written) = Lines::to(writer, "access", BUFFERED_LINES);
        (Self { out: Some(out) }, AccessLogGuard(Some(written)))
    }

    /// Writes one line.
    pub fn write(&self, entry: &AccessEntry<'_>) {
        let Some(out) = &self.out else { return };
        let mut line = Vec::with_capacity(512);
        if serde_json::to_writer(&mut line, entry).is_ok() {
            line.push(b'\n');
            out.say(line);
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
        log.write(&AccessEntry {
            ts: jiff::Timestamp::UNIX_EPOCH,
            request_id: "r",
            agent: None,
            method: "GET",
            path: &long,
            status: 404,
            duration_ms: 0.5,
            upstream_ms: None,
            bytes_in: 1,
            bytes_out: 2,
            remote: None,
            http_version: "1.1",
            auth: AccessAuth {
                method: "none",
                decision: "deny",
                reason: "no_route",
                provider: None,
                sub: Some("a\n\"b\u{1b}"),
                client_id: None,
                jti: None,
                key_id: None,
                cache: "off",
            },
            upstream_error: None,
        });
        drop(guard);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains(r#""sub":"a\n\"b\u001b""#), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["path"].as_str().unwrap().len(), FIELD_LIMIT);
        assert_eq!(value["ts"], "1970-01-01T00:00:00Z");
    }
}
