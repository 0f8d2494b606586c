//! The name under which a request asks for an agent, and the names under which an agent answers.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host in its one form: lower case, without port and without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host<'a>(Cow<'a, str>);

/// Hosts at which an agent answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostRule {
    /// This one, in its one form.
    Exact(Box<str>),
    /// Those that have exactly one label more than this one: `*.agents.example.com`.
    OneBelow(Box<str>),
}

impl HostRule {
    /// Reads a host, or `*.` and a host, in any case and without a port.
    ///
    /// # Errors
    /// When it is neither, or no request could ask for it.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        let host = Host::parse(name)?;
        let host = host.as_str();
        // What came out shorter had a port.
        if name.len() > host.len() + 1 || !host.starts_with('[') && !is_name(host) {
            return Err(HostError);
        }
        match below {
            false => Ok(Self::Exact(host.into())),
            true if is_address(host) => Err(HostError),
            true => Ok(Self::OneBelow(host.into())),
        }
    }

    /// A host that it covers.
    #[must_use]
    pub fn example(&self) -> Cow<'_, str> {
        match self {
            Self::Exact(host) => Cow::Borrowed(host),
            Self::OneBelow(parent) => Cow::Owned(format!("any.{parent}")),
        }
    }

    /// Whether it covers a host in its one form.
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

/// Whether it is a name that DNS could have (RFC 1123 section 2.1, and the underscores that are used all the same).
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// Whether it is an IP address, or ends as one does.
fn is_address(host: &str) -> bool {
    host.starts_with('[')
        || host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

/// The text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a host name or address, optionally with a port")]
pub struct HostError;

impl<'a> Host<'a> {
    /// Parses the value of `Host` or an authority: `name`, `name:port`, `[v6]:port`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(authority: &'a str) -> Result<Self, HostError> {
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
        // A literal has been read above; in a name there are neither brackets nor colons.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b) || name.starts_with('[');
        // No label is empty, or a second dot at the end would be part of the name.
        if name.len() > 255 || !name.bytes().all(plain) || name.split('.').any(str::is_empty) {
            return Err(HostError);
        }
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            Ok(Self(Cow::Owned(name.to_ascii_lowercase())))
        } else {
            Ok(Self(Cow::Borrowed(name)))
        }
    }

    /// The address that stands in place of a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        unbracketed(&self.0).parse().ok()
    }

    /// The host.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A host without the brackets of an IPv6 literal (RFC 3986 section 3.2.2), as resolvers and certificates name it.
#[must_use]
pub fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Nothing, or the digits of a port (RFC 3986 section 3.2.3).
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
    fn a_host_has_one_form() {
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
}
