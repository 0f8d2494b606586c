//! The access log: one JSON line per request on standard output, put into words (`access_line`) and written away from the
//! worker.

use std::io::Write;

use super::access_line::Words;
use super::lines::Lines;
use super::request_record::EndedRequest;
use super::thread_end::ThreadEnd;

/// Lines that may wait for a slow reader of standard output before new ones are dropped: a second or two of a busy
/// gateway, in some tens of megabytes.
const BUFFERED_LINES: usize = 65_536;

/// Where the lines go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog {
    out: Option<Lines<EndedRequest>>,
}

/// Keeps the writer alive; dropping it writes what is still buffered.
#[derive(Debug)]
pub struct AccessLogGuard(#[expect(dead_code, reason = "held for its drop")] Option<ThreadEnd>);

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
        let word = move |ended: &EndedRequest, text: &mut Vec<u8>| words.write(ended, text);
        let (out, written) = Lines::to(writer, "access", BUFFERED_LINES, word);
        (Self { out: Some(out) }, AccessLogGuard(Some(written)))
    }

    /// Writes one line; `ended` is only asked when there is a log.
    pub fn write(&self, ended: impl FnOnce() -> EndedRequest) {
        if let Some(out) = &self.out {
            out.say(ended());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use http::{Method, Version};

    use super::super::access_line::FIELD_LIMIT;
    use super::super::path_text::PathText;
    use super::super::request_record::RequestRecord;
    use super::*;
    use crate::model::{AuthContext, Identity, Instant, RequestId};

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
        let act = ["https://a.test|bot".into(), "b|\"\u{1b}".into()].into();
        let context = Box::new(AuthContext { acr: Some("gold".into()), act });
        log.write(|| EndedRequest {
            record: RequestRecord {
                http_method: Some(Method::GET),
                path: PathText::logged(&long),
                status: Some(404),
                identity: Some(Arc::new(Identity {
                    sub: Some(sub),
                    context: Some(context),
                    ..Identity::default()
                })),
                ..RequestRecord::unrouted(Instant::from_unix(0), RequestId::Given("r".into()))
            },
            version: Version::HTTP_11,
            took: Duration::from_micros(500),
            upstream_took: None,
            upstream_attempts: 0,
            client_certificate: None,
            grpc_status: None,
            bytes_in: 1,
            bytes_out: 2,
            ended_by: None,
        });
        drop(guard);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains(r#""sub":"a\n\"b\u001b\u009bä\u202e\u2028c""#), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["auth"]["sub"], "a\n\"b\u{1b}\u{9b}\u{e4}\u{202e}\u{2028}c");
        assert_eq!(value["auth"]["acr"], "gold");
        assert_eq!(value["auth"]["act"], serde_json::json!(["https://a.test|bot", "b|\"\u{1b}"]));
        assert_eq!(value["path"].as_str().unwrap().len(), FIELD_LIMIT);
        assert_eq!(value["ts"], "1970-01-01T00:00:00.000Z");
    }
}
