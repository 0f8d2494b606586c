//! Foreign text on its way to a terminal, a log or a page: control characters in it must have no effect there.

use std::fmt::Write as _;

/// Whether a character has an effect instead of a shape: control characters, the line separators of Unicode, the
/// byte-order mark, and characters that change the direction of text (Unicode Standard Annex 9 section 2).
#[must_use]
pub const fn acts(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// The first `longest` characters of a text, with those that [act](acts) escaped (`\u{1b}`), and an ellipsis where it was
/// cut.
#[must_use]
pub fn inert(text: &str, longest: usize) -> Box<str> {
    if text.len() <= longest && text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len().min(4 * longest));
    for c in text.chars().take(longest) {
        if acts(c) {
            // Writing to a `String` does not fail.
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
    fn text_is_cut_and_characters_that_act_are_escaped() {
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
