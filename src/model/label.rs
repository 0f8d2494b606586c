//! Display names: short text that reads in the order in which it was written.

/// The longest label, in characters: the console shows one on a line, and longer ones are prose.
const LONGEST: usize = 200;

/// Checks a text that is shown to people as a name.
///
/// # Errors
/// The rule that the text breaks, for its writer.
pub fn check_label(text: &str) -> Result<(), &'static str> {
    let good = !text.trim().is_empty()
        && text.chars().count() <= LONGEST
        && !text.chars().any(|c| c.is_control() || turns_text(c));
    if good {
        Ok(())
    } else {
        Err(
            "a name has 1 to 200 characters, no control characters, and none that change the direction of text",
        )
    }
}

/// Whether a character changes the direction of the text behind it (Unicode Standard Annex 9 section 2).
const fn turns_text(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_in_the_order_in_which_it_was_written() {
        let long = "x".repeat(LONGEST);
        for (text, good) in [
            ("Refund agent", true),
            ("<b>ci</b>", true),
            ("\u{5e9}\u{5dc}\u{5d5}\u{5dd}", true),
            (long.as_str(), true),
            (&format!("{long}x"), false),
            ("", false),
            (" ", false),
            ("a\nb", false),
            ("safe\u{202e}gnp.exe", false),
            ("a\u{2066}b", false),
        ] {
            assert_eq!(check_label(text).is_ok(), good, "{text:?}");
        }
    }
}
