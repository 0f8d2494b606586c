//! Server-sent events on their way to a client, as they come: an event that may hold a list is rewritten when it is whole,
//! and everything else passes byte for byte (HTML Living Standard, section 9.2).

use memchr::memchr2;

use super::{Filtered, ListKind, Shape, UnreadableList, filter};

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    /// The most bytes of an event that are held.
    most: usize,
    at: At,
    /// After a `\r`, which a `\n` may follow.
    after_return: bool,
    /// Whether a line of data stands in the event.
    has_data: bool,
    /// What is held: the event from its first line of data on, or a line that may be one.
    held: Vec<u8>,
    /// Whether the event was longer than what may be held, and passes as it comes as long as it is no list.
    overflows: bool,
    /// What the data of the event looks like.
    shape: Shape,
    counts: Counts,
}

/// How many entries of lists were shown, and how many left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    shown: usize,
    hidden: usize,
}

/// Where in a line the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// After so many bytes of a byte order mark, which may stand before the first line.
    Mark(usize),
    /// At the beginning of a line.
    Start,
    /// After so many letters of `data`.
    Name(usize),
    /// After `data:`, where one blank is no part of the value.
    Blank,
    /// In the value of a line of data.
    Value,
    /// In any other line.
    Other,
}

const MARK: &[u8] = "\u{feff}".as_bytes();
const DATA: &[u8] = b"data";

/// What decides about the entries of lists.
type Shows<'s> = &'s mut dyn FnMut(ListKind, &str) -> bool;

impl Events {
    /// A stream from its beginning on, of which at most so many bytes are held.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            at: At::Mark(0),
            after_return: false,
            has_data: false,
            held: Vec::new(),
            overflows: false,
            shape: Shape::default(),
            counts: Counts::default(),
        }
    }

    /// How many entries were shown since this was asked last, and how many left out.
    pub fn take_counts(&mut self) -> (usize, usize) {
        let Counts { shown, hidden } = std::mem::take(&mut self.counts);
        (shown, hidden)
    }

    /// Takes a piece of the stream, and adds to `out` what goes on to the client.
    ///
    /// # Errors
    /// When an event may hold a list and cannot be read, or is too long. Nothing of it is added, and nothing may follow.
    pub fn pass(&mut self, piece: &[u8], out: &mut Vec<u8>, shows: Shows<'_>) -> Result<(), UnreadableList> {
        let mut rest = piece;
        while let Some((byte, after)) = rest.split_first() {
            if std::mem::take(&mut self.after_return) && *byte == b'\n' {
                // It belongs to the end of the line before.
                self.keep(b"\n", out)?;
                rest = after;
            } else if matches!(byte, b'\n' | b'\r') {
                self.after_return = *byte == b'\r';
                self.line_ends(*byte, out, shows)?;
                rest = after;
            } else {
                let line = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                let (line, others) = rest.split_at_checked(line).unwrap_or((rest, &[]));
                self.within_line(line, out)?;
                rest = others;
            }
        }
        Ok(())
    }

    /// The stream is over: an event that is not whole is none (section 9.2.6).
    ///
    /// # Errors
    /// When it may hold a list.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), UnreadableList> {
        if self.shape.is_list() {
            return Err(UnreadableList);
        }
        out.append(&mut self.held);
        Ok(())
    }

    /// A part of a line.
    fn within_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), UnreadableList> {
        let (mut line, mut rest) = (line, line);
        while let (At::Mark(_) | At::Start | At::Name(_) | At::Blank, Some((byte, after))) =
            (self.at, rest.split_first())
        {
            self.at = self.after(*byte);
            if self.at == At::Value && *byte != b' ' {
                // The value begins with this byte.
                break;
            }
            rest = after;
            if self.at == At::Start {
                // The mark is no part of the line.
                out.extend_from_slice(line.strip_suffix(rest).unwrap_or_default());
                line = rest;
            }
        }
        if self.at == At::Value {
            self.shape.pass(rest);
        }
        self.keep(line, out)
    }

    /// Where the byte after this one stands, before it is known what the line is.
    fn after(&mut self, byte: u8) -> At {
        match self.at {
            At::Mark(found) if MARK.get(found) == Some(&byte) => match found + 1 {
                found if found == MARK.len() => At::Start,
                found => At::Mark(found),
            },
            At::Mark(0) | At::Start if DATA.first() == Some(&byte) => At::Name(1),
            At::Name(found) if DATA.get(found) == Some(&byte) => At::Name(found + 1),
            At::Name(found) if found == DATA.len() && byte == b':' => {
                self.begin_data();
                At::Blank
            }
            At::Blank | At::Value => At::Value,
            At::Mark(_) | At::Start | At::Name(_) | At::Other => At::Other,
        }
    }

    /// A line of data begins, or the next one of the same event.
    fn begin_data(&mut self) {
        if std::mem::replace(&mut self.has_data, true) {
            self.shape.pass(b"\n");
        }
    }

    /// A line ends with this byte.
    fn line_ends(&mut self, byte: u8, out: &mut Vec<u8>, shows: Shows<'_>) -> Result<(), UnreadableList> {
        let is_blank = matches!(self.at, At::Start | At::Mark(0));
        if self.at == At::Name(DATA.len()) {
            // A name alone is a line with an empty value.
            self.begin_data();
        } else if !self.has_data {
            out.append(&mut self.held);
        }
        self.at = At::Start;
        self.keep(&[byte], out)?;
        if is_blank {
            self.event_ends(out, shows)?;
        }
        Ok(())
    }

    /// Passes on bytes, or holds them where an event has begun that may be a list.
    fn keep(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), UnreadableList> {
        let holds = !self.overflows && (self.has_data || matches!(self.at, At::Name(_)));
        if !holds {
            if self.overflows && self.shape.is_list() {
                return Err(UnreadableList);
            }
            out.append(&mut self.held);
            out.extend_from_slice(bytes);
            return Ok(());
        }
        if self.held.len() + bytes.len() <= self.most {
            self.held.extend_from_slice(bytes);
            return Ok(());
        }
        if self.shape.is_list() {
            return Err(UnreadableList);
        }
        self.overflows = true;
        out.append(&mut self.held);
        out.extend_from_slice(bytes);
        Ok(())
    }

    /// The event is whole.
    fn event_ends(&mut self, out: &mut Vec<u8>, shows: Shows<'_>) -> Result<(), UnreadableList> {
        let is_list = std::mem::take(&mut self.shape).is_list();
        (self.has_data, self.overflows) = (false, false);
        let held = std::mem::take(&mut self.held);
        if !is_list {
            out.extend_from_slice(&held);
            return Ok(());
        }
        let Filtered { text, shown, hidden } = filter(&data(&held), shows)?;
        self.counts.shown += shown;
        self.counts.hidden += hidden;
        match text {
            Some(text) => rewrite(&held, &text, out),
            None => out.extend_from_slice(&held),
        }
        Ok(())
    }
}

/// The lines of an event, each with its end.
fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = event;
    std::iter::from_fn(move || {
        let end = memchr2(b'\n', b'\r', rest).map(|end| {
            let is_two = rest.get(end..end + 2) == Some(b"\r\n");
            end + 1 + usize::from(is_two)
        });
        let (line, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

/// The value of a line of data, and the end of the line.
fn value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr2(b'\n', b'\r', line).unwrap_or(line.len());
    let (line, end) = line.split_at_checked(end)?;
    let value = match line.strip_prefix(DATA)? {
        b"" => b"",
        rest => rest.strip_prefix(b":")?,
    };
    Some((value.strip_prefix(b" ").unwrap_or(value), end))
}

/// The data of an event: the values of its lines, with line ends between them.
fn data(event: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(event.len());
    for (number, (value, _)) in lines(event).filter_map(value).enumerate() {
        if number > 0 {
            data.push(b'\n');
        }
        data.extend_from_slice(value);
    }
    data
}

/// The event with this data: it takes the place of the first line, and all other lines stay.
fn rewrite(event: &[u8], data: &[u8], out: &mut Vec<u8>) {
    let mut is_written = false;
    for line in lines(event) {
        let Some((_, end)) = value(line) else {
            out.extend_from_slice(line);
            continue;
        };
        if std::mem::replace(&mut is_written, true) {
            continue;
        }
        for part in data.split(|byte| *byte == b'\n') {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(part);
            out.extend_from_slice(end);
        }
    }
}

#[cfg(test)]
mod tests;
