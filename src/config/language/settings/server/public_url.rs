//! How callers reach this gateway, as the operator says it: scheme, host, perhaps a port, and perhaps a path that
//! something in front of the gateway takes off.

use std::fmt;

use url::Url;

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{bad_url, some_text};
use super::super::super::web::{has_credentials, is_plain, route_path};
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::model::{is_loopback, is_loopback_name, unbracketed};

/// `server.public_url`
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
    /// Without a slash at the end; empty for none.
    base: String,
}

impl PublicUrl {
    /// Reads it; the port of the scheme is left out, and so is a slash at the end.
    ///
    /// # Errors
    /// What to write instead.
    pub(in crate::config) fn parse(text: &str) -> Result<Self, &'static str> {
        const HELP: &str = "write scheme and host, such as `https://agents.example.com`";
        if !is_plain(text) {
            return Err("leave blanks, backslashes and non-ASCII characters out");
        }
        let url = Url::parse(text).map_err(|_| HELP)?;
        let scheme = match url.scheme() {
            "http" => "http",
            "https" => "https",
            _ => return Err(HELP),
        };
        if has_credentials(text) {
            return Err("leave user and password out of the URL");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("leave the query and the fragment out");
        }
        let base = route_path(url.path()).map_err(|_| "the path must be one that a request could have")?;
        let host = url.host_str().ok_or(HELP)?;
        if host.contains('*') {
            return Err("write one host; agents with a host of their own are shown under that one");
        }
        if url.port() == Some(0) {
            return Err("port 0 is no port to connect to");
        }
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { scheme, host: host.to_owned(), port: url.port(), base })
    }

    /// The host, in brackets when it is an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path that something in front of the gateway takes off, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether callers use TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether only callers on this machine reach it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        unbracketed(&self.host).parse().map_or_else(|_| is_loopback_name(&self.host), is_loopback)
    }

    /// Scheme and authority, with another host when one is given.
    #[must_use]
    pub fn origin(&self, host: Option<&str>) -> String {
        let Self { scheme, host: own, port, .. } = self;
        let host = host.unwrap_or(own);
        match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// What stands before the host, and what behind it up to the path.
    #[must_use]
    pub fn around_host(&self) -> (String, String) {
        let after = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        (format!("{}://", self.scheme), after)
    }

    /// The URL of a path of this gateway, under another host when one is given.
    #[must_use]
    pub fn of(&self, host: Option<&str>, path: &str) -> String {
        format!("{}{}{path}", self.origin(host), self.base)
    }
}

impl Value for PublicUrl {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        let bad = |help| bad_url(report, node, &text, "callers cannot reach a gateway at this URL", help);
        Self::parse(&text).map_err(bad).ok()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of(None, ""))
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin_and_perhaps_a_path() {
        for (text, shown, of_agent) in [
            ("https://agents.example.com", "https://agents.example.com", "https://agents.example.com/a"),
            ("https://Agents.Example.com:443/", "https://agents.example.com", "https://agents.example.com/a"),
            ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080/a"),
            ("https://example.com/gw/", "https://example.com/gw", "https://example.com/gw/a"),
        ] {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!((url.to_string().as_str(), url.of(None, "/a").as_str()), (shown, of_agent), "{text}");
        }
        let url = PublicUrl::parse("https://agents.example.com:8443/gw").unwrap();
        assert_eq!(url.of(Some("a.example.org"), "/a"), "https://a.example.org:8443/gw/a");
    }

    #[test]
    fn what_is_no_place_for_callers_is_refused() {
        for text in [
            "agents.example.com",
            "agents.example.com:443",
            "ftp://agents.example.com",
            "https://user@agents.example.com",
            "https://:secret@agents.example.com",
            "https://agents.example.com?x",
            "https://agents.example.com/#x",
            "https://agents.example.com/a//b",
            "https://agents.example.com:0",
            "https://*.example.com",
            "https://bücher.example",
            "https:// a",
            "https://",
            "",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }
}
