//! Reads a JSON text from front to back, and knows where it is, so that parts of the text can be kept or left out as they
//! are.
//!
//! The structure near the top is read here; `serde_json` reads each value below it.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use super::UnreadableList;
use crate::protocol::json_rpc::Name;

/// A place in a text.
#[derive(Debug)]
pub(super) struct Cursor<'m> {
    text: &'m str,
    at: usize,
}

impl<'m> Cursor<'m> {
    /// The beginning of a text.
    pub(super) const fn new(text: &'m str) -> Self {
        Self { text, at: 0 }
    }

    /// Where it is.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
        self.at += blanks.unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    /// Reads this byte, where it comes next.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn take(&mut self, byte: u8) -> Result<(), UnreadableList> {
        if self.takes(byte) { Ok(()) } else { Err(UnreadableList) }
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), UnreadableList> {
        if self.peek().is_none() { Ok(()) } else { Err(UnreadableList) }
    }

    /// Reads a value, and says where it stands.
    pub(super) fn value<T: Deserialize<'m>>(&mut self) -> Result<(T, Range<usize>), UnreadableList> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let value = values.next().and_then(Result::ok).ok_or(UnreadableList)?;
        let start = self.at;
        self.at += values.byte_offset();
        Ok((value, start..self.at))
    }

    /// Reads an object. `each` reads the value of one member; what it returns last is whether there were any.
    pub(super) fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Cow<'m, str>) -> Result<(), UnreadableList>,
    ) -> Result<bool, UnreadableList> {
        self.take(b'{')?;
        if self.takes(b'}') {
            return Ok(false);
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(UnreadableList);
            }
            let (Name(name), _) = self.value()?;
            self.take(b':')?;
            each(self, name)?;
            if !self.takes(b',') {
                return self.take(b'}').map(|()| true);
            }
        }
    }

    /// Reads an array, and its items with what reads one.
    pub(super) fn items<T: Deserialize<'m>>(&mut self) -> Result<Vec<(T, Range<usize>)>, UnreadableList> {
        let mut items = Vec::new();
        self.take(b'[')?;
        if self.takes(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value()?);
            if !self.takes(b',') {
                return self.take(b']').map(|()| items);
            }
        }
    }
}
