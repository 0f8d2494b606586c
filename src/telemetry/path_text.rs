//! The path of a request, as far as it is kept: in place where it is short.

use std::borrow::Cow;

/// Bytes of a path that are kept in place. Nearly every path is shorter, and with what says how much of it counts it
/// takes fifteen words.
const BRIEF: usize = 118;
/// Bytes of a refused request's path that are kept: enough to see what was asked for, and too few to fill memory with.
const WHOLE: usize = 1024;
/// Bytes of a path that the access log shows, as of any text from outside.
const LOGGED: usize = 2048;

/// A path as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathText {
    /// Kept in place, without an allocation.
    Brief {
        /// How many of the bytes count.
        len: u8,
        /// Whether there was more.
        cut: bool,
        /// The text.
        bytes: [u8; BRIEF],
    },
    /// Kept for itself.
    Whole(Box<str>),
}

impl PathText {
    /// The beginning of a path, kept without an allocation.
    #[must_use]
    pub fn brief(path: &str) -> Self {
        let (text, cut) = shortened(path, BRIEF);
        let mut bytes = [0; BRIEF];
        if let Some(place) = bytes.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
        }
        Self::Brief { len: u8::try_from(text.len()).unwrap_or(0), cut, bytes }
    }

    /// A path as the access log shows it; a very long one is cut, and nothing says so.
    #[must_use]
    pub fn logged(path: &str) -> Self {
        if path.len() <= BRIEF { Self::brief(path) } else { Self::Whole(shortened(path, LOGGED).0.into()) }
    }

    /// A path; a very long one is cut.
    #[must_use]
    pub fn whole(path: &str) -> Self {
        match shortened(path, WHOLE) {
            (text, false) => Self::Whole(text.into()),
            (text, true) => Self::Whole(format!("{text}\u{2026}").into()),
        }
    }

    /// The text; an ellipsis says that there was more.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Whole(text) => Cow::Borrowed(text),
            Self::Brief { len, cut, bytes } => {
                let text = bytes.get(..usize::from(*len)).and_then(|bytes| str::from_utf8(bytes).ok());
                let text = text.unwrap_or_default();
                if *cut { Cow::Owned(format!("{text}\u{2026}")) } else { Cow::Borrowed(text) }
            }
        }
    }
}

impl Default for PathText {
    /// No path: the head could not be read.
    fn default() -> Self {
        Self::brief("")
    }
}

fn shortened(text: &str, longest: usize) -> (&str, bool) {
    (text.get(..text.floor_char_boundary(longest)).unwrap_or_default(), text.len() > longest)
}

impl PathText {
    /// Bytes that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Whole(path) => path.len(),
            Self::Brief { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_whole_or_says_that_there_was_more() {
        let long = "/\u{e4}".repeat(WHOLE);
        for (path, brief) in [("/", "/"), ("/agents/a", "/agents/a"), ("", "")] {
            assert_eq!(PathText::brief(path).text(), brief);
            assert_eq!(PathText::whole(path).text(), path);
            assert_eq!(PathText::logged(path).text(), path);
        }
        for (kept, most) in [(PathText::brief(&long), BRIEF), (PathText::whole(&long), WHOLE)] {
            let text = kept.text();
            assert!(text.len() <= most + 3 && text.ends_with('\u{2026}'), "{} of {most}", text.len());
            assert!(long.starts_with(text.trim_end_matches('\u{2026}')));
        }
    }

    #[test]
    fn the_access_log_shows_a_path_as_it_is_up_to_its_limit() {
        for len in [0, 1, BRIEF - 1, BRIEF, BRIEF + 1, LOGGED, LOGGED + 1] {
            let path = "x".repeat(len);
            assert_eq!(PathText::logged(&path).text(), path[..len.min(LOGGED)], "{len}");
        }
    }
}
