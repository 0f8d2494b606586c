//! The address under which clients reach an agent, as far as it is written; the rest is what a request says of itself.

use http::{HeaderMap, HeaderName};

use super::Host;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Scheme and authority of a request, as its client wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentTo<'r> {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and port, as they were written; empty when no host is known.
    pub authority: &'r str,
}

impl<'r> SentTo<'r> {
    /// What a trusted proxy says of the client's request, else the request itself. Of several proxies the first one has the
    /// client's connection.
    #[must_use]
    pub fn of(request: Self, headers: &'r HeaderMap, is_trusted: bool) -> Self {
        let told = |name: &HeaderName| {
            let value = headers.get(name).filter(|_| is_trusted)?.to_str().ok()?;
            value.split(',').next().map(str::trim)
        };
        let known = |scheme: &str| ["http", "https"].into_iter().find(|s| scheme.eq_ignore_ascii_case(s));
        Self {
            scheme: told(&FORWARDED_PROTO).and_then(known).unwrap_or(request.scheme),
            authority: told(&FORWARDED_HOST)
                .filter(|host| Host::parse(host).is_ok())
                .unwrap_or(request.authority),
        }
    }
}

/// The written address of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress {
    /// Scheme and authority.
    pub origin: PublicOrigin,
    /// The path in front of every path, which something in front of the gateway takes off; without a slash at its end.
    pub base: Box<str>,
}

/// The origin of an agent, as far as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicOrigin {
    /// This one.
    Fixed(Box<str>),
    /// The agent has hosts of its own, and is reached at these alone.
    AtHost {
        /// The scheme, with `://`.
        before: Box<str>,
        /// The port, with a colon; empty for that of the scheme.
        after: Box<str>,
        /// The host of a request that names none.
        usual: Box<str>,
    },
    /// Nothing is written.
    OfRequest,
}

impl PublicAddress {
    /// The URL of a path for the client of a request; `None` when nobody says at which host.
    #[must_use]
    pub fn url(&self, sent: SentTo<'_>, path: &str) -> Option<String> {
        let base = &self.base;
        Some(match &self.origin {
            PublicOrigin::Fixed(origin) => format!("{origin}{base}{path}"),
            PublicOrigin::AtHost { before, after, usual } => {
                let host = Host::parse(sent.authority).ok();
                format!("{before}{}{after}{base}{path}", host.as_ref().map_or(&**usual, Host::as_str))
            }
            PublicOrigin::OfRequest if sent.authority.is_empty() => return None,
            PublicOrigin::OfRequest => format!("{}://{}{path}", sent.scheme, sent.authority),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SENT: SentTo<'static> = SentTo { scheme: "http", authority: "own.example:8080" };

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_was_sent_to() {
        for (host, proto, is_trusted, scheme, authority) in [
            ("a.example", "https", true, "https", "a.example"),
            ("a.example", "https", false, "http", "own.example:8080"),
            ("a.example:8443, b.example", "HTTPS, http", true, "https", "a.example:8443"),
            ("a b", "ftp", true, "http", "own.example:8080"),
            ("", "", true, "http", "own.example:8080"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-host", HeaderValue::from_static(host));
            headers.insert("x-forwarded-proto", HeaderValue::from_static(proto));
            assert_eq!(
                SentTo::of(SENT, &headers, is_trusted),
                SentTo { scheme, authority },
                "{host} {proto}"
            );
        }
        assert_eq!(SentTo::of(SENT, &HeaderMap::new(), true), SENT);
    }

    #[test]
    fn what_is_written_goes_before_what_a_request_says() {
        let address = |origin| PublicAddress { origin, base: "/gw".into() };
        let at = |authority| SentTo { scheme: "http", authority };
        let hosts = || PublicOrigin::AtHost {
            before: "https://".into(),
            after: ":8443".into(),
            usual: "u.example".into(),
        };
        for (origin, authority, wanted) in [
            (PublicOrigin::Fixed("https://a.example".into()), "b.example", Some("https://a.example/gw/x")),
            (hosts(), "B.example:80", Some("https://b.example:8443/gw/x")),
            (hosts(), "", Some("https://u.example:8443/gw/x")),
            (PublicOrigin::OfRequest, "B.example:80", Some("http://B.example:80/x")),
            (PublicOrigin::OfRequest, "", None),
        ] {
            assert_eq!(address(origin).url(at(authority), "/x").as_deref(), wanted, "{authority}");
        }
    }
}
