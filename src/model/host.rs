//! Hosts: the one that a request names, and the rules for those at which an agent answers.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::byte_class;

/// A host in canonical form: lower case, without port and without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host<'a>(Cow<'a, str>);

/// Hosts at which an agent answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostRule {
    /// This host, in canonical form.
    Exact(Box<str>),
    /// The hosts with exactly one label before this one: `*.agents.example.com`.
    OneBelow(Box<str>),
}

impl HostRule {
    /// Parses a host, or `*.` and a host, in any case and without a port.
    ///
    /// # Errors
    /// When it is neither, or no DNS name or address that a request could name.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        let host = Host::parse(name)?;
        let host = host.as_str();
        // `Host` drops a port; a trailing dot alone takes one byte.
        if name.len() > host.len() + 1 || !host.starts_with('[') && !is_name(host) {
            return Err(HostError);
        }
        match below {
            false => Ok(Self::Exact(host.into())),
            true if is_address(host) => Err(HostError),
            true => Ok(Self::OneBelow(host.into())),
        }
    }

    /// Some host that the rule covers, for messages and links.
    #[must_use]
    pub fn example(&self) -> Cow<'_, str> {
        match self {
            Self::Exact(host) => Cow::Borrowed(host),
            Self::OneBelow(parent) => Cow::Owned(format!("any.{parent}")),
        }
    }

    /// Whether the rule covers a host in canonical form.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(own) => **own == *host,
            Self::OneBelow(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == &**parent),
        }
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => f.write_str(host),
            Self::OneBelow(parent) => write!(f, "*.{parent}"),
        }
    }
}

/// Whether DNS could have this name: labels of 1 to 63 bytes, 253 in all (RFC 1035 section 2.3.4) of letters, digits and
/// dashes (RFC 1123 section 2.1), and underscores, which internal names do use.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// Whether it is an IP address, or ends in a number as IPv4 addresses do: no top-level domain is numeric (RFC 3696
/// section 2).
fn is_address(host: &str) -> bool {
    host.starts_with('[')
        || host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

/// The longest host (RFC 1035 section 2.3.4).
const LONGEST: usize = 255;

/// A text that is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a host name or address, optionally with a port")]
pub struct HostError;

impl<'a> Host<'a> {
    /// Parses the value of `Host` or an authority: `name`, `name:port`, `[v6]:port`.
    ///
    /// # Errors
    /// When it is none of these, longer than 255 bytes (RFC 1035 section 2.3.4), or has an empty label.
    pub fn parse(authority: &'a str) -> Result<Self, HostError> {
        if is_plain(authority) { Ok(Self(Cow::Borrowed(authority))) } else { Self::parse_any(authority) }
    }

    /// Parses an authority of which nothing is known.
    fn parse_any(authority: &'a str) -> Result<Self, HostError> {
        let (name, port) = if authority.starts_with('[') {
            let end = authority.find(']').ok_or(HostError)?;
            let (name, port) = authority.split_at_checked(end + 1).ok_or(HostError)?;
            unbracketed(name).parse::<Ipv6Addr>().map_err(|_| HostError)?;
            (name, port)
        } else {
            let end = authority.find(':').unwrap_or(authority.len());
            authority.split_at_checked(end).ok_or(HostError)?
        };
        match port.strip_prefix(':') {
            None if port.is_empty() => {}
            Some(port) if is_port(port) => {}
            _ => return Err(HostError),
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        // An IPv6 literal was parsed above; a name holds neither brackets nor colons.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b) || name.starts_with('[');
        // An empty label is refused: with a second trailing dot, `a..` would be another host than `a`.
        if name.len() > LONGEST || !name.bytes().all(plain) || name.split('.').any(str::is_empty) {
            return Err(HostError);
        }
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            Ok(Self(Cow::Owned(name.to_ascii_lowercase())))
        } else {
            Ok(Self(Cow::Borrowed(name)))
        }
    }

    /// The IP address, when the host is one and no name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        unbracketed(&self.0).parse().ok()
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a host is in canonical form at the first look, as nearly all are: a name in lower case, without a port.
fn is_plain(host: &str) -> bool {
    let (mut classes, mut is_empty, mut before) = (byte_class::HOST, false, b'.');
    for byte in host.bytes() {
        classes &= byte_class::of(byte);
        is_empty |= (before == b'.') & (byte == b'.');
        before = byte;
    }
    // With a dot before it, a host that ends in one has an empty label at its end, and one that begins with one at its
    // beginning.
    host.len() <= LONGEST && classes != 0 && !is_empty && before != b'.'
}

/// A host without the brackets of an IPv6 literal (RFC 3986 section 3.2.2): resolvers and certificates use none.
#[must_use]
pub fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Whether it is empty or the digits of a port (RFC 3986 section 3.2.3); five digits are the most that a port needs.
fn is_port(text: &str) -> bool {
    let digits = text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    text.is_empty() || (digits && text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        let rule = HostRule::parse("*.Agents.Example.").unwrap();
        assert_eq!((rule.to_string().as_str(), &*rule.example()), ("*.agents.example", "any.agents.example"));
        for (host, wanted) in [
            ("a.agents.example", true),
            ("any.agents.example", true),
            ("agents.example", false),
            ("a.b.agents.example", false),
            ("aagents.example", false),
        ] {
            assert_eq!(rule.covers(host), wanted, "{host}");
        }
        for bad in [
            "*",
            "*.",
            "*a.example",
            "a.*.example",
            "**.example",
            "*.*.example",
            "*.0.0.1",
            "*.[::1]",
            "*.a:80",
        ] {
            assert!(HostRule::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_has_one_canonical_form() {
        for (text, wanted) in [
            ("a.example", Some("a.example")),
            ("A.Example:8080", Some("a.example")),
            ("a.example.", Some("a.example")),
            ("a.example.:443", Some("a.example")),
            ("127.0.0.1:1", Some("127.0.0.1")),
            ("[::1]:80", Some("[::1]")),
            ("[::1]", Some("[::1]")),
            ("a:", Some("a")),
            ("a:65535", Some("a")),
            ("a:65536", None),
            ("a:99999", None),
            ("[::1]:65536", None),
            ("a:+80", None),
            ("a:000080", None),
            ("", None),
            (":80", None),
            ("a:b", None),
            ("a:80:80", None),
            ("a b", None),
            ("a/b", None),
            ("u@a", None),
            ("[::1", None),
            ("[x]", None),
            ("[[::1]", None),
            ("[::1]]", None),
            ("a[b]", None),
            ("a]", None),
            ("a,b", None),
            (".", None),
            ("a..", None),
            (".a", None),
            ("a..b", None),
        ] {
            assert_eq!(
                Host::parse(text).ok().map(|h| h.as_str().to_owned()),
                wanted.map(str::to_owned),
                "{text}"
            );
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4096))]

        #[test]
        fn the_first_look_says_what_the_second_would(text in "[.aA:0\\[\\]_ @-]{0,8}") {
            proptest::prop_assert_eq!(Host::parse(&text), Host::parse_any(&text));
        }
    }

    #[test]
    fn a_host_is_as_long_as_dns_allows() {
        for (length, wanted) in [(255, true), (256, false)] {
            assert_eq!(Host::parse(&"a".repeat(length)).is_ok(), wanted, "{length}");
        }
    }
}
