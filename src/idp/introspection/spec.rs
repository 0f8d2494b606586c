//! How a provider is asked about tokens, as configured and already validated.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::model::{Digest, Secret};
use crate::net::ClientIdentity;

use super::client_key::ClientKey;

/// The introspection of one provider (RFC 7662).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntrospectionSpec {
    /// The endpoint; `None` = the one that the issuer's metadata names.
    pub endpoint: Option<Url>,
    /// Who the gateway is there.
    pub client: ClientSpec,
    /// The tokens that the provider is asked about.
    pub tokens: IntrospectedTokens,
    /// Whether its responses must be signed (RFC 9701).
    pub signed: bool,
    /// How long a question may take, from the choice of a connection to the last byte.
    pub timeout: Duration,
    /// How long a token counts as active after it was asked about.
    pub max_ttl: Duration,
    /// How long a token counts as inactive after it was asked about.
    pub negative_ttl: Duration,
    /// The most questions under way at once.
    pub max_in_flight: usize,
    /// How its opaque tokens begin; empty = with anything.
    pub token_prefixes: Box<[Box<str>]>,
}

/// The tokens that a provider is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntrospectedTokens {
    /// Those that are no JWT.
    #[default]
    Opaque,
    /// JWTs as well, after they were verified.
    All,
}

/// The gateway as a client of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSpec {
    /// `client_id`
    pub id: Box<str>,
    /// How it proves to be that client.
    pub proof: ClientProof,
}

impl ClientSpec {
    /// The certificate that it shows, where it proves itself with one.
    pub(super) const fn identity(&self) -> Option<&ClientIdentity> {
        match &self.proof {
            ClientProof::Tls(identity) => Some(identity),
            ClientProof::Basic(_) | ClientProof::Post(_) | ClientProof::PrivateKey(_) => None,
        }
    }
}

/// How the gateway proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientProof {
    /// HTTP Basic (`client_secret_basic`, OpenID Connect Core section 9).
    Basic(ClientSecret),
    /// `client_id` and `client_secret` in the form (`client_secret_post`).
    Post(ClientSecret),
    /// A signed assertion (`private_key_jwt`).
    PrivateKey(ClientKey),
    /// A certificate that is shown in the handshake (`tls_client_auth` and `self_signed_tls_client_auth`, RFC 8705 section 2).
    Tls(ClientIdentity),
}

/// A client secret. Two are compared by their digests.
#[derive(Clone)]
pub struct ClientSecret {
    text: Arc<Secret>,
    digest: Digest,
}

impl ClientSecret {
    /// The secret with this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        let digest = Digest::of(text.as_bytes());
        Self { text: Arc::new(Secret::new(text)), digest }
    }

    /// Its text.
    pub(super) fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ClientSecret {}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(redacted)")
    }
}
