//! A request as the decision sees it. It is borrowed whole from whoever holds the connection, so that making one neither
//! copies nor allocates.
//!
//! The body is not here: a decision that needs it asks for it.

use std::net::IpAddr;

use http::uri::Scheme;
use http::{HeaderMap, Method};

use super::{CanonicalPath, Host, Instant, Stamp};

/// One request to one agent, at one moment.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// Its method.
    pub method: &'r Method,
    /// The scheme of the connection: `http` or `https`.
    pub scheme: Scheme,
    /// The host that it names; absent from an HTTP/1.0 request without one.
    pub host: Option<Host<'r>>,
    /// Its path in canonical form.
    pub path: CanonicalPath<'r>,
    /// Its query as it was sent, without the question mark.
    pub query: Option<&'r [u8]>,
    /// The fields of its head.
    pub headers: &'r HeaderMap,
    /// The client's address: that of the connection, or the one that a trusted proxy names.
    pub peer: Option<IpAddr>,
    /// The certificate with which the client opened the connection, as DER.
    pub client_certificate: Option<&'r [u8]>,
    /// When it is decided. Whoever waits before deciding again sets it anew.
    pub now: Instant,
    /// What the decision is for.
    pub purpose: Purpose,
}

/// What a decision is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The request is served: the use of a key is noted, and what was verified before is remembered.
    Serve,
    /// The decision is shown: every check is made, and nothing is noted or remembered.
    Explain,
}

impl<'r> Request<'r> {
    /// A request to be served of which only its fields are known: `GET /` without a host.
    #[must_use]
    pub fn with_headers(headers: &'r HeaderMap, now: Instant) -> Self {
        Self {
            method: &Method::GET,
            scheme: Scheme::HTTP,
            host: None,
            path: CanonicalPath::ROOT,
            query: None,
            headers,
            peer: None,
            client_certificate: None,
            now,
            purpose: Purpose::Serve,
        }
    }

    /// Notes that a key opened its agent, unless somebody only wants to know whether it would.
    pub fn note_use(&self, stamp: &Stamp) {
        match self.purpose {
            Purpose::Serve => stamp.touch(self.now),
            Purpose::Explain => {}
        }
    }
}
