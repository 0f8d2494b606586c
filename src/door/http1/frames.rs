//! Frames of a WebSocket (RFC 6455 section 5.2), as far as it takes to know where each ends, and the one that says that
//! the gateway ends it.

/// The longest payload of a control frame (RFC 6455 section 5.5), less the two bytes of its code.
const LONGEST_REASON: usize = 123;
/// A last frame, and it closes.
const CLOSE: u8 = 0x88;
/// The payload is masked.
const MASKED: u8 = 0x80;

/// One direction of a WebSocket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frames {
    /// How many bytes of a head have come.
    head: u8,
    /// How many make it whole; known from its second byte on.
    whole: u8,
    /// How many of them are a length, behind the second one.
    extended: u8,
    /// The length that they say.
    length: u64,
    /// How many bytes of the payload are still to come.
    rest: u64,
}

impl Frames {
    /// Whether the bytes so far end between two frames.
    pub(super) const fn is_boundary(self) -> bool {
        self.head == 0 && self.rest == 0
    }

    /// Takes bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.advance(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// How many of these bytes belong to the frame that has begun: none between two frames.
    pub(super) fn to_boundary(mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() && !self.is_boundary() {
            at += self.advance(bytes.get(at..).unwrap_or_default());
        }
        at
    }

    /// Takes a byte of a head, or as much of a payload as there is.
    fn advance(&mut self, bytes: &[u8]) -> usize {
        if self.rest > 0 {
            let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(self.rest);
            self.rest -= here;
            return usize::try_from(here).unwrap_or(bytes.len());
        }
        let byte = bytes.first().copied().unwrap_or_default();
        self.head += 1;
        if self.head == 2 {
            let mask = if byte & MASKED == 0 { 0 } else { 4 };
            self.extended = match byte & !MASKED {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            self.length = if self.extended == 0 { u64::from(byte & !MASKED) } else { 0 };
            self.whole = 2 + self.extended + mask;
        } else if self.head > 2 && self.head <= 2 + self.extended {
            self.length = (self.length << 8) | u64::from(byte);
        }
        if self.head >= 2 && self.head == self.whole {
            *self = Self { rest: self.length, ..Self::default() };
        }
        1
    }
}

/// A close frame towards a client.
pub(super) fn close(code: u16, reason: &str) -> Vec<u8> {
    let reason = reason.get(..reason.floor_char_boundary(LONGEST_REASON)).unwrap_or_default();
    let length = u8::try_from(2 + reason.len()).unwrap_or(2);
    let mut frame = vec![CLOSE, length];
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    frame
}

/// A close frame towards an agent, as a client sends it: masked.
pub(super) fn masked_close(code: u16, mask: [u8; 4]) -> Vec<u8> {
    let payload = code.to_be_bytes();
    let mut frame = vec![CLOSE, MASKED | 2];
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(head: &[u8], payload: usize) -> Vec<u8> {
        let mut frame = head.to_vec();
        frame.extend(std::iter::repeat_n(0x88, payload));
        frame
    }

    #[test]
    fn a_frame_ends_where_its_length_says_in_any_pieces() {
        let frames = [
            frame(&[0x81, 0], 0),
            frame(&[0x01, 5], 5),
            frame(&[0x80, 0x83, 1, 2, 3, 4], 3),
            frame(&[0x82, 126, 1, 0], 256),
            frame(&[0x82, 0xfe, 0, 200, 9, 9, 9, 9], 200),
            frame(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
            close(1008, "revoked"),
            masked_close(1001, [1, 2, 3, 4]),
        ];
        for frame in &frames {
            for cut in [1, 2, 3, 7, frame.len() - 1] {
                let mut direction = Frames::default();
                let (begin, rest) = frame.split_at(cut.min(frame.len() - 1));
                direction.pass(begin);
                assert!(!direction.is_boundary(), "{:?} of {}", begin.len(), frame.len());
                let more = [rest, &frames[1]].concat();
                assert_eq!(direction.to_boundary(&more), rest.len());
                direction.pass(rest);
                assert!(direction.is_boundary());
                assert_eq!(direction.to_boundary(&frames[1]), 0, "the next one has not begun");
            }
        }
        let mut direction = Frames::default();
        direction.pass(&frames.concat());
        assert!(direction.is_boundary());
    }

    #[test]
    fn close_frames_say_what_they_should() {
        assert_eq!(close(1008, "no"), [0x88, 4, 0x03, 0xf0, b'n', b'o']);
        assert_eq!(close(1008, &"x".repeat(500)).len(), 2 + 125);
        let frame = masked_close(1001, [0xa0, 0xb0, 0xc0, 0xd0]);
        assert_eq!(frame, [0x88, 0x82, 0xa0, 0xb0, 0xc0, 0xd0, 0x03 ^ 0xa0, 0xe9 ^ 0xb0]);
    }
}
