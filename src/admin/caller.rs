//! The authenticated client of a request: by the token or by a session, and its address. The guard adds it to the
//! extensions of a request.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::Extensions;

use super::sessions::Session;

/// The remote address of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// A client whose credential was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// The session; `None` when the client sent the token.
    pub(super) session: Option<Session>,
    address: IpAddr,
}

impl Caller {
    pub(super) fn new(session: Option<Session>, extensions: &Extensions) -> Self {
        let address = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Self { session, address: address.to_canonical() }
    }

    /// The caller's name in the audit log and the history. The caller cannot choose any part of it.
    pub(super) fn who(&self) -> String {
        match &self.session {
            Some(session) => format!("session {} from {}", session.label(), self.address),
            None => format!("token from {}", self.address),
        }
    }
}
