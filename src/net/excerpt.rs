//! Excerpts of foreign text for people: a peer may send a megabyte full of control characters.

/// The longest excerpt, in characters: a sentence of a proxy fits, and a page of HTML does not flood the log.
const LONGEST: usize = 500;

/// `text` for a log line or a page: cut, on one line, and without control characters.
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
    fn text_is_cut_and_kept_on_one_line() {
        assert_eq!(excerpt("connect refused"), "connect refused");
        assert_eq!(excerpt("a\r\nb\u{1b}[31m\u{85}"), "a\u{fffd}\u{fffd}b\u{fffd}[31m\u{fffd}");
        assert_eq!(excerpt(&"x".repeat(LONGEST)).len(), LONGEST);
        let cut = excerpt(&"\u{e9}".repeat(1_000_000));
        assert_eq!((cut.chars().count(), cut.ends_with('\u{2026}')), (LONGEST + 1, true));
    }
}
