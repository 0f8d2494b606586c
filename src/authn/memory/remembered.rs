//! A token whose signature verified, as far as it is remembered: its terms, who signed it, and what agents made of it.
//!
//! Whether it still holds is not decided here: each request asks anew, in `oauth`.

use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::authn::oauth::{AudienceClaim, Terms, Token, claims};
use crate::authz::{Admission, Entry, Trace};
use crate::idp::{KeyName, Provider, VerificationKey};
use crate::model::{Algorithm, Identity, Instant, KeyId, Live};

/// Agents beside the first whose admission is remembered with a token; then the oldest goes. A token for more agents
/// than these is rare, and only its rules are applied again.
const MOST_OTHERS: usize = 7;

/// A token that was verified.
#[derive(Debug)]
pub(in crate::authn) struct Remembered {
    /// The number of its provider.
    provider: u64,
    terms: Terms,
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

/// A token that was verified just now.
#[derive(Debug)]
pub(in crate::authn) struct Proof<'a> {
    pub(in crate::authn) provider: &'a Provider,
    pub(in crate::authn) audience_claim: AudienceClaim,
    pub(in crate::authn) algorithm: Algorithm,
    pub(in crate::authn) key: Arc<VerificationKey>,
}

impl Remembered {
    pub(in crate::authn) fn new(token: &mut Token<'_>, proof: Proof<'_>) -> Self {
        Self {
            provider: proof.provider.id(),
            terms: std::mem::take(&mut token.terms).remembered(proof.audience_claim),
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

    /// The number of its provider.
    pub(in crate::authn) const fn provider(&self) -> u64 {
        self.provider
    }

    /// Its terms.
    pub(in crate::authn) const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The key that verified it.
    pub(in crate::authn) const fn key(&self) -> &Arc<VerificationKey> {
        &self.key
    }

    /// What an agent makes of it, whose index of its provider is `provider`. Made now when it is not known yet; `None`
    /// when its claims cannot be read any more.
    pub(in crate::authn) fn admission(
        &self,
        entry: &Entry<'_>,
        provider: usize,
        trace: &mut impl Trace,
    ) -> Option<Arc<Admission>> {
        if let Some(admission) = self.kept(entry.agent) {
            if admission.headers.is_err() && trace.wants_grounds() {
                // Refused before. The rules say again why; the signature is not looked at.
                self.admit(entry, provider, trace);
            }
            return Some(admission);
        }
        let admission = Arc::new(self.admit(entry, provider, trace)?);
        self.keep(entry.agent, &admission);
        Some(admission)
    }

    /// What that agent made of it before.
    fn kept(&self, agent: AgentNumber) -> Option<Arc<Admission>> {
        if let Some((_, admission)) = self.first.get().filter(|(first, _)| *first == agent) {
            return Some(Arc::clone(admission));
        }
        self.others.get()?.with(|others| {
            others.iter().find(|(other, _)| *other == agent).map(|(_, admission)| Arc::clone(admission))
        })
    }

    /// Reads the claims, of which only the text is remembered, and applies the rules of an agent to them.
    fn admit(&self, entry: &Entry<'_>, provider: usize, trace: &mut impl Trace) -> Option<Admission> {
        let claims = claims(&self.payload)?;
        Some(entry.admit(Identity::from_claims(&claims, provider, self.key_id()), &claims, trace))
    }

    /// Keeps what an agent makes of it.
    pub(in crate::authn) fn keep(&self, agent: AgentNumber, admission: &Arc<Admission>) {
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
        self.kid.as_deref().or_else(|| self.key.kid().map(KeyId::as_str))
    }

    /// About how many bytes it takes.
    pub(in crate::authn) fn bytes(&self) -> usize {
        /// The headers and the caller at one agent.
        const ADMISSION: usize = 512;
        size_of::<Self>()
            + self.payload.len()
            + self.terms.bytes()
            + self.kid.as_ref().map_or(0, |kid| kid.len())
            + self.thumbprints.iter().flat_map(|both| both.iter().flatten()).map(String::len).sum::<usize>()
            + ADMISSION
    }
}
