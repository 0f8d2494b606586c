//! What comes of a test request, a line of JSON for each event as it happens.

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

/// One event.
#[derive(Debug, Serialize, PartialEq, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[schemars(rename = "TrialEvent")]
pub(super) enum Event {
    /// The head of the answer.
    Head { status: u16, headers: Vec<(String, String)>, ms: u64 },
    /// A piece of its body: as text, or in base64 when it is none.
    Data {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(required)]
        text: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(required)]
        base64: Option<String>,
        ms: u64,
    },
    /// The answer is over.
    End { bytes: u64, truncated: bool, ms: u64 },
    /// There is no answer, or no more of it.
    Error { message: String, ms: u64 },
}

impl Event {
    /// The event as a line.
    pub(super) fn line(&self) -> Bytes {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

/// Since the request was sent, in milliseconds.
pub(super) fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Puts characters together that were cut in two on the way.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    rest: Vec<u8>,
}

impl Pieces {
    /// The event for a piece; none while it is only a part of a character.
    pub(super) fn next(&mut self, piece: &[u8], ms: u64) -> Option<Event> {
        self.rest.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.rest);
        let (whole, text) = match std::str::from_utf8(&bytes) {
            Ok(text) => (bytes.len(), Some(text.to_owned())),
            // No length: the text ends within a character.
            Err(e) if e.error_len().is_none() => {
                let whole = e.valid_up_to();
                (whole, bytes.get(..whole).map(|text| String::from_utf8_lossy(text).into_owned()))
            }
            Err(_) => (bytes.len(), None),
        };
        self.rest = bytes.get(whole..).unwrap_or_default().to_vec();
        match text {
            Some(text) if text.is_empty() => None,
            Some(text) => Some(Event::Data { text: Some(text), base64: None, ms }),
            None => Some(Event::Data { text: None, base64: Some(STANDARD.encode(&bytes)), ms }),
        }
    }

    /// What was left of a character whose end never came.
    pub(super) fn last(&mut self, ms: u64) -> Option<Event> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then(|| Event::Data { text: None, base64: Some(STANDARD.encode(&rest)), ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[&[u8]]) -> String {
        let mut all = Pieces::default();
        let mut events: Vec<Event> = pieces.iter().filter_map(|piece| all.next(piece, 0)).collect();
        events.extend(all.last(0));
        events.iter().map(|event| String::from_utf8(event.line().to_vec()).unwrap()).collect()
    }

    #[test]
    fn characters_that_were_cut_in_two_arrive_whole() {
        for (pieces, wanted) in [
            (
                &[&b"ab"[..], b"c"][..],
                "{\"event\":\"data\",\"text\":\"ab\",\"ms\":0}\n{\"event\":\"data\",\"text\":\"c\",\"ms\":0}\n",
            ),
            (
                &[b"a\xc3", b"\xa4b"],
                "{\"event\":\"data\",\"text\":\"a\",\"ms\":0}\n{\"event\":\"data\",\"text\":\"\u{e4}b\",\"ms\":0}\n",
            ),
            (&[b"\xf0\x9f", b"\x98", b"\x80"], "{\"event\":\"data\",\"text\":\"\u{1f600}\",\"ms\":0}\n"),
            (&[b"\xff\x00"], "{\"event\":\"data\",\"base64\":\"/wA=\",\"ms\":0}\n"),
            (
                &[b"a\xc3"],
                "{\"event\":\"data\",\"text\":\"a\",\"ms\":0}\n{\"event\":\"data\",\"base64\":\"ww==\",\"ms\":0}\n",
            ),
            (&[], ""),
        ] {
            assert_eq!(run(pieces), wanted);
        }
    }
}
