//! What is still to come of a message: how many of the next bytes belong to it.

use super::chunks::{Chunks, Progress};
use super::framing::BodyLength;

/// What is still to come of a message.
#[derive(Debug)]
pub(crate) enum Body {
    Bytes(u64),
    Chunked(Chunks),
    Ended,
    /// The chunks are unsound from here on.
    Broken,
    /// The connection carries another protocol now.
    Tunnel,
}

impl Body {
    pub(crate) const fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::Bytes(0) => Self::Ended,
            BodyLength::Bytes(n) => Self::Bytes(n),
            BodyLength::Chunked => Self::Chunked(Chunks::new()),
        }
    }

    /// How many bytes of `piece` belong to the message; in error, how many before the first unsound one.
    pub(crate) fn take(&mut self, piece: &[u8]) -> std::result::Result<usize, usize> {
        let progress = match self {
            Self::Ended | Self::Broken => Progress::Ended(0),
            Self::Tunnel => Progress::Within,
            Self::Bytes(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                *left -= here as u64;
                if *left == 0 { Progress::Ended(here) } else { Progress::Within }
            }
            Self::Chunked(chunks) => chunks.take(piece),
        };
        match progress {
            Progress::Within => Ok(piece.len()),
            Progress::Ended(here) => {
                *self = Self::Ended;
                Ok(here)
            }
            Progress::Fault(here) => {
                *self = Self::Broken;
                Err(here)
            }
        }
    }
}

/// Whether nothing but empty lines stands there, as some callers send behind a body (RFC 9112 section 2.2).
pub(crate) fn is_blank(behind: &[u8]) -> bool {
    behind.chunks(2).all(|pair| pair == b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::{Body, BodyLength, is_blank};

    #[test]
    fn a_message_takes_its_own_bytes_and_no_more() {
        for (length, pieces, wanted) in [
            (BodyLength::Bytes(0), &["x"][..], &[Ok(0)][..]),
            (BodyLength::Bytes(3), &["x", "yzGET", "x"], &[Ok(1), Ok(2), Ok(0)]),
            (BodyLength::Chunked, &["1\r\nx\r\n", "0\r\n\r\nGET", "x"], &[Ok(6), Ok(5), Ok(0)]),
            (BodyLength::Chunked, &["1\r\nxyz", "0\r\n\r\n"], &[Err(4), Ok(0)]),
        ] {
            let mut body = Body::new(length);
            let taken: Vec<_> = pieces.iter().map(|piece| body.take(piece.as_bytes())).collect();
            assert_eq!(taken, wanted, "{length:?} {pieces:?}");
        }
    }

    #[test]
    fn only_whole_empty_lines_are_blank() {
        for (behind, wanted) in
            [("", true), ("\r\n", true), ("\r\n\r\n", true), ("\n", false), ("\r", false), ("\r\nG", false)]
        {
            assert_eq!(is_blank(behind.as_bytes()), wanted, "{behind:?}");
        }
    }
}
