//! Whether two texts name the same host and port.

use super::host::Host;

/// An authority (RFC 3986 section 3.2), and the default port of its scheme.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// Host and port as they were written.
    pub text: &'a str,
    /// The port where the text has none (RFC 9110 sections 4.2.1 and 4.2.2).
    pub default_port: &'a str,
}

impl<'a> Authority<'a> {
    /// An authority in a URL of this scheme, `http` or `https`.
    #[must_use]
    pub fn of(scheme: &str, text: &'a str) -> Self {
        Self { text, default_port: if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" } }
    }

    /// Whether both name the same host and port. Case, a trailing dot, and an explicit default port make no difference;
    /// a text that is no authority equals nothing.
    #[must_use]
    pub fn names_same_as(&self, other: &Self) -> bool {
        match (Host::parse(self.text), Host::parse(other.text)) {
            (Ok(one), Ok(another)) => one == another && self.port() == other.port(),
            _ => false,
        }
    }

    fn port(&self) -> &'a str {
        let port = self.text.rsplit_once(':').filter(|(_, port)| !port.contains(']') && !port.is_empty());
        port.map_or(self.default_port, |(_, port)| port)
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn authorities_are_compared_by_host_and_port() {
        for (one, another, same) in [
            (("http", "a"), ("http", "A.:80"), true),
            (("https", "a:443"), ("HTTPS", "a"), true),
            (("http", "a:443"), ("https", "a"), true),
            (("http", "[::1]"), ("http", "[::1]:80"), true),
            (("http", "a:"), ("http", "a"), true),
            (("http", "a"), ("https", "a"), false),
            (("http", "a:81"), ("http", "a"), false),
            (("http", "a"), ("http", "b"), false),
            (("http", "u@a"), ("http", "u@a"), false),
        ] {
            let [one_is, another_is] = [one, another].map(|(scheme, text)| Authority::of(scheme, text));
            assert_eq!(one_is.names_same_as(&another_is), same, "{one:?} {another:?}");
        }
    }
}
