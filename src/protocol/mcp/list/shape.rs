//! Watches a JSON text as it passes, in pieces of any size, and says when it may hold a list: before anything of the list
//! has passed.
//!
//! It takes more for a list than there are lists, and never less: whatever the text is, `filter` decides what can be read.

use std::borrow::Cow;

use memchr::memchr2;

use super::ListKind;
use crate::protocol::json_rpc::Spelling;

/// The longest name of a member that is kept: each letter of the longest one that is looked for, `resourceTemplates`, may
/// be written as six bytes, and quotes stand around it.
const LONGEST: usize = 6 * 17 + 2;

/// How far a text has come.
#[derive(Debug, Default)]
pub struct Shape {
    /// How many objects and arrays are open.
    depth: usize,
    /// Whether a name of a member comes next, in an object whose names matter.
    name_next: bool,
    /// Whether the innermost of the first two open ones is an object whose names matter.
    is_watched: [bool; 2],
    /// Whether the last name at the top was `result`.
    is_result: bool,
    text: Text,
    /// The name that is being read, with its quotes.
    name: Vec<u8>,
    is_list: bool,
}

/// Whether a string is open.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Within,
    /// After a backslash.
    Escaped,
}

impl Shape {
    /// Whether what has passed may be the beginning of a list, or of several messages at once.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        self.is_list
    }

    /// Watches a piece. Once it may be a list, nothing changes that.
    pub fn pass(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((byte, after)) = rest.split_first() {
            if self.is_list {
                return;
            }
            rest = match self.text {
                Text::Outside => {
                    self.structure(*byte);
                    after
                }
                Text::Within | Text::Escaped => self.string(rest),
            };
        }
    }

    /// A byte outside strings.
    fn structure(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.name_next = false;
            }
            b',' => self.name_next = self.is_watched(),
            b'"' => {
                self.text = Text::Within;
                self.name.clear();
                self.name.push(byte);
            }
            _ => {}
        }
    }

    fn open(&mut self, is_object: bool) {
        let watched = match self.depth {
            0 => is_object,
            1 => is_object && self.is_result,
            _ => false,
        };
        // Several messages at once.
        self.is_list |= self.depth == 0 && !is_object;
        if let Some(slot) = self.is_watched.get_mut(self.depth) {
            *slot = watched;
        }
        self.depth += 1;
        self.name_next = watched;
    }

    /// Whether the innermost open object is one whose names matter.
    fn is_watched(&self) -> bool {
        self.depth.checked_sub(1).and_then(|at| self.is_watched.get(at)).copied().unwrap_or(false)
    }

    /// What is left of a piece after what it has of a string.
    fn string<'p>(&mut self, piece: &'p [u8]) -> &'p [u8] {
        let mut at = 0;
        while at < piece.len() && self.text != Text::Outside {
            if self.text == Text::Escaped {
                (self.text, at) = (Text::Within, at + 1);
                continue;
            }
            let rest = piece.get(at..).unwrap_or_default();
            let Some(end) = memchr2(b'"', b'\\', rest) else {
                at = piece.len();
                break;
            };
            self.text = if rest.get(end) == Some(&b'"') { Text::Outside } else { Text::Escaped };
            at += end + 1;
        }
        let (part, rest) = piece.split_at_checked(at).unwrap_or_default();
        if self.name_next {
            let free = LONGEST.saturating_sub(self.name.len());
            self.name.extend_from_slice(part.get(..part.len().min(free)).unwrap_or_default());
            if self.text == Text::Outside {
                self.named();
            }
        }
        rest
    }

    /// The name of a member is whole.
    fn named(&mut self) {
        self.name_next = false;
        // A name that was cut lacks its last quote, and is none of those that are looked for.
        let name = serde_json::from_slice::<Cow<'_, str>>(&self.name).unwrap_or_default();
        let reads_as = |known: &str| name == known || Spelling::Case.is_variant(&name, known);
        match self.depth {
            1 => self.is_result = reads_as("result"),
            _ => self.is_list = ListKind::ALL.into_iter().any(|kind| reads_as(kind.member())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_list_in_pieces(text: &str, size: usize) -> bool {
        let mut shape = Shape::default();
        for piece in text.as_bytes().chunks(size) {
            shape.pass(piece);
        }
        shape.is_list()
    }

    #[test]
    fn a_list_is_seen_whatever_is_around_it() {
        for (text, wanted) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#, true),
            (r#"{"result":{"_meta":{"a":[1,{"b":"}]"}]},"nextCursor":"x","prompts":[]}}"#, true),
            (r#"{"result" : { "resources" : 5 }}"#, true),
            (r#"{"result":{"resourceTemplates":[]}}"#, true),
            (r#"{"result":{"Tools":[]}}"#, true),
            (r#"{"Result":{"tools":[]}}"#, true),
            (r#"{"r\u0065sult":{"to\u006Fls":[]}}"#, true),
            (
                r#"{"result":{"\u0072\u0065\u0073\u006f\u0075\u0072\u0063\u0065\u0054\u0065\u006d\u0070\u006c\u0061\u0074\u0065\u0073":[]}}"#,
                true,
            ),
            (r#"{"result":{},"result":{"tools":[]}}"#, true),
            ("\u{feff}{\"result\":{\"tools\":[]}}", true),
            (r#"{"id":1}{"result":{"tools":[]}}"#, true),
            (r#" [{"id":1}]"#, true),
            (r#"{"result":{"content":[{"type":"text","text":"{\"result\":{\"tools\":[]}}"}]}}"#, false),
            (r#"{"result":{"structuredContent":{"tools":[]}}}"#, false),
            (r#"{"result":[{"tools":[]}]}"#, false),
            (r#"{"params":{"tools":[]}}"#, false),
            (r#"{"result":{"toolsX":[],"x":"tools","y\"":"tools"}}"#, false),
            (r#"{"result":"x","tools":[]}"#, false),
            (r#"{"id":"result","x":{"tools":[]}}"#, false),
            (r#"{"result":{"a":1},"x":{"tools":1}}"#, false),
            ("", false),
            ("}}}]]{\"a\\", false),
        ] {
            for size in 1..=text.len().max(1) {
                assert_eq!(is_list_in_pieces(text, size), wanted, "{text} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_list_is_seen_before_its_first_entry() {
        let text = br#"{"result":{"tools"#;
        let mut shape = Shape::default();
        shape.pass(text);
        assert!(!shape.is_list());
        shape.pass(b"\"");
        assert!(shape.is_list());
    }
}
