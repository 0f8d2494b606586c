//! The events of a test request, each a line of JSON.

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
    /// The head of the response.
    Head { status: u16, headers: Vec<(String, String)>, ms: u64 },
    /// A piece of the body: as text, or in base64 when it is not UTF-8.
    Data {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(required)]
        text: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(required)]
        base64: Option<String>,
        ms: u64,
    },
    /// The response has ended.
    End { bytes: u64, truncated: bool, ms: u64 },
    /// There is no response, or it broke off.
    Error { message: String, ms: u64 },
}

impl Event {
    /// The event as a line of newline-delimited JSON.
    pub(super) fn line(&self) -> Bytes {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

/// Milliseconds since `start`.
pub(super) fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Joins UTF-8 characters that were split between two pieces of a body.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    rest: Vec<u8>,
}

impl Pieces {
    /// The event for a piece; `None` while only a part of a character has arrived.
    pub(super) fn next(&mut self, piece: &[u8], ms: u64) -> Option<Event> {
        self.rest.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.rest);
        let (whole, text) = match std::str::from_utf8(&bytes) {
            Ok(text) => (bytes.len(), Some(text.to_owned())),
            // An error without a length: the piece ends within a character.
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

    /// The event for a character that was still incomplete at the end of the body.
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
    fn characters_split_between_pieces_arrive_whole() {
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
