//! A request as a decision sees it, borrowed whole from the connection, so that making one neither copies nor allocates.
//!
//! The body is not part of it: a decision that needs the body asks for it.

use std::net::IpAddr;

use http::uri::Scheme;
use http::{HeaderMap, Method};

use super::{CanonicalPath, Digest, Host, Instant, SentTo, SharedTimestamp};

/// One request to one agent, at one point in time.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The method.
    pub method: &'r Method,
    /// The scheme of the connection: `http` or `https`.
    pub scheme: Scheme,
    /// The host that the request names; absent from an HTTP/1.0 request without one.
    pub host: Option<Host<'r>>,
    /// Host and port as the request names them; absent from an HTTP/1.0 request without a host.
    pub authority: Option<&'r str>,
    /// Whether the peer of the connection is a trusted proxy, whose forwarding fields count.
    pub is_trusted: bool,
    /// The path in canonical form.
    pub path: CanonicalPath<'r>,
    /// The query as it was sent, without the question mark.
    pub query: Option<&'r [u8]>,
    /// The header fields.
    pub headers: &'r HeaderMap,
    /// The client's address: that of the connection, or the one that a trusted proxy names.
    pub peer: Option<IpAddr>,
    /// The SHA-256 of the client's certificate in DER (RFC 8705 section 3.1): of the TLS handshake, or of the header in which a
    /// trusted proxy gives it.
    pub client_certificate: Option<Digest>,
    /// The time of the decision. The caller updates it when it decides again after a wait.
    pub now: Instant,
    /// The purpose of the decision.
    pub purpose: Purpose,
}

/// The purpose of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Serving the request: the use of keys is noted, and verified tokens are remembered.
    Serve,
    /// Showing the decision: every check is made, and nothing is noted or remembered.
    Explain,
}

impl<'r> Request<'r> {
    /// A request to serve with these headers: `GET /` without a host.
    #[must_use]
    pub fn with_headers(headers: &'r HeaderMap, now: Instant) -> Self {
        Self {
            method: &Method::GET,
            scheme: Scheme::HTTP,
            host: None,
            authority: None,
            is_trusted: false,
            path: CanonicalPath::ROOT,
            query: None,
            headers,
            peer: None,
            client_certificate: None,
            now,
            purpose: Purpose::Serve,
        }
    }

    /// Where its client sent it to.
    #[must_use]
    pub fn sent_to(&self) -> SentTo<'r> {
        let scheme = if self.scheme == Scheme::HTTPS { "https" } else { "http" };
        let own = SentTo { scheme, authority: self.authority.unwrap_or_default() };
        SentTo::of(own, self.headers, self.is_trusted)
    }

    /// Notes the use of a key, unless the decision is only shown.
    pub fn note_use(&self, last_used: &SharedTimestamp) {
        match self.purpose {
            Purpose::Serve => last_used.touch(self.now),
            Purpose::Explain => {}
        }
    }
}
