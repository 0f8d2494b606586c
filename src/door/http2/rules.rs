//! What the frames of a connection may do: how much that is not work, how many streams that come to nothing, how long
//! a header block.
//!
//! Frames are found in `frames`; time limits are kept in `guard`. What a request says is for the phases.

use tokio::time::Instant;

use crate::model::Refusal;

use super::budget::Budget;
use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING, PUSH_PROMISE, RST_STREAM,
    SETTINGS,
};

/// Frames without work: at once, and in each second.
const CONTROL: (u32, u32) = (1000, 100);
/// Streams that are reset: at once, and in each second.
const RESETS: (u32, u32) = (200, 20);
/// A new window for every stream, or a line in a log, costs more than to be passed over.
const DEAR: u32 = 4;
/// What a client may say about a DATA frame that it was sent: two windows and a PING to measure the line.
const PER_DATA: u32 = 3;
/// What a client may say about a stream: priorities and windows.
const PER_STREAM: u32 = 4;
/// Pieces of a header block. An honest one has as many as its size asks for.
const CONTINUATIONS: u32 = 16;
/// The errors that a client makes us reset a stream with; others are the upstream's, or ours.
const CLIENT_ERRORS: [u32; 6] = [0x1, 0x3, 0x5, 0x6, 0x7, 0xb];
/// The longest header block that can only be a status: every answer of ours names its request.
const BARE: usize = 12;
/// `:status: 400` in the static table (RFC 7541 appendix A).
const STATUS_400: u8 = 0x8c;
/// More streams than can be open, were it not that we cannot even say that they are refused.
const MOST_OPEN: usize = 1024;

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abuse {
    /// The preface or the first frame did not come in time.
    SlowStart,
    /// A header block did not come in time.
    SlowHead,
    /// A frame did not come in time.
    SlowFrame,
    /// A header block in too many pieces, or too long.
    EndlessHead,
    /// Too many frames that are no work.
    ControlFlood,
    /// Too many streams that came to nothing.
    ResetFlood,
}

impl Abuse {
    /// The word for it in the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SlowStart => "slow_start",
            Self::SlowHead => "slow_head",
            Self::SlowFrame => "slow_frame",
            Self::EndlessHead => "endless_head",
            Self::ControlFlood => "control_flood",
            Self::ResetFlood => "reset_flood",
        }
    }
}

/// What the frames so far come to.
#[derive(Debug)]
pub(crate) struct Rules {
    control: Budget,
    resets: Budget,
    /// The longest header block, in bytes.
    longest: usize,
    /// The header block that the client is sending.
    block: Option<Block>,
    /// Whether the next frame to the client must go on with a header block.
    answers_in_pieces: bool,
    open: Vec<Open>,
    /// The last stream that the client opened.
    highest: u32,
    has_said_goodbye: bool,
}

/// A stream that was neither answered to its end nor reset.
#[derive(Debug, Clone, Copy)]
struct Open {
    id: u32,
    has_answer: bool,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    bytes: usize,
    pieces: u32,
}

impl Rules {
    pub(crate) fn new(longest: usize, now: Instant) -> Self {
        Self {
            control: Budget::new(CONTROL.0, CONTROL.1, now),
            resets: Budget::new(RESETS.0, RESETS.1, now),
            longest,
            block: None,
            answers_in_pieces: false,
            open: Vec::new(),
            highest: 0,
            has_said_goodbye: false,
        }
    }

    /// Whether the client is in the middle of a header block.
    pub(crate) const fn is_in_head(&self) -> bool {
        self.block.is_some()
    }

    /// Whether no stream is open.
    pub(crate) const fn is_resting(&self) -> bool {
        self.open.is_empty()
    }

    /// The last stream that the client opened.
    pub(crate) const fn last_stream(&self) -> u32 {
        self.highest
    }

    /// Whether a GOAWAY would stand in the right place, and is news.
    pub(crate) const fn may_say_goodbye(&self) -> bool {
        !self.answers_in_pieces && !self.has_said_goodbye
    }

    /// A frame of the client's begins.
    pub(crate) fn received(&mut self, frame: &Frame, now: Instant) -> Result<(), Abuse> {
        match frame.kind {
            DATA if frame.data() > 0 || frame.has(END_STREAM) => Ok(()),
            HEADERS | PUSH_PROMISE | CONTINUATION => {
                self.opens(frame)?;
                self.head_piece(frame)
            }
            RST_STREAM => {
                self.closed(frame.stream);
                self.reset(now)
            }
            SETTINGS => self.no_work(DEAR, now),
            PING if frame.has(ACK) => self.no_work(DEAR, now),
            // Whatever else there is counts by its size as well: nobody has asked for it.
            _ => self.no_work(1 + u32::try_from(frame.length / 1024).unwrap_or(u32::MAX), now),
        }
    }

    /// A frame to the client begins. Says what an answer that nobody else has seen refused: one of the HTTP/2
    /// library's own.
    pub(crate) fn sent(&mut self, frame: &Frame, now: Instant) -> Result<Option<Refusal>, Abuse> {
        let mut unseen = None;
        match frame.kind {
            DATA if frame.length > 0 => self.control.earn(PER_DATA),
            HEADERS | CONTINUATION => {
                self.answers_in_pieces = !frame.has(END_HEADERS);
                let open = self.open.iter_mut().find(|open| open.id == frame.stream && !open.has_answer);
                if let Some(open) = open {
                    open.has_answer = true;
                    if frame.has(END_STREAM) && frame.kind == HEADERS && frame.length <= BARE {
                        let is_malformed = frame.first.contains(&STATUS_400);
                        unseen =
                            Some(if is_malformed { Refusal::MalformedHead } else { Refusal::HeadTooLarge });
                    }
                }
            }
            RST_STREAM => {
                self.closed(frame.stream);
                if CLIENT_ERRORS.contains(&u32::from_be_bytes(frame.first)) {
                    self.reset(now)?;
                }
            }
            GOAWAY => self.has_said_goodbye = true,
            _ => {}
        }
        if matches!(frame.kind, DATA | HEADERS) && frame.has(END_STREAM) && self.closed(frame.stream) {
            self.control.earn(PER_STREAM);
            self.resets.earn(1);
        }
        Ok(unseen)
    }

    fn head_piece(&mut self, frame: &Frame) -> Result<(), Abuse> {
        let before = if frame.kind == CONTINUATION { self.block } else { None };
        let before = before.unwrap_or(Block { bytes: 0, pieces: 0 });
        let block = Block { bytes: before.bytes + frame.length, pieces: before.pieces + 1 };
        if block.bytes > self.longest || block.pieces > 1 + CONTINUATIONS {
            return Err(Abuse::EndlessHead);
        }
        self.block = (!frame.has(END_HEADERS)).then_some(block);
        Ok(())
    }

    fn opens(&mut self, frame: &Frame) -> Result<(), Abuse> {
        if frame.kind == HEADERS && frame.stream > self.highest {
            if self.open.len() >= MOST_OPEN {
                return Err(Abuse::ResetFlood);
            }
            self.highest = frame.stream;
            self.open.push(Open { id: frame.stream, has_answer: false });
        }
        Ok(())
    }

    /// A stream has ended; `false` when it was not open.
    fn closed(&mut self, stream: u32) -> bool {
        let at = self.open.iter().position(|open| open.id == stream);
        at.map(|at| self.open.swap_remove(at)).is_some()
    }

    fn reset(&mut self, now: Instant) -> Result<(), Abuse> {
        self.resets.spend(1, now).then_some(()).ok_or(Abuse::ResetFlood)
    }

    fn no_work(&mut self, cost: u32, now: Instant) -> Result<(), Abuse> {
        self.control.spend(cost, now).then_some(()).ok_or(Abuse::ControlFlood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn frame(kind: u8, flags: u8, stream: u32, length: usize) -> Frame {
        Frame { length, kind, flags, stream, first: [0; 4] }
    }

    fn request(stream: u32) -> Frame {
        frame(HEADERS, END_HEADERS | END_STREAM, stream, 40)
    }

    fn reset(stream: u32, code: u8) -> Frame {
        Frame { first: [0, 0, 0, code], ..frame(RST_STREAM, 0, stream, 4) }
    }

    fn answer(stream: u32) -> Frame {
        frame(HEADERS, END_HEADERS | END_STREAM, stream, 100)
    }

    #[test]
    fn streams_that_come_to_nothing_are_paid_for_by_answers_and_by_time() {
        let now = Instant::now();
        for (says_it, code) in [("the client", 8), ("the server", 1)] {
            let mut rules = Rules::new(1000, now);
            let mut one = |id: u32, now| -> Result<(), Abuse> {
                rules.received(&request(id), now)?;
                match code {
                    8 => rules.received(&reset(id, code), now),
                    _ => rules.sent(&reset(id, code), now).map(drop),
                }
            };
            let done = (0..).map(|n| one(2 * n + 1, now)).take_while(Result::is_ok).count();
            assert_eq!(done, RESETS.0 as usize, "{says_it}");
            assert_eq!(one(9999, now), Err(Abuse::ResetFlood), "{says_it}");
            assert_eq!(one(10_001, now + Duration::from_secs(60)), Ok(()), "{says_it}");
        }
        let mut rules = Rules::new(1000, now);
        for n in 0..10_000 {
            let (kept, dropped) = (4 * n + 1, 4 * n + 3);
            assert_eq!(rules.received(&request(kept), now), Ok(()));
            assert_eq!(rules.received(&request(dropped), now), Ok(()));
            assert_eq!(rules.sent(&answer(kept), now), Ok(None));
            assert_eq!(rules.received(&reset(dropped, 8), now), Ok(()), "as many are answered as dropped");
        }
        assert!(rules.is_resting());
    }

    #[test]
    fn resets_that_are_not_the_clients_fault_cost_it_nothing() {
        let now = Instant::now();
        let mut rules = Rules::new(1000, now);
        for n in 0..10_000 {
            assert_eq!(rules.received(&request(2 * n + 1), now), Ok(()));
            assert_eq!(rules.sent(&reset(2 * n + 1, 2), now), Ok(None));
        }
    }

    #[test]
    fn talk_is_paid_for_by_data_that_the_client_was_sent() {
        let now = Instant::now();
        let talk = frame(PING, 0, 0, 8);
        let mut rules = Rules::new(1000, now);
        assert_eq!((0..).map(|_| rules.received(&talk, now)).take_while(Result::is_ok).count(), 1000);
        let mut rules = Rules::new(1000, now);
        for _ in 0..10_000 {
            assert_eq!(rules.sent(&frame(DATA, 0, 1, 100), now), Ok(None));
            for _ in 0..PER_DATA {
                assert_eq!(rules.received(&talk, now), Ok(()));
            }
        }
    }

    #[test]
    fn a_header_block_is_bounded_in_bytes_and_in_pieces() {
        let now = Instant::now();
        for (length, wanted) in [(0, CONTINUATIONS as usize), (300, 3)] {
            let mut rules = Rules::new(1000, now);
            assert_eq!(rules.received(&frame(HEADERS, END_STREAM, 1, 100), now), Ok(()));
            let more = frame(CONTINUATION, 0, 1, length);
            assert_eq!((0..).map(|_| rules.received(&more, now)).take_while(Result::is_ok).count(), wanted);
        }
    }

    #[test]
    fn answers_of_the_library_are_told_from_trailers() {
        let now = Instant::now();
        let mut rules = Rules::new(1000, now);
        let bare =
            |stream| Frame { first: [0xbe, 0, 0, 0], ..frame(HEADERS, END_HEADERS | END_STREAM, stream, 1) };
        for id in [1, 3, 5] {
            assert_eq!(rules.received(&request(id), now), Ok(()));
        }
        assert_eq!(rules.sent(&frame(HEADERS, END_HEADERS, 1, 100), now), Ok(None));
        assert_eq!(rules.sent(&bare(1), now), Ok(None), "trailers");
        assert_eq!(rules.sent(&bare(3), now), Ok(Some(Refusal::HeadTooLarge)));
        assert_eq!(
            rules.sent(&Frame { first: [STATUS_400, 0, 0, 0], ..bare(5) }, now),
            Ok(Some(Refusal::MalformedHead))
        );
    }
}
