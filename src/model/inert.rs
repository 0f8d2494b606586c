//! Foreign text on its way to a terminal, a log or a page: no character of it may act there.

use std::fmt::Write as _;

/// Whether a character does something instead of standing for itself: control characters, line ends of Unicode, and
/// those that turn the direction of writing.
#[must_use]
pub const fn acts(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// The first `longest` characters of a text. Characters that act are written as escapes (`\u{1b}`), and an ellipsis
/// says that there was more.
#[must_use]
pub fn inert(text: &str, longest: usize) -> Box<str> {
    if text.len() <= longest && text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len().min(4 * longest));
    for c in text.chars().take(longest) {
        if acts(c) {
            // Writing to a string does not fail.
            let _written = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(longest).is_some() {
        shown.push('\u{2026}');
    }
    shown.into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn text_is_cut_and_what_acts_is_escaped() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("exactly ten", "exactly te\u{2026}"),
            ("a\r\n\u{1b}[31m", "a\\u{d}\\u{a}\\u{1b}[31m"),
            ("exe\u{202e}gnp", "exe\\u{202e}gnp"),
            ("\u{e4}\u{2028}\u{feff}", "\u{e4}\\u{2028}\\u{feff}"),
        ] {
            assert_eq!(&*inert(text, 10), wanted, "{text:?}");
        }
        assert_eq!(inert(&"\u{e9}".repeat(1_000_000), 200).chars().count(), 201);
    }
}
