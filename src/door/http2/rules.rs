//! The rules for frames of a connection: how many control frames, how many streams that end without a response, how long a
//! header block.
//!
//! `frames` finds the frames, and `guard` has the timeouts. The phases judge requests.

use tokio::time::Instant;

use crate::model::Refusal;

use super::budget::Budget;
use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING, PUSH_PROMISE, RST_STREAM,
    SETTINGS,
};

/// The budget of control frames: at once, and per second. A browser sends a few dozen when it connects and a few per second;
/// CVE-2019-9512 and the like send a hundred thousand.
const CONTROL: (u32, u32) = (1000, 100);
/// The budget of streams that are reset: at once, and per second. A page that navigates away resets its hundred streams
/// twice at most; rapid reset (CVE-2023-44487) resets them by the thousand.
const RESETS: (u32, u32) = (200, 20);
/// The cost of SETTINGS and of a PING's acknowledgement, for which the library does more than for other control frames: it
/// updates the window of every stream, or writes a line in a log.
const DEAR: u32 = 4;
/// The control frames that each DATA frame to the client earns: two WINDOW_UPDATEs, and a PING to measure the line.
const PER_DATA: u32 = 3;
/// The control frames that each complete response earns: priorities and windows of its stream.
const PER_STREAM: u32 = 4;
/// The most CONTINUATION frames of a header block. A client that fills its frames needs one for each 16 KiB.
const CONTINUATIONS: u32 = 16;
/// The error codes with which the library resets a stream because of the client (RFC 9113 section 7): PROTOCOL_ERROR,
/// FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM. Others are the upstream's or ours.
const CLIENT_ERRORS: [u32; 6] = [0x1, 0x3, 0x5, 0x6, 0x7, 0xb];
/// The longest header block, in bytes, that holds nothing but a status: every response of the gateway also has a request id.
const BARE: usize = 12;
/// `:status: 400` in the static table (RFC 7541 appendix A).
const STATUS_400: u8 = 0x8c;
/// The most streams that are tracked. The library allows far fewer; there are more only when the client does not even read
/// that the others are refused.
const MOST_OPEN: usize = 1024;

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abuse {
    /// The preface or the first frame was not complete in time.
    SlowStart,
    /// A header block was not complete in time.
    SlowHead,
    /// A frame was not complete in time.
    SlowFrame,
    /// A header block has too many pieces, or is too long.
    EndlessHead,
    /// There were too many control frames.
    ControlFlood,
    /// There were too many streams without a response.
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

/// The state of a connection after its frames so far.
#[derive(Debug)]
pub(crate) struct Rules {
    control: Budget,
    resets: Budget,
    /// The longest header block, in bytes.
    longest: usize,
    /// The header block that the client is sending.
    block: Option<Block>,
    /// Whether the next frame to the client must continue a header block.
    answers_in_pieces: bool,
    open: Vec<Open>,
    /// The last stream that the client opened.
    highest: u32,
    has_said_goodbye: bool,
}

/// A stream that was neither reset nor has a complete response.
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

    /// Whether a GOAWAY is allowed at this position, and was not sent before.
    pub(crate) const fn may_say_goodbye(&self) -> bool {
        !self.answers_in_pieces && !self.has_said_goodbye
    }

    /// Judges a frame from the client.
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
            // Unknown frames, and those without effect, count by their size as well.
            _ => self.no_work(1 + u32::try_from(frame.length / 1024).unwrap_or(u32::MAX), now),
        }
    }

    /// Judges a frame to the client. Returns the refusal of a response that the HTTP/2 library gave by itself, which nobody
    /// else would record.
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

    /// Notes the end of a stream; `false` when it was not open.
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
    fn responses_and_time_pay_for_streams_that_are_reset() {
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
    fn data_to_the_client_pays_for_control_frames() {
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
    fn responses_of_the_library_are_told_from_trailers() {
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
