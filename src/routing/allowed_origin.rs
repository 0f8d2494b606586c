//! The origins whose pages may call an agent.

use std::fmt;

use crate::model::{Host, is_loopback, is_loopback_name};

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

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(origin) => f.write_str(origin),
            Self::Below { start, end } => write!(f, "{start}*{end}"),
        }
    }
}

/// The origins whose pages may call an agent that answers to more than `Access-Control-*`: a page that the browser takes
/// for one of the agent's own host is not kept from it by those (DNS rebinding).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All.
    Any,
    /// These, at every listener.
    These(Box<[AllowedOrigin]>),
    /// Nobody has said: at listeners on loopback those of this machine, at others all.
    Unsaid,
}

impl AllowedOrigins {
    /// Whether a page of `origin` may call.
    pub fn allow(&self, origin: &[u8], at_loopback: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(list) => list.iter().any(|allowed| allowed.covers(origin)),
            Self::Unsaid => !at_loopback() || is_of_this_machine(origin),
        }
    }
}

impl fmt::Display for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::These(list) => {
                let list: Vec<_> = list.iter().map(AllowedOrigin::to_string).collect();
                write!(f, "one of {}", list.join(", "))
            }
            Self::Unsaid => f.write_str("one of this machine, as the request came to loopback"),
        }
    }
}

/// Whether the host of an origin is loopback.
fn is_of_this_machine(origin: &[u8]) -> bool {
    let text = std::str::from_utf8(origin).ok();
    let host = text.and_then(|text| text.split_once("://")).and_then(|(_, host)| Host::parse(host).ok());
    host.is_some_and(|host| host.address().map_or_else(|| is_loopback_name(host.as_str()), is_loopback))
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

    #[test]
    fn where_nobody_has_said_loopback_is_for_pages_of_this_machine() {
        for (origin, wanted) in [
            ("http://localhost:6274", true),
            ("https://localhost", true),
            ("http://app.localhost:3000", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.1.2.3", true),
            ("http://[::1]:8080", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("HTTP://LOCALHOST", true),
            ("https://evil.example", false),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://evil.example#@localhost", false),
            ("http://evil.example/@localhost", false),
            ("http://localhost@evil.example", false),
            ("http://10.0.0.1", false),
            ("http://0.0.0.0", false),
            ("null", false),
            ("", false),
            ("localhost", false),
            ("vscode-webview://1F0kA", false),
        ] {
            assert_eq!(AllowedOrigins::Unsaid.allow(origin.as_bytes(), || true), wanted, "{origin}");
            assert!(AllowedOrigins::Unsaid.allow(origin.as_bytes(), || false), "{origin}");
            assert!(AllowedOrigins::Any.allow(origin.as_bytes(), || true), "{origin}");
        }
        assert!(!AllowedOrigins::Unsaid.allow(b"http://localhost\xff", || true));
    }

    #[test]
    fn a_list_holds_at_every_listener() {
        let page = AllowedOrigin::Exact("https://app.example".to_owned());
        let these = AllowedOrigins::These([page].into());
        for at_loopback in [false, true] {
            assert!(these.allow(b"https://app.example", || at_loopback));
            for other in ["https://app.example.evil", "http://localhost", "null"] {
                assert!(!these.allow(other.as_bytes(), || at_loopback), "{other}");
            }
        }
        assert_eq!(these.to_string(), "one of https://app.example");
    }
}
