//! The address under which clients reach an agent: the configured one, else the one that a trusted proxy or the request
//! names.

use pingora::http::RequestHeader;

use crate::config::PublicUrl;
use crate::model::{Host, SentTo};
use crate::protocol::metadata_url_in_challenge;
use crate::routing::Agent;

use super::context::Context;
use super::view::sent_host;

/// The public address of an agent, without the path of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Public {
    /// Scheme and authority; empty when no host is known.
    pub(super) origin: String,
    /// The prefix of every path, which something in front of the gateway removes.
    pub(super) base: String,
    /// Whether the configuration says so.
    pub(super) is_configured: bool,
    /// The scheme of the request.
    pub(super) scheme: &'static str,
    /// The authority of the request.
    pub(super) authority: String,
}

impl Public {
    /// That of `agent`, as the client of the request `sent` sees it.
    pub(super) fn of(
        written: Option<&PublicUrl>,
        sent: &RequestHeader,
        agent: &Agent,
        ctx: &Context,
    ) -> Self {
        let own = sent_host(sent);
        let request = SentTo {
            scheme: if ctx.https { "https" } else { "http" },
            authority: own.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default(),
        };
        let SentTo { scheme, authority } = SentTo::of(request, &sent.headers, ctx.origin.trusted);
        let (origin, base) = match (&agent.public_url, written) {
            (Some(own), _) => (own.to_string(), ""),
            (None, Some(written)) => {
                // An agent with hosts of its own is reachable at these alone.
                let own = Host::parse(authority).ok().filter(|_| !agent.route.hosts.is_empty());
                (written.origin(own.as_ref().map(Host::as_str)), written.base())
            }
            (None, None) if authority.is_empty() => (String::new(), ""),
            (None, None) => (origin(scheme, authority), ""),
        };
        let is_configured = agent.public_url.is_some() || written.is_some();
        Self { origin, base: base.to_owned(), is_configured, scheme, authority: authority.to_owned() }
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.base)
    }

    /// Where the metadata of the agent is, for a client whose request had this path: that of the form that the path is,
    /// else that of the URL which clients are given.
    pub(super) fn metadata_url(&self, agent: &Agent, path: &str) -> String {
        let forms = agent.forms();
        let path = format!("{}{}", self.base, forms.path(forms.told(path)));
        metadata_url_in_challenge(&self.origin, &path)
    }
}

/// An origin as URL parsers write it (RFC 3986 section 6.2.3): clients compare it with theirs.
fn origin(scheme: &str, authority: &str) -> String {
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let mut authority = authority.to_ascii_lowercase();
    if let Some(host) = authority.strip_suffix(usual) {
        authority.truncate(host.len());
    }
    format!("{scheme}://{authority}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_url_parsers_write_it() {
        for (scheme, authority, wanted) in [
            ("https", "A.Example", "https://a.example"),
            ("https", "a.example:443", "https://a.example"),
            ("https", "a.example:80", "https://a.example:80"),
            ("http", "a.example:80", "http://a.example"),
            ("http", "[::1]:80", "http://[::1]"),
            ("http", "[::80]", "http://[::80]"),
            ("http", "a.example:8080", "http://a.example:8080"),
        ] {
            assert_eq!(origin(scheme, authority), wanted);
        }
    }
}
