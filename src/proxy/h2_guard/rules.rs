//! What the frames of a connection may do: how much that is not work, how many streams that come to nothing, how long
//! a header block.
//!
//! Frames are found in `frames`; time limits are kept in `h2_guard`. What a request says is for the phases.

use tokio::time::Instant;

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
/// More answers than can be under way; a bound for memory.
const ANSWERS: usize = 1024;

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abuse {
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
    pub(super) const fn as_str(self) -> &'static str {
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
pub(super) struct Rules {
    control: Budget,
    resets: Budget,
    /// The longest header block, in bytes.
    longest: usize,
    /// The header block that the client is sending.
    block: Option<Block>,
    /// Whether the next frame to the client must go on with a header block.
    answers_in_pieces: bool,
    /// The streams whose answer has begun and not ended.
    answering: Vec<u32>,
    /// The last stream that the client opened.
    highest: u32,
    has_said_goodbye: bool,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    bytes: usize,
    pieces: u32,
}

impl Rules {
    pub(super) fn new(longest: usize, now: Instant) -> Self {
        Self {
            control: Budget::new(CONTROL.0, CONTROL.1, now),
            resets: Budget::new(RESETS.0, RESETS.1, now),
            longest,
            block: None,
            answers_in_pieces: false,
            answering: Vec::new(),
            highest: 0,
            has_said_goodbye: false,
        }
    }

    /// Whether the client is in the middle of a header block.
    pub(super) const fn is_in_head(&self) -> bool {
        self.block.is_some()
    }

    /// The last stream that the client opened.
    pub(super) const fn last_stream(&self) -> u32 {
        self.highest
    }

    /// Whether a GOAWAY would stand in the right place, and is news.
    pub(super) const fn may_say_goodbye(&self) -> bool {
        !self.answers_in_pieces && !self.has_said_goodbye
    }

    /// A frame of the client's begins.
    pub(super) fn received(&mut self, frame: &Frame, now: Instant) -> Result<(), Abuse> {
        match frame.kind {
            DATA if frame.data() > 0 || frame.has(END_STREAM) => Ok(()),
            HEADERS | PUSH_PROMISE | CONTINUATION => {
                self.highest = self.highest.max(frame.stream);
                self.head_piece(frame)
            }
            RST_STREAM => {
                self.answered(frame.stream);
                self.reset(now)
            }
            SETTINGS => self.no_work(DEAR, now),
            PING if frame.has(ACK) => self.no_work(DEAR, now),
            // Whatever else there is counts by its size as well: nobody has asked for it.
            _ => self.no_work(1 + u32::try_from(frame.length / 1024).unwrap_or(u32::MAX), now),
        }
    }

    /// A frame to the client begins. Gives the status of an answer that nobody else has seen: one of the HTTP/2
    /// library's own.
    pub(super) fn sent(&mut self, frame: &Frame, now: Instant) -> Result<Option<u16>, Abuse> {
        let mut unseen = None;
        match frame.kind {
            DATA if frame.length > 0 => self.control.earn(PER_DATA),
            HEADERS | CONTINUATION => {
                self.answers_in_pieces = !frame.has(END_HEADERS);
                let begins = frame.kind == HEADERS && !self.answering.contains(&frame.stream);
                if begins && frame.has(END_STREAM) && frame.length <= BARE {
                    unseen = Some(if frame.first.contains(&STATUS_400) { 400 } else { 431 });
                } else if begins && self.answering.len() < ANSWERS {
                    self.answering.push(frame.stream);
                }
            }
            RST_STREAM => {
                self.answered(frame.stream);
                if CLIENT_ERRORS.contains(&u32::from_be_bytes(frame.first)) {
                    self.reset(now)?;
                }
            }
            GOAWAY => self.has_said_goodbye = true,
            _ => {}
        }
        if matches!(frame.kind, DATA | HEADERS) && frame.has(END_STREAM) && self.answered(frame.stream) {
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

    /// The answer on a stream has ended; `false` when none was under way.
    fn answered(&mut self, stream: u32) -> bool {
        let at = self.answering.iter().position(|id| *id == stream);
        at.map(|at| self.answering.swap_remove(at)).is_some()
    }

    fn reset(&mut self, now: Instant) -> Result<(), Abuse> {
        self.resets.spend(1, now).then_some(()).ok_or(Abuse::ResetFlood)
    }

    fn no_work(&mut self, cost: u32, now: Instant) -> Result<(), Abuse> {
        self.control.spend(cost, now).then_some(()).ok_or(Abuse::ControlFlood)
    }
}
