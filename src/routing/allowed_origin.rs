//! An origin whose pages may call an agent.

/// An origin that is allowed, as browsers write it (RFC 6454 section 6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// This origin.
    Exact(String),
    /// Every origin with at least one label between `start` and `end`.
    Below {
        /// Scheme and `://`.
        start: String,
        /// A dot, the domain, and the port if it is not the default one.
        end: String,
    },
}

impl AllowedOrigin {
    /// Whether this covers `origin`. Browsers serialise an origin in one form, so it is compared byte for byte.
    pub(super) fn covers(&self, origin: &[u8]) -> bool {
        match self {
            Self::Exact(allowed) => origin == allowed.as_bytes(),
            Self::Below { start, end } => {
                let rest = origin.strip_prefix(start.as_bytes());
                let labels = rest.and_then(|rest| rest.strip_suffix(end.as_bytes()));
                let is_label = |label: &[u8]| {
                    let sound = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(b);
                    !label.is_empty() && label.iter().all(sound)
                };
                labels.is_some_and(|labels| labels.split(|b| *b == b'.').all(is_label))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label_or_more() {
        let (start, end) = ("https://".to_owned(), ".example.com:8443".to_owned());
        let allowed = AllowedOrigin::Below { start, end };
        for (origin, wanted) in [
            ("https://a.example.com:8443", true),
            ("https://a-1.b_2.example.com:8443", true),
            ("https://example.com:8443", false),
            ("https://.example.com:8443", false),
            ("https://a..example.com:8443", false),
            ("https://.a.example.com:8443", false),
            ("https://a.example.com", false),
            ("http://a.example.com:8443", false),
            ("https://aexample.com:8443", false),
            ("https://evil.test/.example.com:8443", false),
            ("https://evil.test:80.example.com:8443", false),
            ("https://u@a.example.com:8443", false),
            ("https://A.example.com:8443", false),
            ("https://a.example.com:8443.evil.test", false),
        ] {
            assert_eq!(allowed.covers(origin.as_bytes()), wanted, "{origin}");
        }
    }
}
