//! Foreign words that are shown to people: what a peer sent may be a megabyte long, and full of control bytes.

/// The most characters that are shown: enough for a sentence of a proxy, too few for a page.
const LONGEST: usize = 500;

/// `text` as it may stand in a log line or on a page: cut, on one line, and without control characters.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut shown: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('\u{2026}');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_kept_on_one_line() {
        assert_eq!(excerpt("connect refused"), "connect refused");
        assert_eq!(excerpt("a\r\nb\u{1b}[31m\u{85}"), "a\u{fffd}\u{fffd}b\u{fffd}[31m\u{fffd}");
        assert_eq!(excerpt(&"x".repeat(LONGEST)).len(), LONGEST);
        let cut = excerpt(&"\u{e9}".repeat(1_000_000));
        assert_eq!((cut.chars().count(), cut.ends_with('\u{2026}')), (LONGEST + 1, true));
    }
}
