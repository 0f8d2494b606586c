//! The order of the checks on a bearer token: cheap refusals first (shape, algorithm, issuer, time, audience,
//! binding), then the key and the signature, then the rules of the agent.
//!
//! The unverified `iss` selects the provider, and only that provider's keys are tried. Keys that a token brings itself
//! (`jwk`, `jku`, `x5u`, `x5c`) are never used.

use std::sync::Arc;

use crate::authn::memory::{Forged, Proof, Remembered};
use crate::authz::Trace;
use crate::idp::Provider;
use crate::model::{Algorithm, Identity, Instant, Principal, Reason, TokenSaid};

use super::head::{check_algorithm, check_head, read};
use super::jwt::Token;
use super::policy::OAuthPolicy;
use super::question::{Answer, Cached, Question};
use super::signature::{NotVerified, Verified, verify_signature};
use super::verified::{identity, verified};

/// A token that passed every check but that of its signature.
struct Plausible<'p> {
    algorithm: Algorithm,
    /// The agent's index of the provider.
    index: usize,
    provider: &'p Arc<Provider>,
}

impl OAuthPolicy {
    /// Verifies a token from its text, and remembers the outcome in `cached`.
    pub(super) fn verify(
        &self,
        question: &Question<'_>,
        cached: Option<&Cached<'_>>,
        trace: &mut impl Trace,
    ) -> Answer {
        let now = question.request.now;
        let mut token = match read(question.text, trace) {
            Ok(token) => token,
            Err(reason) => return Answer::Rejected { reason, provider: None },
        };
        let Plausible { algorithm, index, provider } = match self.check(&token, now, trace) {
            Ok(plausible) => plausible,
            Err((reason, index)) => return refuse(&token, reason, index, trace),
        };
        // Read before the keys are: a refusal must never be remembered for a newer set than was tried.
        let key_set = cached.and_then(|_| provider.key_set_number(now));
        match verify_signature(&token, algorithm, provider, (question.request, question.keys), trace) {
            Ok(Verified { key, key_id }) => {
                let has_access_type = token.has_access_type();
                let identity = {
                    let token = verified(&token.claims, has_access_type, provider.spec(), now);
                    identity(&token, index, key_id.as_deref())
                };
                let issuer = provider.spec().issuer.as_str();
                let principal = Arc::new(Principal::of(issuer, &token.claims, &identity.names()));
                let identity = Identity { principal: Some(Arc::clone(&principal)), ..identity };
                let remembered = cached.map(|cached| {
                    let (audience_claim, principal) = (self.audience_claim, Arc::clone(&principal));
                    let proof = Proof { provider, audience_claim, algorithm, key, principal };
                    let remembered = Arc::new(Remembered::new(&mut token, proof));
                    cached.cache.insert(cached.digest, &remembered);
                    remembered
                });
                if let Some(kind) = self.denial(&principal, question.text, now, trace) {
                    trace.refused(|| TokenSaid::of(&token.claims, key_id.as_deref()));
                    return Answer::Denied { identity: Arc::new(identity), kind, provider: index };
                }
                let token = verified(&token.claims, has_access_type, provider.spec(), now);
                let admission = Arc::new(question.entry.admit(identity, &token, trace));
                if let Some(remembered) = remembered {
                    remembered.keep(question.entry.number, &admission);
                }
                Answer::Proven { admission, provider: index }
            }
            Err(NotVerified::For(reason)) => {
                let refused = refuse(&token, reason, Some(index), trace);
                if let (Some(cached), Some(key_set), Reason::SignatureInvalid) = (cached, key_set, reason) {
                    let forged =
                        Forged::new(&mut token, provider, self.audience_claim, key_set, trace.grounds());
                    cached.cache.insert_bad(cached.digest, forged);
                }
                refused
            }
            Err(NotVerified::KeysNeeded) => Answer::KeysNeeded(Arc::clone(provider)),
        }
    }

    /// The checks that need no key. A refusal has the index of the provider, once the agent is known to accept that.
    fn check(
        &self,
        token: &Token<'_>,
        now: Instant,
        trace: &mut impl Trace,
    ) -> Result<Plausible<'_>, (Reason, Option<usize>)> {
        let without_provider = |reason| (reason, None);
        let algorithm = check_head(token, trace).map_err(without_provider)?;
        let (index, provider) = self.provider(token, trace).map_err(without_provider)?;
        check_algorithm(algorithm, provider.spec(), trace)
            .and_then(|()| self.accepts(&token.terms, provider, now, trace))
            .map_err(|reason| (reason, Some(index)))?;
        Ok(Plausible { algorithm, index, provider })
    }
}

/// The refusal of a token that could be parsed: the trace may record what it said of itself.
fn refuse(token: &Token<'_>, reason: Reason, provider: Option<usize>, trace: &mut impl Trace) -> Answer {
    trace.refused(|| TokenSaid::of(&token.claims, token.kid.as_deref()));
    Answer::Rejected { reason, provider }
}
