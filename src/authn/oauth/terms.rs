//! The terms of a token: what it says that the passing of time, or the agent, makes right or wrong. They are read once,
//! and kept with a token that is remembered, so that a new token and a remembered one are judged by the same values.
//!
//! Who judges them is in `accept`.

use std::mem::size_of;
use std::time::Duration;

use crate::model::Instant;

/// What a token says of when, for whom and by whom it may be used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::authn) struct Terms {
    /// When it is good.
    pub(in crate::authn) times: Times,
    /// `aud`, one or several.
    pub(in crate::authn) aud: Box<[Box<str>]>,
    /// The client that it was issued to, `client_id` (RFC 9068 section 2.2).
    pub(in crate::authn) client_id: Option<Box<str>>,
    /// By what it is bound to a key of its holder: the members of `cnf` (RFC 7800 section 3.1), in words. Absent when it is
    /// not bound.
    pub(in crate::authn) binding: Option<Box<str>>,
}

impl Terms {
    /// The terms as they are remembered. `client_id` is kept only where it was the audience that counted: a token that
    /// comes to such an agent later is verified once more.
    pub(in crate::authn) fn remembered(self, audience_claim: AudienceClaim) -> Self {
        match audience_claim {
            AudienceClaim::Aud => Self { client_id: None, ..self },
            AudienceClaim::ClientId => self,
        }
    }

    /// About how many bytes they take beside themselves.
    pub(in crate::authn) fn bytes(&self) -> usize {
        /// The allocator's step: a short text takes the room of a longer one.
        const STEP: usize = 16;
        let text = |text: &str| text.len().next_multiple_of(STEP);
        let aud = self.aud.iter().map(|aud| size_of::<Box<str>>() + text(aud));
        let single = [&self.client_id, &self.binding].into_iter().flatten().map(|single| text(single));
        aud.chain(single).sum()
    }
}

/// The moments that a token names, in seconds since the epoch (RFC 7519 section 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::authn) struct Times {
    /// From then on it is expired.
    pub(in crate::authn) exp: Option<f64>,
    /// Before, it is not yet valid.
    pub(in crate::authn) nbf: Option<f64>,
    /// When it was issued.
    pub(in crate::authn) iat: Option<f64>,
}

impl Times {
    /// Whether `exp` has passed; also when there is none.
    pub(super) fn are_over_at(&self, now: Instant, leeway: f64) -> bool {
        self.exp.is_none_or(|exp| now.unix_f64() >= exp + leeway)
    }

    /// Whether `nbf` or `iat` is still to come.
    pub(super) fn are_early_at(&self, now: Instant, leeway: f64) -> bool {
        let is_early = |at: Option<f64>| at.is_some_and(|at| at > now.unix_f64() + leeway);
        is_early(self.nbf) || is_early(self.iat)
    }

    /// `exp - iat`, in seconds, when both are there.
    pub(super) fn lifetime(&self) -> Option<f64> {
        self.exp.zip(self.iat).map(|(exp, iat)| exp - iat)
    }

    /// Whether it is good for at most `limit`; one that does not say when it was issued is not.
    pub(super) fn are_within(&self, limit: Duration) -> bool {
        self.lifetime().is_some_and(|seconds| seconds <= limit.as_secs_f64())
    }
}

/// The claim that says for whom a token was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudienceClaim {
    /// `aud` (RFC 7519 section 4.1.3).
    #[default]
    Aud,
    /// `client_id`, for providers that put no `aud` into access tokens.
    ClientId,
}

/// What becomes of a token with `cnf` (RFC 7800 section 3.1), which is good only with a proof that the caller has the
/// key that it names (RFC 9449, RFC 8705). No such proof is checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoundTokens {
    /// It is refused: whoever stole it could use it.
    #[default]
    Refuse,
    /// It counts as a bearer token.
    Ignore,
}
