//! Message boundaries in a stream: of server-sent events, and of gRPC.
//!
//! The bytes are never changed. `door` finds the frames of a WebSocket, because it has both directions.

/// Tracks whether the bytes of a stream so far end between two messages.
#[derive(Debug, Clone)]
pub(super) enum Boundary {
    /// Server-sent events.
    Events(Events),
    /// Length-prefixed messages.
    Messages(Messages),
    /// A stream without messages: every position is a boundary.
    Anywhere,
}

impl Boundary {
    /// Whether the bytes so far end between two messages.
    pub(super) const fn is_here(&self) -> bool {
        match self {
            Self::Events(events) => events.is_boundary(),
            Self::Messages(messages) => messages.is_boundary(),
            Self::Anywhere => true,
        }
    }

    /// Tracks a piece of the stream.
    pub(super) fn pass(&mut self, piece: &[u8]) {
        match self {
            Self::Events(events) => events.pass(piece),
            Self::Messages(messages) => messages.pass(piece),
            Self::Anywhere => {}
        }
    }

    /// Tracks a piece up to its first boundary, and returns the number of bytes before it; `None` when the whole piece was
    /// tracked and has none.
    pub(super) fn find(&mut self, piece: &[u8]) -> Option<usize> {
        if self.is_here() {
            return Some(0);
        }
        match self {
            Self::Events(events) => events.find(piece),
            Self::Messages(messages) => messages.find(piece),
            Self::Anywhere => Some(0),
        }
    }
}

/// The number of last bytes of a piece that decide whether it ends at a boundary: a blank line is at most two line ends of
/// two bytes.
const DECISIVE: usize = 4;

/// Server-sent events: a blank line ends each, and `\r\n`, `\n` or `\r` a line (HTML Standard, section 9.2.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Events {
    /// Between two events.
    #[default]
    Between,
    /// Between two events, after a `\r` that a `\n` may follow.
    BetweenAfterReturn,
    /// Within a line.
    Line,
    /// At the beginning of a line of an event.
    LineStart,
    /// At the beginning of a line, after a `\r` that a `\n` may follow.
    LineStartAfterReturn,
}

impl Events {
    const fn is_boundary(self) -> bool {
        matches!(self, Self::Between | Self::BetweenAfterReturn)
    }

    const fn step(self, byte: u8) -> Self {
        match (byte, self) {
            (b'\n', Self::Line | Self::LineStartAfterReturn) => Self::LineStart,
            (b'\n', Self::LineStart | Self::Between | Self::BetweenAfterReturn) => Self::Between,
            (b'\r', Self::Line) => Self::LineStartAfterReturn,
            (b'\r', _) => Self::BetweenAfterReturn,
            (_, _) => Self::Line,
        }
    }

    fn pass(&mut self, piece: &[u8]) {
        let decisive = match piece.len().checked_sub(DECISIVE) {
            None | Some(0) => piece,
            Some(before) => {
                // The bytes before change nothing, so a long piece costs no more than four bytes.
                *self = Self::Line;
                piece.get(before..).unwrap_or_default()
            }
        };
        *self = decisive.iter().fold(*self, |at, byte| at.step(*byte));
    }

    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        for (at, byte) in piece.iter().enumerate() {
            *self = self.step(*byte);
            if self.is_boundary() {
                return Some(at + 1);
            }
        }
        None
    }
}

/// The length of the prefix of a gRPC message: one byte of flags and four of length (gRPC over HTTP/2, "Requests").
const MESSAGE_HEAD: u8 = 5;

/// The length-prefixed messages of gRPC.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Messages {
    /// The bytes of a prefix so far.
    head: u8,
    /// The length that they give.
    length: u32,
    /// The bytes of the message that are still to come.
    rest: u32,
}

impl Messages {
    /// Before the first message.
    pub(super) const NEW: Self = Self { head: 0, length: 0, rest: 0 };

    const fn is_boundary(self) -> bool {
        self.head == 0 && self.rest == 0
    }

    fn pass(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let taken = self.advance(piece);
            piece = piece.get(taken..).unwrap_or_default();
        }
    }

    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            at += self.advance(piece.get(at..).unwrap_or_default());
            if self.is_boundary() {
                return Some(at);
            }
        }
        None
    }

    /// Tracks one byte of a prefix, or as much of a message as there is. Returns the number of bytes.
    fn advance(&mut self, piece: &[u8]) -> usize {
        if self.rest > 0 {
            // A piece beyond 4 GiB is as good as the longest message.
            let here = u32::try_from(piece.len()).unwrap_or(u32::MAX).min(self.rest);
            self.rest -= here;
            return here as usize;
        }
        // Both callers pass a piece that is not empty.
        let byte = piece.first().copied().unwrap_or_default();
        if self.head > 0 {
            self.length = (self.length << 8) | u32::from(byte);
        }
        self.head += 1;
        if self.head == MESSAGE_HEAD {
            *self = Self { head: 0, length: 0, rest: self.length };
        }
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the boundaries are, found a byte at a time.
    fn boundaries(mut boundary: Boundary, text: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            boundary.pass(&[*byte]);
            if boundary.is_here() {
                found.push(at + 1);
            }
        }
        found
    }

    fn same_in_any_pieces(start: &Boundary, text: &[u8]) {
        let wanted = boundaries(start.clone(), text);
        for step in 1..=text.len() {
            let mut boundary = start.clone();
            for (number, piece) in text.chunks(step).enumerate() {
                boundary.pass(piece);
                let end = number * step + piece.len();
                assert_eq!(boundary.is_here(), wanted.contains(&end), "{text:?} up to {end} by {step}");
            }
        }
        for cut in 0..text.len() {
            let mut boundary = start.clone();
            boundary.pass(&text[..cut]);
            let is_here = boundary.is_here();
            let found = boundary.find(&text[cut..]).map(|at| cut + at);
            let next = wanted.iter().copied().find(|at| *at > cut);
            assert_eq!(found, if is_here { Some(cut) } else { next }, "{text:?} from {cut}");
        }
    }

    #[test]
    fn a_blank_line_ends_an_event_with_any_line_ends() {
        for (text, wanted) in [
            ("data: 1\n\ndata: 2\n\n", &[9, 18][..]),
            ("data: 1\r\n\r\nx", &[10, 11]),
            ("data\r\rdata\r", &[6]),
            ("data\r\n\ndata\n\r\n", &[7, 13, 14]),
            (": comment\ndata: 1\n", &[]),
            ("\n\nid: 1\n\n", &[1, 2, 9]),
            ("data: \u{e4}\n\n", &[10]),
        ] {
            let start = Boundary::Events(Events::default());
            assert_eq!(boundaries(start.clone(), text.as_bytes()), wanted, "{text:?}");
            same_in_any_pieces(&start, text.as_bytes());
        }
    }

    #[test]
    fn a_grpc_message_ends_where_its_length_says() {
        let mut text = vec![0, 0, 0, 0, 3, b'a', b'b', b'c', 1, 0, 0, 0, 0, 0, 0, 0, 1, 0];
        text.extend_from_slice(&[7; 256]);
        text.extend_from_slice(&[0, 0, 0]);
        let start = Boundary::Messages(Messages::default());
        assert_eq!(boundaries(start.clone(), &text), [8, 13, 274]);
        same_in_any_pieces(&start, &text);
    }

    #[test]
    fn other_responses_can_end_anywhere() {
        assert_eq!(Boundary::Anywhere.find(b"abc"), Some(0));
    }
}
