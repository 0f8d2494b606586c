//! The last line of a chunked body, kept back until all of it has come: Pingora forwards nothing but 64 KiB of a body that it
//! has read to its end, and reads on where a line feed is still to come.
//!
//! What comes before it passes at once. Whether a body is sound is for `chunks`.

use std::sync::atomic::{AtomicBool, Ordering};

use super::body::Body;

/// The last line of one body.
#[derive(Debug, Default)]
pub(crate) struct LastLine {
    is_kept_back: AtomicBool,
    kept: Kept,
}

/// What is kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kept {
    #[default]
    Nothing,
    /// The carriage return; the line feed has not come.
    Return,
    /// Both. The carriage return passes alone: Pingora asks for more only when it has read all that it has, so the one who
    /// reads the body meets it behind the last of the data.
    Line,
    /// The line feed.
    Feed,
}

impl LastLine {
    /// From now on it is kept back.
    pub(crate) fn keep_back(&self) {
        // Relaxed: one task has the connection.
        self.is_kept_back.store(true, Ordering::Relaxed);
    }

    /// Whether all of the body has come, and all but the last line feed was read.
    pub(crate) const fn is_awaited(&self) -> bool {
        matches!(self.kept, Kept::Feed)
    }

    /// How many of the last `here` bytes of `body` that came pass now.
    pub(crate) fn pass(&mut self, here: usize, body: &Body) -> usize {
        if !self.is_kept_back.load(Ordering::Relaxed) {
            return here;
        }
        let (kept, passes) = match (self.kept, body) {
            (Kept::Nothing, Body::Chunked(chunks)) if chunks.awaits_last_feed() => {
                (Kept::Return, here.checked_sub(1))
            }
            (Kept::Nothing, Body::Ended) => (Kept::Line, here.checked_sub(2)),
            (Kept::Return, Body::Ended) => (Kept::Line, here.checked_sub(1)),
            _ => return here,
        };
        let Some(passes) = passes else { return here };
        self.kept = kept;
        passes
    }

    /// The next byte of what was kept back and passes now.
    pub(crate) fn next(&mut self) -> Option<u8> {
        let (byte, kept) = match self.kept {
            Kept::Nothing | Kept::Return => return None,
            Kept::Line => (b'\r', Kept::Feed),
            Kept::Feed => (b'\n', Kept::Nothing),
        };
        self.kept = kept;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::super::framing::BodyLength;
    use super::*;

    /// What passes of a body that comes in these pieces, in the order in which it does.
    fn passed(pieces: &[&str], last: &mut LastLine) -> Vec<String> {
        let mut body = Body::new(BodyLength::Chunked);
        let mut all = Vec::new();
        for piece in pieces {
            let here = body.take(piece.as_bytes()).unwrap();
            all.push(piece[..last.pass(here, &body)].to_owned());
        }
        while let Some(byte) = last.next() {
            assert_eq!(last.is_awaited(), byte == b'\r');
            all.push(char::from(byte).to_string());
        }
        all.retain(|piece| !piece.is_empty());
        all
    }

    #[test]
    fn the_last_two_bytes_pass_alone_in_any_pieces() {
        for (pieces, wanted) in [
            (&["1\r\nx\r\n0\r\n\r\nGET"] as &[_], &["1\r\nx\r\n0\r\n", "\r", "\n"] as &[_]),
            (&["1\r\nx\r\n0\r\n", "\r\n"], &["1\r\nx\r\n0\r\n", "\r", "\n"]),
            (&["1\r\nx\r\n0\r\n\r", "\n"], &["1\r\nx\r\n0\r\n", "\r", "\n"]),
            (&["0\r\n", "\r", "\n"], &["0\r\n", "\r", "\n"]),
            (&["0\r\nA: b\r", "\n\r", "\n"], &["0\r\nA: b\r", "\n", "\r", "\n"]),
        ] {
            let mut last = LastLine::default();
            last.keep_back();
            assert_eq!(passed(pieces, &mut last), wanted, "{pieces:?}");
        }
    }

    #[test]
    fn a_body_whose_end_nobody_awaits_passes_as_it_comes() {
        let pieces = ["1\r\nx\r\n0\r\n\r", "\n"];
        assert_eq!(passed(&pieces, &mut LastLine::default()), pieces);
    }
}
