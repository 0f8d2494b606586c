//! The order of the checks on an access token: cheap refusals first (shape, algorithm, issuer, time, audience,
//! binding), then the key and the signature, then denials, what it is bound to, and the rules of the agent.
//!
//! The unverified `iss` selects the provider, and only that provider's keys are tried. Keys that a token brings itself
//! (`jwk`, `jku`, `x5u`, `x5c`) are never used.

use std::sync::Arc;

use crate::authn::memory::{Forged, Proof, Remembered};
use crate::authz::Trace;
use crate::idp::Provider;
use crate::model::{Algorithm, Instant, Reason, TokenSaid};

use super::head::{check_algorithm, check_head, read};
use super::jwt::Token;
use super::policy::OAuthPolicy;
use super::proven::{Proven, who};
use super::question::{Answer, Cached, Question};
use super::signature::{NotVerified, Verified, verify_signature};
use super::verified::verified;

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
        match verify_signature(
            &token,
            algorithm,
            provider,
            (question.request, &question.evidence.keys),
            trace,
        ) {
            Ok(proof) => self.accept_signed(
                &mut token,
                (algorithm, proof),
                (index, provider),
                (question, cached),
                trace,
            ),
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

    /// Accepts a token whose signature is good, when its provider, where it is asked, calls it active.
    fn accept_signed(
        &self,
        token: &mut Token<'_>,
        (algorithm, Verified { key, key_id }): (Algorithm, Verified),
        (index, provider): (usize, &Arc<Provider>),
        (question, cached): (&Question<'_>, Option<&Cached<'_>>),
        trace: &mut impl Trace,
    ) -> Answer {
        let active = match self.still_active(&token.claims, (index, provider), question, trace) {
            Ok(word) => word,
            Err(answer) => {
                if let Answer::Rejected { .. } = &answer {
                    trace.refused(|| TokenSaid::of(&token.claims, key_id.as_deref()));
                }
                return answer;
            }
        };
        let (has_access_type, spec, now) = (token.has_access_type(), provider.spec(), question.request.now);
        let who = who(&verified(&token.claims, has_access_type, spec, now), index, key_id.as_deref());
        let remembered = cached.map(|cached| {
            let (audience_claim, principal) = (self.audience_claim, Arc::clone(&who.1));
            let entry = question.entry;
            let proof = Proof { provider, audience_claim, algorithm, key, active, principal, entry };
            let remembered = Arc::new(Remembered::new(token, proof));
            cached.cache.insert(cached.digest, &remembered);
            remembered
        });
        let remembered = remembered.as_deref();
        let proven = Proven {
            token: verified(&token.claims, has_access_type, spec, now),
            // To remember a token is to take its terms.
            terms: remembered.map_or(&token.terms, Remembered::terms),
            who,
            key_id: key_id.as_deref(),
            index,
            remembered,
        };
        self.conclude(proven, question, trace)
    }

    /// The checks that need no key. A refusal has the index of the provider, once the agent is known to accept that.
    fn check(
        &self,
        token: &Token<'_>,
        now: Instant,
        trace: &mut impl Trace,
    ) -> Result<Plausible<'_>, (Reason, Option<usize>)> {
        let without_provider = |reason| (reason, None);
        let algorithm = check_head(token, self.takes_svids(), trace).map_err(without_provider)?;
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
