//! One segment of a path as servers may read it: without escapes, in any case, with or without parameters.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How often a segment may be percent-encoded over itself: proxies in a row decode twice, and nobody encodes four times.
const ROUNDS: usize = 4;

/// A segment without escapes, and without what follows a semicolon.
pub(super) struct Segment<'p>(Cow<'p, str>);

impl<'p> Segment<'p> {
    pub(super) fn new(written: &'p str) -> Self {
        let mut text = Cow::Borrowed(written);
        for _ in 0..ROUNDS {
            if !text.contains('%') {
                break;
            }
            text = Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
        }
        if let Some((name, _)) = text.split_once(';') {
            text = Cow::Owned(name.to_owned());
        }
        Self(text)
    }

    /// Whether it is this word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.0.eq_ignore_ascii_case(word)
    }

    /// What follows the last colon, if one stands in it.
    pub(super) fn verb(&self) -> Option<&str> {
        self.0.rsplit_once(':').map(|(_, verb)| verb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_the_same_in_every_form_that_some_server_reads_as_it() {
        for (written, wanted) in [
            ("message:send", true),
            ("Message:SEND", true),
            ("message%3Asend", true),
            ("message%3asend", true),
            ("message%253Asend", true),
            ("message%25253Asend", true),
            ("message:send;a=b", true),
            ("message:send%3Ba", true),
            ("message:sends", false),
            ("message%ffsend", false),
            ("", false),
        ] {
            assert_eq!(Segment::new(written).is("message:send"), wanted, "{written}");
        }
        assert_eq!(Segment::new("urn:x%3Acancel").verb(), Some("cancel"));
        assert_eq!(Segment::new("x").verb(), None);
    }
}
