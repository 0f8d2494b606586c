//! Finds the frames in one direction of an HTTP/2 connection while its bytes pass. Nothing is kept but the head of the
//! frame that passes.
//!
//! What a frame means for the connection is judged in `rules`.

/// The length of what a client sends before its first frame (RFC 9113 section 3.4).
pub(crate) const PREFACE: usize = 24;
const HEAD: usize = 9;
const PEEK: usize = 4;

pub(crate) const DATA: u8 = 0x0;
pub(crate) const HEADERS: u8 = 0x1;
pub(crate) const RST_STREAM: u8 = 0x3;
pub(crate) const SETTINGS: u8 = 0x4;
pub(crate) const PUSH_PROMISE: u8 = 0x5;
pub(crate) const PING: u8 = 0x6;
pub(crate) const GOAWAY: u8 = 0x7;
pub(crate) const CONTINUATION: u8 = 0x9;

/// On SETTINGS and PING.
pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) length: usize,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    /// The first bytes of the payload, of those frames whose head does not say enough.
    pub(crate) first: [u8; PEEK],
}

/// What is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A frame begins.
    Begins(Frame),
    /// A frame, or the preface, is whole.
    Ends,
}

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct Frames {
    head: [u8; HEAD + PEEK],
    have: usize,
    /// How much of the payload, or the preface, is yet to pass.
    rest: usize,
}

impl Frame {
    pub(crate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The bytes of a DATA frame that are not padding.
    pub(crate) fn data(&self) -> usize {
        let [padding, ..] = self.first;
        let around = if self.has(PADDED) { 1 + usize::from(padding) } else { 0 };
        self.length.saturating_sub(around)
    }
}

impl Frames {
    /// A direction in which `before` bytes pass before the first frame.
    pub(crate) const fn after(before: usize) -> Self {
        Self { head: [0; HEAD + PEEK], have: 0, rest: before }
    }

    /// Whether the next byte begins a frame.
    pub(crate) const fn is_between(&self) -> bool {
        self.have == 0 && self.rest == 0
    }

    /// Takes note of `bytes`; what it finds is told in order.
    pub(crate) fn pass<E>(
        &mut self,
        mut bytes: &[u8],
        mut tell: impl FnMut(Step) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            if self.have == 0 && self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                bytes = bytes.get(passed..).unwrap_or_default();
                self.rest -= passed;
                if self.rest == 0 {
                    tell(Step::Ends)?;
                }
                continue;
            }
            let missing = self.wanted() - self.have;
            let (taken, left) = bytes.split_at(missing.min(bytes.len()));
            if let Some(room) = self.head.get_mut(self.have..self.have + taken.len()) {
                room.copy_from_slice(taken);
            }
            self.have += taken.len();
            bytes = left;
            if self.have < self.wanted() {
                continue;
            }
            let frame = self.frame();
            self.rest = frame.length.saturating_sub(self.have - HEAD);
            self.have = 0;
            tell(Step::Begins(frame))?;
            if self.rest == 0 {
                tell(Step::Ends)?;
            }
        }
        Ok(())
    }

    /// How many bytes must be seen to know the frame.
    fn wanted(&self) -> usize {
        if self.have < HEAD {
            return HEAD;
        }
        let frame = self.frame();
        let peek = match frame.kind {
            RST_STREAM | HEADERS => PEEK,
            DATA if frame.has(PADDED) => 1,
            _ => 0,
        };
        HEAD + peek.min(frame.length)
    }

    fn frame(&self) -> Frame {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3, first @ ..] = self.head;
        let peeked = self.have.saturating_sub(HEAD);
        let mut seen = [0; PEEK];
        for (to, from) in seen.iter_mut().zip(first).take(peeked) {
            *to = from;
        }
        Frame {
            length: u32::from_be_bytes([0, l0, l1, l2]) as usize,
            kind,
            flags,
            // The first bit is reserved.
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
            first: seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (u32::try_from(payload.len()).unwrap() << 8 | u32::from(kind)).to_be_bytes().to_vec();
        bytes.push(flags);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    fn found(pieces: &[&[u8]]) -> Vec<Step> {
        let mut frames = Frames::after(PREFACE);
        let mut steps = Vec::new();
        for piece in pieces {
            let told: Result<(), ()> = frames.pass(piece, |step| {
                steps.push(step);
                Ok(())
            });
            assert_eq!(told, Ok(()));
        }
        assert!(frames.is_between());
        steps
    }

    #[test]
    fn the_same_frames_are_found_however_the_bytes_are_cut() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, 0, b""));
        bytes.extend(frame(HEADERS, END_HEADERS, 1, &[0x82, 0x84]));
        bytes.extend(frame(DATA, PADDED, 1, &[2, b'x', 0, 0]));
        bytes.extend(frame(RST_STREAM, 0, 0x8000_0001, &[0, 0, 0, 8]));
        bytes.extend(frame(0xee, 0xff, 0, &[7; 300]));
        let whole = found(&[&bytes]);
        assert_eq!(whole.iter().filter(|step| **step == Step::Ends).count(), 6);
        let begun: Vec<Frame> = whole
            .iter()
            .filter_map(|step| if let Step::Begins(f) = step { Some(*f) } else { None })
            .collect();
        assert_eq!(begun.iter().map(|f| f.kind).collect::<Vec<_>>(), [4, 1, 0, 3, 0xee]);
        assert_eq!((begun[2].data(), begun[3].stream, begun[3].first), (1, 1, [0, 0, 0, 8]));
        for cut in 0..bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(found(&[a, b]), whole, "cut at {cut}");
        }
        let bits: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(found(&bits), whole);
    }
}
