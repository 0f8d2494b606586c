//! A token whose signature verified, as far as it is remembered, and the questions that each request asks of it anew:
//! whether its provider is one of the agent's, its key still the provider's, its time not over, its audience right.
//!
//! It can only say yes. Whatever it does not say yes to is decided from the token itself, so that a remembered token
//! is refused for the very reason for which a new one is.

use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::keys::{Provider, VerificationKey};
use crate::model::{Algorithm, Claims, Identity, Instant, Live};

use super::admission::Admission;
use super::oauth::OAuthPolicy;
use super::token::{Times, Token, claims};

/// What so many agents make of a token is remembered with it; for others it is made anew.
const MOST_AGENTS: usize = 8;

/// A verified token.
#[derive(Debug)]
pub struct Known {
    provider: u64,
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    key: Arc<VerificationKey>,
    /// The key set in which the key was last found for such a token.
    key_set: AtomicU64,
    times: Times,
    aud: Box<[Box<str>]>,
    /// The claims, as the JSON text that was signed: half the size of what is read from it.
    payload: Box<[u8]>,
    /// By the agent.
    admissions: Live<Vec<(u64, Arc<Admission>)>>,
}

/// A token that was verified just now.
#[derive(Debug)]
pub(super) struct Proof<'a> {
    pub(super) provider: &'a Provider,
    pub(super) algorithm: Algorithm,
    pub(super) key: Arc<VerificationKey>,
}

impl Known {
    pub(super) fn new(token: &mut Token<'_>, proof: Proof<'_>) -> Self {
        Self {
            provider: proof.provider.id(),
            algorithm: proof.algorithm,
            kid: token.kid.as_deref().map(Box::from),
            key: proof.key,
            // Looked for on the first hit.
            key_set: AtomicU64::new(0),
            times: token.times,
            aud: token.aud.iter().map(|aud| aud.as_str().into()).collect(),
            payload: std::mem::take(&mut token.payload).into_boxed_slice(),
            admissions: Live::new(Vec::new()),
        }
    }

    /// Whether the key that verified it is still the one that its provider would have it verified with.
    pub(super) fn is_still_signed(&self, provider: &Provider, now: Instant) -> bool {
        let last = self.key_set.load(Ordering::Relaxed);
        let Some(found) = provider.confirms(self.kid.as_deref(), self.algorithm, &self.key, last, now) else {
            return false;
        };
        if found != last {
            self.key_set.store(found, Ordering::Relaxed);
        }
        true
    }

    /// The agent's index of the provider, when all but the key holds for that agent at this moment.
    pub(super) fn holds_for(&self, policy: &OAuthPolicy, now: Instant) -> Option<usize> {
        let index = policy.providers.iter().position(|provider| provider.id() == self.provider)?;
        let leeway = policy.providers.get(index)?.spec().leeway.as_secs_f64();
        let fits = !self.times.are_over_at(now, leeway)
            && !self.times.are_early_at(now, leeway)
            && self.times.are_within(policy.max_token_lifetime)
            && policy.accepts_audience(self.aud.iter().map(|aud| &**aud));
        fits.then_some(index)
    }

    /// The key that verified it.
    pub(super) const fn key(&self) -> &Arc<VerificationKey> {
        &self.key
    }

    /// What the agent of that id makes of it, made by `judge` when it is not known yet. Who the caller is at that
    /// agent, whose index of the provider is `provider`, goes in with the claims.
    pub fn admission(
        &self,
        agent: u64,
        provider: usize,
        judge: impl FnOnce(Identity, &Claims) -> Admission,
    ) -> Option<Arc<Admission>> {
        let known = self.admissions.with(|admissions| {
            admissions.iter().find(|(id, _)| *id == agent).map(|(_, admission)| Arc::clone(admission))
        });
        known.or_else(|| {
            let claims = claims(&self.payload)?;
            let identity = Identity::from_claims(&claims, provider, self.key_id());
            Some(self.remember(agent, judge(identity, &claims)))
        })
    }

    /// Keeps what an agent makes of it.
    fn remember(&self, agent: u64, admission: Admission) -> Arc<Admission> {
        let admission = Arc::new(admission);
        let mut admissions = Vec::clone(&self.admissions.get());
        if admissions.len() < MOST_AGENTS {
            // Of two that add one at the same moment, one is lost and made again.
            admissions.push((agent, Arc::clone(&admission)));
            self.admissions.publish(Arc::new(admissions));
        }
        admission
    }

    fn key_id(&self) -> Option<&str> {
        self.kid.as_deref().or_else(|| self.key.kid().map(crate::model::KeyId::as_str))
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        /// The headers and the caller at one agent.
        const ADMISSION: usize = 512;
        let aud: usize = self.aud.iter().map(|aud| aud.len() + size_of::<Box<str>>()).sum();
        size_of::<Self>()
            + self.payload.len()
            + aud
            + self.kid.as_ref().map_or(0, |kid| kid.len())
            + ADMISSION
    }
}
