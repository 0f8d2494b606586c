//! Negotiates the content encoding of a file of the console (RFC 9110 section 12.5.3).

use crate::model::Preference;

/// An encoding that a build of the console stores files in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// Smallest output first.
    pub(super) const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// The content coding in `Content-Encoding`; `None` for the plain file.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The suffix of the stored file.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// Whether `Accept-Encoding` accepts it. The plain file can always be sent.
    pub(super) fn is_accepted(self, accept: &str) -> bool {
        let Some(word) = self.word() else { return true };
        let mut others = false;
        for Preference { name, quality, .. } in Preference::all(accept) {
            if name.eq_ignore_ascii_case(word) {
                return quality > 0.0;
            }
            others |= name == "*" && quality > 0.0;
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_accepted_encoding_is_sent() {
        for (accept, wanted) in [
            ("br, gzip", Encoding::Brotli),
            ("gzip, deflate, br", Encoding::Brotli),
            ("GZIP", Encoding::Gzip),
            ("gzip;q=0.5, br;q=0", Encoding::Gzip),
            ("br;q=0.000, gzip ; Q=0", Encoding::Identity),
            ("*", Encoding::Brotli),
            ("*, br;q=0", Encoding::Gzip),
            ("*;q=0", Encoding::Identity),
            ("identity", Encoding::Identity),
            ("brotli", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            let found = Encoding::ALL.into_iter().find(|encoding| encoding.is_accepted(accept));
            assert_eq!(found, Some(wanted), "{accept}");
        }
    }
}
