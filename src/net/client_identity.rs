//! The certificate that the gateway shows, as a client, to a server that asks for one, with its private key.
//!
//! Whether the two belong together was looked at where they were read.

use std::fmt;
use std::sync::Arc;

/// A certificate with its chain and its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientIdentity(Arc<[u8]>);

impl ClientIdentity {
    /// That of a PEM text: the client's own certificate, each one's issuer behind it, and the key.
    #[must_use]
    pub fn new(pem: &[u8]) -> Self {
        Self(pem.into())
    }

    /// The same in the form of the HTTP client.
    pub(super) fn prepared(&self) -> reqwest::Result<reqwest::Identity> {
        reqwest::Identity::from_pem(&self.0)
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(redacted)")
    }
}
