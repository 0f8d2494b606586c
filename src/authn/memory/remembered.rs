//! A token whose signature verified, as far as it is remembered, and the questions that each request asks of it anew:
//! whether its provider is one of the agent's, its key still the provider's, its time not over, its audience right, and
//! whether the agent takes tokens that are bound.
//!
//! It can only say yes. Whatever it does not say yes to is decided from the token itself, so that a remembered token
//! is refused for the very reason for which a new one is.

use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::authn::oauth::{AudienceClaim, OAuthPolicy, Times, Token, claims};
use crate::authz::Admission;
use crate::idp::{KeyName, Provider, VerificationKey};
use crate::model::{Algorithm, Claims, Grounds, Identity, Instant, Live};

/// What so many agents beside the first make of a token is remembered with it; then the oldest goes.
const MOST_OTHERS: usize = 7;

/// A verified token.
#[derive(Debug)]
pub struct Known {
    said: Said,
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    /// What names its key when that does not.
    thumbprints: Option<Box<[Option<String>; 2]>>,
    key: Arc<VerificationKey>,
    /// The key set in which the key was last found for such a token.
    key_set: AtomicU64,
    /// The claims, as the JSON text that was signed: half the size of what is read from it.
    payload: Box<[u8]>,
    /// Of the agent that it was shown to first: most tokens are for one.
    first: OnceLock<AtAgent>,
    others: OnceLock<Live<Vec<AtAgent>>>,
}

/// The number of a compiled agent.
type AgentNumber = u64;

/// What the agent of that number makes of it.
type AtAgent = (AgentNumber, Arc<Admission>);

/// What a token says that the passing of time, and the agent, make right or wrong.
#[derive(Debug)]
struct Said {
    provider: u64,
    times: Times,
    aud: Box<[Box<str>]>,
    /// Only where it was the audience that counted: a token that comes to such an agent later is verified once more.
    client_id: Option<Box<str>>,
    is_bound: bool,
}

impl Said {
    fn of(token: &Token<'_>, provider: &Provider, audience_claim: AudienceClaim) -> Self {
        let aud = token.aud.iter().map(|aud| aud.as_str().into()).collect();
        let client_id = match audience_claim {
            AudienceClaim::Aud => None,
            AudienceClaim::ClientId => token.client_id().map(Box::from),
        };
        Self { provider: provider.id(), times: token.times, aud, client_id, is_bound: token.is_bound }
    }

    /// About how many bytes it takes beside itself. A short text takes the room of a longer one, and has an address.
    fn bytes(&self) -> usize {
        const STEP: usize = 16;
        let client_id = self.client_id.as_ref().map_or(0, |id| id.len().next_multiple_of(STEP));
        let aud = self.aud.iter().map(|aud| size_of::<Box<str>>() + aud.len().next_multiple_of(STEP));
        aud.sum::<usize>() + client_id
    }

    /// The agent's index of the provider, when the provider is one of the agent's, the audience fits, none of the times
    /// is over, and no proof is wanted that the caller does not bring.
    fn holds_for(&self, policy: &OAuthPolicy, now: Instant) -> Option<usize> {
        let index = policy.providers.iter().position(|provider| provider.id() == self.provider)?;
        let leeway = policy.providers.get(index)?.spec().leeway.as_secs_f64();
        let fits = !self.times.are_over_at(now, leeway)
            && !self.times.are_early_at(now, leeway)
            && self.times.are_within(policy.max_token_lifetime)
            && policy.accepts_binding(self.is_bound)
            && match policy.audience_claim {
                AudienceClaim::Aud => policy.accepts_audience(self.aud.iter().map(|aud| &**aud)),
                AudienceClaim::ClientId => policy.accepts_audience(self.client_id.as_deref().into_iter()),
            };
        fits.then_some(index)
    }
}

/// A token that is sound in all but its signature, which the keys of one set have not made.
#[derive(Debug)]
pub(in crate::authn) struct Forged {
    said: Said,
    key_set: u64,
    /// What its first refusal rested on, where that is kept: the next ones share it.
    grounds: Option<Arc<Grounds>>,
}

impl Forged {
    pub(in crate::authn) fn new(
        token: &Token<'_>,
        provider: &Provider,
        audience_claim: AudienceClaim,
        key_set: u64,
        grounds: Option<&Arc<Grounds>>,
    ) -> Self {
        Self { said: Said::of(token, provider, audience_claim), key_set, grounds: grounds.cloned() }
    }

    /// What its refusal rests on.
    pub(in crate::authn) const fn grounds(&self) -> Option<&Arc<Grounds>> {
        self.grounds.as_ref()
    }

    /// About how many bytes it takes.
    pub(in crate::authn) fn bytes(&self) -> usize {
        size_of::<Self>() + self.said.bytes() + self.grounds.as_deref().map_or(0, Grounds::bytes)
    }

    /// The agent's index of the provider, when the signature is all that is wrong for that agent at this moment.
    pub(in crate::authn) fn holds_for(&self, policy: &OAuthPolicy, now: Instant) -> Option<usize> {
        let index = self.said.holds_for(policy, now)?;
        let key_set = policy.providers.get(index)?.key_set_number(now)?;
        (key_set == self.key_set).then_some(index)
    }
}

/// A token that was verified just now.
#[derive(Debug)]
pub(in crate::authn) struct Proof<'a> {
    pub(in crate::authn) provider: &'a Provider,
    pub(in crate::authn) audience_claim: AudienceClaim,
    pub(in crate::authn) algorithm: Algorithm,
    pub(in crate::authn) key: Arc<VerificationKey>,
}

impl Known {
    pub(in crate::authn) fn new(token: &mut Token<'_>, proof: Proof<'_>) -> Self {
        Self {
            said: Said::of(token, proof.provider, proof.audience_claim),
            algorithm: proof.algorithm,
            kid: token.kid.as_deref().map(Box::from),
            thumbprints: token
                .thumbprints
                .iter()
                .any(Option::is_some)
                .then(|| Box::new(std::mem::take(&mut token.thumbprints))),
            key: proof.key,
            // Looked for on the first hit.
            key_set: AtomicU64::new(0),
            payload: std::mem::take(&mut token.payload).into_boxed_slice(),
            first: OnceLock::new(),
            others: OnceLock::new(),
        }
    }

    /// Whether the key that verified it is still the one that its provider would have it verified with.
    pub(in crate::authn) fn is_still_signed(&self, provider: &Provider, now: Instant) -> bool {
        let last = self.key_set.load(Ordering::Relaxed);
        let thumbprint = |nth: usize| self.thumbprints.as_ref()?.get(nth)?.as_deref();
        let name = KeyName { kid: self.kid.as_deref(), sha256: thumbprint(0), sha1: thumbprint(1) };
        let Some(found) = provider.confirms(name, self.algorithm, &self.key, last, now) else {
            return false;
        };
        if found != last {
            self.key_set.store(found, Ordering::Relaxed);
        }
        true
    }

    /// The agent's index of the provider, when all but the key holds for that agent at this moment.
    pub(in crate::authn) fn holds_for(&self, policy: &OAuthPolicy, now: Instant) -> Option<usize> {
        self.said.holds_for(policy, now)
    }

    /// The key that verified it.
    pub(in crate::authn) const fn key(&self) -> &Arc<VerificationKey> {
        &self.key
    }

    /// What the agent of that id makes of it, made by `judge` when it is not known yet. Who the caller is at that
    /// agent, whose index of the provider is `provider`, goes in with the claims.
    pub fn admission(
        &self,
        agent: AgentNumber,
        provider: usize,
        judge: impl FnOnce(Identity, &Claims) -> Admission,
    ) -> Option<Arc<Admission>> {
        if let Some((_, admission)) = self.first.get().filter(|(first, _)| *first == agent) {
            return Some(Arc::clone(admission));
        }
        let known = self.others.get().and_then(|others| {
            others.with(|others| others.iter().find(|(other, _)| *other == agent).map(|(_, a)| Arc::clone(a)))
        });
        known.or_else(|| {
            let admission = Arc::new(self.read(provider, judge)?);
            self.remember(agent, &admission);
            Some(admission)
        })
    }

    /// What `judge` makes of the caller and the claims, of which only the text is kept.
    pub fn read(
        &self,
        provider: usize,
        judge: impl FnOnce(Identity, &Claims) -> Admission,
    ) -> Option<Admission> {
        let claims = claims(&self.payload)?;
        Some(judge(Identity::from_claims(&claims, provider, self.key_id()), &claims))
    }

    /// Keeps what an agent makes of it.
    pub fn remember(&self, agent: AgentNumber, admission: &Arc<Admission>) {
        if self.first.set((agent, Arc::clone(admission))).is_ok() {
            return;
        }
        let others = self.others.get_or_init(|| Live::new(Vec::new()));
        let mut known = Vec::clone(&others.get());
        if known.len() == MOST_OTHERS {
            known.remove(0);
        }
        known.push((agent, Arc::clone(admission)));
        // Of two that add one at the same moment, one is lost and made again.
        others.publish(Arc::new(known));
    }

    fn key_id(&self) -> Option<&str> {
        self.kid.as_deref().or_else(|| self.key.kid().map(crate::model::KeyId::as_str))
    }

    /// About how many bytes it takes.
    pub(in crate::authn) fn bytes(&self) -> usize {
        /// The headers and the caller at one agent.
        const ADMISSION: usize = 512;
        size_of::<Self>()
            + self.payload.len()
            + self.said.bytes()
            + self.kid.as_ref().map_or(0, |kid| kid.len())
            + self.thumbprints.iter().flat_map(|both| both.iter().flatten()).map(String::len).sum::<usize>()
            + ADMISSION
    }
}
