//! The terms of a token: the claims whose validity depends on the time or on the agent. They are parsed once and kept with
//! a remembered token, so that new and remembered tokens are judged by the same values.
//!
//! `accept` judges them.

use std::mem::size_of;
use std::time::Duration;

use crate::model::{Digest, Instant};

/// The claims that say when, where and by whom a token may be used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::authn) struct Terms {
    /// `exp`, `nbf` and `iat`.
    pub(in crate::authn) times: Times,
    /// `aud`, one or several (RFC 7519 section 4.1.3).
    pub(in crate::authn) aud: Box<[Box<str>]>,
    /// `client_id`, the client that it was issued to (RFC 9068 section 2.2).
    pub(in crate::authn) client_id: Option<Box<str>>,
    /// What it is bound to (`cnf`, RFC 7800 section 3.1); `None` when it is not bound.
    pub(in crate::authn) binding: Option<Box<Binding>>,
}

/// What a token is bound to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::authn) struct Binding {
    /// `jkt`, the thumbprint of a key of which requests have proofs (RFC 9449 section 6.1).
    pub(in crate::authn) key: Option<Digest>,
    /// `x5t#S256`, the SHA-256 of the client's certificate (RFC 8705 section 3.1).
    pub(in crate::authn) certificate: Option<Digest>,
    /// Whether it has another member, a member that is no such hash, or none at all: nobody knows what it is bound to.
    pub(in crate::authn) is_unknown: bool,
    /// The names of its members, for `explain`.
    pub(in crate::authn) names: Box<str>,
}

impl Terms {
    /// The terms as they are remembered. `client_id` is dropped unless it is the audience: at an agent for which it is, the
    /// token is then verified once more, which is rare and saves memory in every other entry.
    pub(in crate::authn) fn remembered(self, audience_claim: AudienceClaim) -> Self {
        match audience_claim {
            AudienceClaim::Aud => Self { client_id: None, ..self },
            AudienceClaim::ClientId => self,
        }
    }

    /// The heap memory that they take, in bytes, as an estimate.
    pub(in crate::authn) fn bytes(&self) -> usize {
        /// Allocators round up to 16 bytes, so thousands of one-byte audiences weigh what they cost.
        const STEP: usize = 16;
        let text = |text: &str| text.len().next_multiple_of(STEP);
        let aud = self.aud.iter().map(|aud| size_of::<Box<str>>() + text(aud));
        let client = self.client_id.iter().map(|client| text(client));
        let binding = self.binding.iter().map(|binding| size_of::<Binding>() + text(&binding.names));
        aud.chain(client).chain(binding).sum()
    }
}

/// The timestamps of a token, in seconds since the epoch (RFC 7519 sections 2 and 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::authn) struct Times {
    /// The token is expired from then on.
    pub(in crate::authn) exp: Option<f64>,
    /// The token is not yet valid before.
    pub(in crate::authn) nbf: Option<f64>,
    /// The token was issued then.
    pub(in crate::authn) iat: Option<f64>,
}

impl Times {
    /// The `exp` of a token that has none and needs none, because its provider is asked about it.
    pub(super) const ENDLESS: f64 = f64::INFINITY;

    /// Whether `exp` has passed, or is absent.
    pub(super) fn are_over_at(&self, now: Instant, leeway: f64) -> bool {
        self.exp.is_none_or(|exp| now.unix_f64() >= exp + leeway)
    }

    /// Whether `nbf` or `iat` is in the future.
    pub(super) fn are_early_at(&self, now: Instant, leeway: f64) -> bool {
        let is_early = |at: Option<f64>| at.is_some_and(|at| at > now.unix_f64() + leeway);
        is_early(self.nbf) || is_early(self.iat)
    }

    /// `exp - iat` in seconds; `None` when either is absent.
    pub(super) fn lifetime(&self) -> Option<f64> {
        self.exp.zip(self.iat).map(|(exp, iat)| exp - iat)
    }

    /// Whether the lifetime is at most `limit`; an unknown one is not.
    pub(super) fn are_within(&self, limit: Duration) -> bool {
        self.lifetime().is_some_and(|seconds| seconds <= limit.as_secs_f64())
    }
}

/// The claim that names the audience of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudienceClaim {
    /// `aud` (RFC 7519 section 4.1.3).
    #[default]
    Aud,
    /// `client_id`, for providers that put no `aud` into access tokens.
    ClientId,
}
