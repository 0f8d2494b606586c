//! The configuration of one identity provider, already validated.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::model::{AlgorithmSet, ImpliedScopes, Instant, Issuer, ProviderName};
use crate::net::EgressProxy;

use super::IntrospectionSpec;

/// The longest SPIFFE ID, in bytes (SPIFFE ID section 2.3).
const LONGEST_ID: usize = 2048;

/// One identity provider, as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSpec {
    /// The operator's name for it.
    pub name: ProviderName,
    /// The issuer of its tokens, compared byte for byte.
    pub issuer: Issuer,
    /// The kind of its tokens, by which they are told apart from those of others.
    pub tokens: TokenKind,
    /// Where its keys are.
    pub source: KeySource,
    /// The algorithms that its tokens may use.
    pub algorithms: AlgorithmSet,
    /// The clock skew allowed when a token's times are checked.
    pub leeway: Duration,
    /// The time between two fetches in the background.
    pub refresh: Duration,
    /// The age from which keys are no longer used.
    pub max_stale: Duration,
    /// Whether keys may be fetched over plain http from hosts other than this one.
    pub insecure_http: bool,
    /// The proxy through which keys are fetched.
    pub egress_proxy: EgressProxy,
    /// CA certificates in PEM, trusted for fetching keys in addition to those of the system.
    pub extra_ca: Option<Arc<[u8]>>,
    /// What a broad scope of its tokens implies.
    pub implied_scopes: ImpliedScopes,
    /// The claim in which its tokens name the client; `None` = the usual ones ([`Claims::client`](crate::model::Claims::client)).
    pub client_claim: Option<Box<str>>,
    /// How it is asked about tokens; `None` = it is not.
    pub introspection: Option<Box<IntrospectionSpec>>,
}

impl ProviderSpec {
    /// Whether a subject is in the trust domain of this provider: exactly that domain, and a path behind it that is one of a
    /// SPIFFE ID (section 2), so that no two texts name one workload.
    #[must_use]
    pub fn is_domain_of(&self, subject: &str) -> bool {
        let path = subject.strip_prefix(self.issuer.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let is_path = |path: &str| path.split('/').all(is_segment);
        self.issues_svids() && subject.len() <= LONGEST_ID && path.is_some_and(is_path)
    }

    /// Whether its tokens are JWT-SVIDs, which workloads have from their own machine: nobody can ask for one.
    #[must_use]
    pub const fn issues_svids(&self) -> bool {
        matches!(self.tokens, TokenKind::JwtSvid)
    }

    /// How long keys confirmed at `at` stay usable without another successful fetch; `None` for keys that do not expire.
    #[must_use]
    pub fn usable_until(&self, at: Instant) -> Option<Instant> {
        self.source.is_fetched().then(|| at.plus(self.max_stale))
    }
}

/// A part of the path of a SPIFFE ID (section 2.2).
fn is_segment(text: &str) -> bool {
    let is_good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !matches!(text, "" | "." | "..") && text.bytes().all(is_good)
}

/// The kind of a provider's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// JWTs whose `iss` is the provider's issuer.
    Jwt,
    /// JWT-SVIDs: `sub` is in the provider's trust domain, which is its issuer, and `iss` says nothing (SPIFFE JWT-SVID section 3).
    JwtSvid,
}

/// Where the keys of a provider are.
#[derive(Debug, Clone, PartialEq)]
pub enum KeySource {
    /// Found through the issuer's metadata (OpenID Connect Discovery 1.0, RFC 8414).
    Discovery,
    /// A key set (RFC 7517 section 5) at a URL.
    JwksUri(Url),
    /// A key set in a file, read again when it changes.
    JwksFile(PathBuf),
    /// A key set in the configuration.
    Inline(serde_json::Value),
    /// A PEM key or certificate in a file, read again when it changes.
    PublicKeyFile(PathBuf),
    /// A PEM key or certificate in the configuration.
    PublicKey(String),
}

impl KeySource {
    /// Whether keys are fetched from outside the configuration, so that they can become stale.
    #[must_use]
    pub const fn is_fetched(&self) -> bool {
        !matches!(self, Self::Inline(_) | Self::PublicKey(_))
    }

    /// Whether keys come over the network.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        matches!(self, Self::Discovery | Self::JwksUri(_))
    }

    /// Whether keys come from a file.
    #[must_use]
    pub const fn is_file(&self) -> bool {
        matches!(self, Self::JwksFile(_) | Self::PublicKeyFile(_))
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovery => f.write_str("discovery"),
            Self::JwksUri(url) => write!(f, "jwks_uri {url}"),
            Self::JwksFile(path) => write!(f, "jwks_file {}", path.display()),
            Self::Inline(_) => f.write_str("jwks"),
            Self::PublicKeyFile(path) => write!(f, "public_key_file {}", path.display()),
            Self::PublicKey(_) => f.write_str("public_key"),
        }
    }
}
