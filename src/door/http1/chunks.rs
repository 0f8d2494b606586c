//! The bytes of a chunked body, held to the grammar (RFC 9112 section 7.1): Pingora reads past an empty size, a bare
//! line feed and stray bytes in an extension, and any trailer, and so would not see the end where another server sees
//! it. What the body says is not looked at, and trailers go nowhere.

use crate::model::is_tchar;

/// The longest line of a chunk, its extensions included.
const LONGEST_LINE: u64 = 4096;
/// The most that the lines of all chunks may weigh beyond what honest ones do for their data.
const MOST_OVERHEAD: u64 = 16 * 1024;
/// What the line of a chunk may weigh whatever it brings.
const FREE_PER_CHUNK: u64 = 16;
/// The largest trailer section.
const LONGEST_TRAILERS: u64 = 16 * 1024;
/// The most digits of a size.
const MOST_DIGITS: u8 = 16;

/// How far a piece of a body went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The body goes on behind the piece.
    Within,
    /// The body ended after this many bytes of the piece.
    Ended(usize),
    /// This many bytes of the piece were sound, and the next one is not.
    Fault(usize),
}

/// Where in a chunked body the next byte stands.
#[derive(Debug)]
pub(crate) struct Chunks {
    at: At,
    size: u64,
    /// The length of the line, or of the trailer section, so far.
    line: u64,
    overhead: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the next digit of a size that has this many.
    Size(u8),
    /// A blank, which only a semicolon may follow.
    Blank,
    ExtensionStart,
    ExtensionName,
    /// A blank behind a name: an equals sign or a semicolon follows.
    ExtensionNamed,
    ValueStart,
    Value,
    Quoted,
    Escaped,
    QuoteEnd,
    LineFeed,
    Data(u64),
    DataReturn,
    DataFeed,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerFeed,
    LastFeed,
    End,
}

impl Chunks {
    pub(crate) const fn new() -> Self {
        Self { at: At::Size(0), size: 0, line: 0, overhead: 0 }
    }

    /// Takes the next piece of the body.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Progress {
        let mut rest = piece;
        while let Some((byte, after)) = rest.split_first() {
            if let At::Data(left) = self.at {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let left = left - here as u64;
                self.at = if left == 0 { At::DataReturn } else { At::Data(left) };
                rest = rest.get(here..).unwrap_or_default();
                continue;
            }
            match self.step(*byte) {
                Some(next) => self.at = next,
                None => return Progress::Fault(piece.len() - rest.len()),
            }
            rest = after;
            if self.at == At::End {
                return Progress::Ended(piece.len() - rest.len());
            }
        }
        Progress::Within
    }

    /// Whether the next byte can only be the body's last.
    pub(crate) const fn awaits_last_feed(&self) -> bool {
        matches!(self.at, At::LastFeed)
    }

    /// The state after `byte`; none when it cannot stand here.
    fn step(&mut self, byte: u8) -> Option<At> {
        self.line += 1;
        match self.at {
            At::TrailerStart | At::TrailerName | At::TrailerValue | At::TrailerFeed | At::LastFeed => {
                (self.line <= LONGEST_TRAILERS).then_some(())?;
                trailer(self.at, byte)
            }
            At::LineFeed => (byte == b'\n').then(|| self.line_ended()).flatten(),
            At::DataReturn => (byte == b'\r').then_some(At::DataFeed),
            At::DataFeed => {
                self.line = 0;
                (byte == b'\n').then_some(At::Size(0))
            }
            At::Size(digits) if byte.is_ascii_hexdigit() => {
                (digits < MOST_DIGITS).then_some(())?;
                let digit = char::from(byte).to_digit(16)?;
                self.size = if digits == 0 { 0 } else { self.size };
                self.size = self.size.checked_mul(16)?.checked_add(u64::from(digit))?;
                Some(At::Size(digits + 1))
            }
            _ => {
                (self.line <= LONGEST_LINE).then_some(())?;
                extension(self.at, byte)
            }
        }
    }

    fn line_ended(&mut self) -> Option<At> {
        // A size that no length of this machine holds is none.
        i64::try_from(self.size).ok()?;
        let paid = FREE_PER_CHUNK.saturating_add(self.size.saturating_mul(2));
        self.overhead = self.overhead.saturating_add(self.line).saturating_sub(paid);
        self.line = 0;
        (self.overhead <= MOST_OVERHEAD).then_some(())?;
        Some(if self.size == 0 { At::TrailerStart } else { At::Data(self.size) })
    }
}

/// From the last digit of a size to the end of its line.
fn extension(at: At, byte: u8) -> Option<At> {
    let blank = matches!(byte, b' ' | b'\t');
    match (at, byte) {
        (At::Size(1..) | At::ExtensionName | At::Value | At::QuoteEnd, b'\r') => Some(At::LineFeed),
        (
            At::Size(1..) | At::Blank | At::ExtensionName | At::ExtensionNamed | At::Value | At::QuoteEnd,
            b';',
        ) => Some(At::ExtensionStart),
        (At::ExtensionName | At::ExtensionNamed, b'=') => Some(At::ValueStart),
        (At::Size(1..) | At::Blank | At::Value | At::QuoteEnd, _) if blank => Some(At::Blank),
        (At::ExtensionStart | At::ValueStart, _) if blank => Some(at),
        (At::ExtensionName | At::ExtensionNamed, _) if blank => Some(At::ExtensionNamed),
        (At::ExtensionStart | At::ExtensionName, _) if is_tchar(byte) => Some(At::ExtensionName),
        (At::ValueStart, b'"') => Some(At::Quoted),
        (At::ValueStart | At::Value, _) if is_tchar(byte) => Some(At::Value),
        (At::Quoted, b'"') => Some(At::QuoteEnd),
        (At::Quoted, b'\\') => Some(At::Escaped),
        (At::Quoted | At::Escaped, _) if is_field_byte(byte) => Some(At::Quoted),
        _ => None,
    }
}

const fn trailer(at: At, byte: u8) -> Option<At> {
    match (at, byte) {
        (At::TrailerStart, b'\r') => Some(At::LastFeed),
        (At::LastFeed, b'\n') => Some(At::End),
        (At::TrailerName, b':') => Some(At::TrailerValue),
        (At::TrailerStart | At::TrailerName, _) if is_tchar(byte) => Some(At::TrailerName),
        (At::TrailerValue, b'\r') => Some(At::TrailerFeed),
        (At::TrailerValue, _) if is_field_byte(byte) => Some(At::TrailerValue),
        (At::TrailerFeed, b'\n') => Some(At::TrailerStart),
        _ => None,
    }
}

/// RFC 9110 section 5.5: no control character but a tab.
pub(crate) const fn is_field_byte(byte: u8) -> bool {
    (byte == b'\t') | ((byte >= 0x20) & (byte != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::{Chunks, Progress};

    /// Feeds a body in pieces of every length and says where it ended or went wrong.
    fn read(body: &[u8]) -> Progress {
        let mut outcomes: Vec<Progress> = (1..=body.len())
            .map(|step| {
                let mut chunks = Chunks::new();
                for (number, piece) in body.chunks(step).enumerate() {
                    let before = number * step;
                    match chunks.take(piece) {
                        Progress::Within => {}
                        Progress::Ended(n) => return Progress::Ended(before + n),
                        Progress::Fault(n) => return Progress::Fault(before + n),
                    }
                }
                Progress::Within
            })
            .collect();
        outcomes.dedup();
        assert_eq!(outcomes.len(), 1, "the same in any pieces: {outcomes:?}");
        outcomes[0]
    }

    #[test]
    fn sound_bodies_end_where_they_say() {
        for body in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "A\r\n0123456789\r\n000\r\n\r\n",
            "a\r\n\r\n\r\n\r\n0123\r\n0\r\n\r\n",
            "1;a\r\nx\r\n0;b=c\r\n\r\n",
            "1 ; a = \"q\\\"\u{e4};\" ; b=c\r\nx\r\n0\r\n\r\n",
            "0\r\nX-Sum: 1\r\nY:\r\n\r\n",
            "0000000000000001\r\nx\r\n0\r\n\r\n",
        ] {
            assert_eq!(read(body.as_bytes()), Progress::Ended(body.len()), "{body:?}");
            let more = format!("{body}GET /");
            assert_eq!(read(more.as_bytes()), Progress::Ended(body.len()), "{more:?}");
        }
    }

    #[test]
    fn bodies_that_can_be_read_in_two_ways_stop_at_the_first_bad_byte() {
        for (body, sound) in [
            ("\r\n\r\n", 0),
            (";a\r\nx\r\n", 0),
            (" 1\r\nx", 0),
            ("0x1\r\nx", 1),
            ("+1\r\nx", 0),
            ("-1\r\nx", 0),
            ("1 \r\nx", 2),
            ("1\nx\r\n", 1),
            ("1\r\rx", 2),
            ("1_0\r\n", 1),
            ("1;a\nb\r\nx", 3),
            ("1;\r\nx", 2),
            ("1;a=\r\nx", 4),
            ("1;a=\"\r\nx", 5),
            ("1;a=\"\\\n\"\r\nx", 6),
            ("1;a=b c\r\nx", 6),
            ("1\r\nxy", 4),
            ("1\r\nx\n", 4),
            ("1\r\nx\r0", 5),
            ("00000000000000001\r\nx", 16),
            ("ffffffffffffffff\r\nx", 17),
            ("8000000000000000\r\nx", 17),
            ("0\r\nX Y: z\r\n\r\n", 4),
            ("0\r\n X: z\r\n\r\n", 3),
            ("0\r\nX: a\n\r\n", 7),
            ("0\r\nX: a\0\r\n\r\n", 7),
            ("0\r\n\n", 3),
            ("0\r\n\rG", 4),
            ("g\r\n", 0),
        ] {
            assert_eq!(read(body.as_bytes()), Progress::Fault(sound), "{body:?}");
        }
    }

    #[test]
    fn lines_and_trailers_are_bounded() {
        let long = |n: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(n));
        assert!(matches!(Chunks::new().take(long(4000).as_bytes()), Progress::Ended(_)));
        assert!(matches!(Chunks::new().take(long(5000).as_bytes()), Progress::Fault(4096)));
        let trailers = |n: usize| format!("0\r\nX: {}\r\n\r\n", "a".repeat(n));
        assert!(matches!(Chunks::new().take(trailers(16_000).as_bytes()), Progress::Ended(_)));
        assert!(matches!(Chunks::new().take(trailers(17_000).as_bytes()), Progress::Fault(_)));
        let crumbs = |line: &str| Chunks::new().take(line.repeat(10_000).as_bytes());
        assert_eq!(crumbs("1\r\nx\r\n"), Progress::Within);
        assert!(matches!(crumbs("1;aaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n"), Progress::Fault(_)));
    }
}
