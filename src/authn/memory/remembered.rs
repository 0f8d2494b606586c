//! A remembered token: its terms, what proved it (the key that signed it, or the word of its provider), and its admission at
//! each agent.
//!
//! Nothing here decides whether it is still valid: `oauth` judges it anew with each request.

use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::authn::oauth::{AudienceClaim, Terms, Token, claims, identity, verified};
use crate::authz::{Admission, Entry, Trace};
use crate::idp::{KeyName, Provider, VerificationKey};
use crate::model::{
    ActiveToken, Algorithm, Identity, Instant, KeyId, Live, Principal, ProviderWord, Request,
};

/// Agents beside the first whose admission is remembered with a token; one more displaces the oldest. Few tokens are used at
/// more than eight agents, and for those nothing is repeated but the rules.
const MOST_OTHERS: usize = 7;
/// The memory of the headers and the identity at one agent, in bytes: an estimate, because they are shared and change.
const ADMISSION_BYTES: usize = 512;
/// The memory of what an agent is told of the caller, in bytes: its claims, and the last assertion with them, which is made
/// after the token was weighed. An estimate, as the weight must not change: claims of 300 bytes, the same in base64url with head
/// and signature, and what holds them.
const ASSERTED_BYTES: usize = 1536;

/// A verified token.
#[derive(Debug)]
pub(in crate::authn) struct Remembered {
    /// The number of its provider.
    provider: u64,
    terms: Terms,
    basis: Basis,
    /// Whether its header says that it is an access token.
    has_access_type: bool,
    /// Whether the first agent gets an assertion of its caller.
    is_asserted: bool,
    /// The claims, as the JSON text that was signed or answered: half the size of their parsed form.
    payload: Box<[u8]>,
    /// By what denials can name it.
    principal: Arc<Principal>,
    /// The admission at the first agent: most tokens are used at one.
    first: OnceLock<AtAgent>,
    others: OnceLock<Live<Vec<AtAgent>>>,
}

/// What proved it.
#[derive(Debug, Clone)]
enum Basis {
    /// A signature.
    Signed(Signature),
    /// A signature, and the word of its provider.
    SignedAndActive(Signature, Arc<ProviderWord>),
    /// The word of its provider.
    Active(Arc<ProviderWord>),
}

/// A signature that verified.
#[derive(Debug)]
struct Signature {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    /// `x5t#S256` and `x5t`, which name its key when no `kid` does.
    thumbprints: Option<Box<[Option<String>; 2]>>,
    key: Arc<VerificationKey>,
    /// The number of the key set in which the key was last found.
    key_set: AtomicU64,
}

/// The number of a compiled agent.
type AgentNumber = u64;

/// An agent's number, and the token's admission there.
type AtAgent = (AgentNumber, Arc<Admission>);

/// How a token was verified just now.
#[derive(Debug)]
pub(in crate::authn) struct Proof<'a> {
    pub(in crate::authn) provider: &'a Provider,
    pub(in crate::authn) audience_claim: AudienceClaim,
    pub(in crate::authn) algorithm: Algorithm,
    pub(in crate::authn) key: Arc<VerificationKey>,
    /// The word of its provider that it is active, where it was asked.
    pub(in crate::authn) active: Option<Arc<ProviderWord>>,
    pub(in crate::authn) principal: Arc<Principal>,
    /// Of the first agent.
    pub(in crate::authn) entry: &'a Entry,
}

impl Remembered {
    /// A verified JWT.
    pub(in crate::authn) fn new(token: &mut Token<'_>, proof: Proof<'_>) -> Self {
        let signature = Signature {
            algorithm: proof.algorithm,
            kid: token.kid.as_deref().map(Box::from),
            thumbprints: token
                .thumbprints
                .iter()
                .any(Option::is_some)
                .then(|| Box::new(std::mem::take(&mut token.thumbprints))),
            key: proof.key,
            // No key set has the number 0, so the first hit looks the key up.
            key_set: AtomicU64::new(0),
        };
        Self {
            provider: proof.provider.id(),
            terms: std::mem::take(&mut token.terms).remembered(proof.audience_claim),
            basis: match proof.active {
                None => Basis::Signed(signature),
                Some(word) => Basis::SignedAndActive(signature, word),
            },
            has_access_type: token.has_access_type(),
            is_asserted: proof.entry.assertion.is_some(),
            payload: std::mem::take(&mut token.payload).into_boxed_slice(),
            principal: proof.principal,
            first: OnceLock::new(),
            others: OnceLock::new(),
        }
    }

    /// A token that this provider calls active, and that is first used at the agent with this entry.
    pub(in crate::authn) fn introspected(
        provider: &Provider,
        terms: Terms,
        active: &ActiveToken,
        principal: Arc<Principal>,
        entry: &Entry,
    ) -> Self {
        Self {
            provider: provider.id(),
            terms,
            basis: Basis::Active(Arc::clone(active.word())),
            has_access_type: false,
            is_asserted: entry.assertion.is_some(),
            payload: active.claims().into(),
            principal,
            first: OnceLock::new(),
            others: OnceLock::new(),
        }
    }

    /// The same token, without what agents make of it.
    pub(super) fn copied(&self) -> Self {
        Self {
            provider: self.provider,
            terms: self.terms.clone(),
            basis: self.basis.clone(),
            has_access_type: self.has_access_type,
            is_asserted: self.is_asserted,
            payload: self.payload.clone(),
            // Of its own, so that two shards do not count together who uses it.
            principal: Arc::new(Principal::clone(&self.principal)),
            first: OnceLock::new(),
            others: OnceLock::new(),
        }
    }

    /// Whether what proved it still does at the time of this request, which is noted where uses are counted.
    pub(in crate::authn) fn still_counts(&self, provider: &Provider, request: &Request<'_>) -> bool {
        let (signature, word) = match &self.basis {
            Basis::Signed(signature) => (Some(signature), None),
            Basis::SignedAndActive(signature, word) => (Some(signature), Some(word)),
            Basis::Active(word) => (None, Some(word)),
        };
        if word.is_some_and(|word| !word.counts_at(request.now))
            || signature.is_some_and(|signature| !signature.is_still_made(provider, request.now))
        {
            return false;
        }
        if let Some(signature) = signature {
            request.note_use(signature.key.last_used());
        }
        if let Some(introspector) = word.and_then(|_| provider.introspector()) {
            introspector.note_active();
        }
        true
    }

    pub(in crate::authn) const fn provider(&self) -> u64 {
        self.provider
    }

    pub(in crate::authn) const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// By what denials can name it.
    pub(in crate::authn) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The claims, as the JSON text that was signed or answered.
    pub(in crate::authn) const fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Its admission at an agent, which has its provider under that index. It is made now when it is not remembered, or does
    /// not hold at `now`; `None` when the payload no longer parses, which cannot happen to a payload that was verified.
    pub(in crate::authn) fn admission(
        &self,
        entry: &Entry,
        provider: (usize, &Provider),
        now: Instant,
        trace: &mut impl Trace,
    ) -> Option<Arc<Admission>> {
        if let Some(admission) = self.kept(entry.number, now) {
            if admission.headers.is_err() && trace.wants_grounds() {
                // Refused before, when nobody recorded the grounds: the rules alone give them again.
                self.admit(entry, provider, now, trace);
            }
            return Some(admission);
        }
        let admission = Arc::new(self.admit(entry, provider, now, trace)?);
        self.keep(entry.number, &admission);
        Some(admission)
    }

    /// The admission that is remembered for an agent, and holds at `now`.
    fn kept(&self, agent: AgentNumber, now: Instant) -> Option<Arc<Admission>> {
        let holds = |(at, admission): &&AtAgent| *at == agent && admission.holds_at(now);
        if let Some((_, admission)) = self.first.get().filter(holds) {
            return Some(Arc::clone(admission));
        }
        self.others
            .get()?
            .with(|others| others.iter().find(holds).map(|(_, admission)| Arc::clone(admission)))
    }

    /// Parses the claims, and applies the rules of an agent to them.
    fn admit(
        &self,
        entry: &Entry,
        (index, provider): (usize, &Provider),
        now: Instant,
        trace: &mut impl Trace,
    ) -> Option<Admission> {
        let claims = claims(&self.payload)?;
        let token = verified(&claims, self.has_access_type, provider.spec(), now);
        let identity = identity(&token, index, self.key_id());
        let identity = Identity { principal: Some(Arc::clone(&self.principal)), ..identity };
        Some(entry.admit(identity, &token, trace))
    }

    /// Remembers its admission at an agent.
    pub(in crate::authn) fn keep(&self, agent: AgentNumber, admission: &Arc<Admission>) {
        if self.first.set((agent, Arc::clone(admission))).is_ok() {
            return;
        }
        let others = self.others.get_or_init(|| Live::new(Vec::new()));
        let mut known = Vec::clone(&others.get());
        // That of another time.
        known.retain(|(other, _)| *other != agent);
        if known.len() == MOST_OTHERS {
            known.remove(0);
        }
        known.push((agent, Arc::clone(admission)));
        // Of two threads that add one at the same time, one loses, and its admission is made again.
        others.publish(Arc::new(known));
    }

    /// The id of its key, for the log.
    pub(in crate::authn) fn key_id(&self) -> Option<&str> {
        let signature = self.signature()?;
        signature.kid.as_deref().or_else(|| signature.key.kid().map(KeyId::as_str))
    }

    /// The memory that it takes, in bytes, as an estimate.
    pub(in crate::authn) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.payload.len()
            + self.terms.bytes()
            + self.signature().map_or(0, Signature::bytes)
            + ADMISSION_BYTES
            + if self.is_asserted { ASSERTED_BYTES } else { 0 }
    }

    /// The word of its provider, where that was asked.
    pub(super) const fn word(&self) -> Option<&Arc<ProviderWord>> {
        match &self.basis {
            Basis::Signed(_) => None,
            Basis::SignedAndActive(_, word) | Basis::Active(word) => Some(word),
        }
    }

    const fn signature(&self) -> Option<&Signature> {
        match &self.basis {
            Basis::Signed(signature) | Basis::SignedAndActive(signature, _) => Some(signature),
            Basis::Active(_) => None,
        }
    }
}

impl Signature {
    /// Whether the provider would still have the token verified with the same key.
    fn is_still_made(&self, provider: &Provider, now: Instant) -> bool {
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

    /// The heap memory that it takes, in bytes, as an estimate.
    fn bytes(&self) -> usize {
        let thumbprints = self.thumbprints.iter().flat_map(|both| both.iter().flatten()).map(String::len);
        self.kid.as_ref().map_or(0, |kid| kid.len()) + thumbprints.sum::<usize>()
    }
}

impl Clone for Signature {
    fn clone(&self) -> Self {
        Self {
            algorithm: self.algorithm,
            kid: self.kid.clone(),
            thumbprints: self.thumbprints.clone(),
            key: Arc::clone(&self.key),
            key_set: AtomicU64::new(self.key_set.load(Ordering::Relaxed)),
        }
    }
}
