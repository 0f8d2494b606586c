//! Authentication by an access token: found in the memory of verified tokens, or verified now.
//!
//! A remembered token is judged by the same terms as a new one (`accept`), its key must still be its provider's, and its
//! admission holds for one agent alone. The memory never makes a refusal of its own: a token that it does not accept is
//! checked from its text, so a remembered token is refused for the same reason as a new one.

use std::sync::Arc;

use crate::authn::memory::Remembered;
use crate::authz::{Entry, Silent, Trace};
use crate::idp::Provider;
use crate::model::{CacheLabel, DenialKind, Digest, Instant, Purpose, Reason, Request, TokenSaid};

use super::jwt::claims;
use super::policy::OAuthPolicy;
use super::question::{Answer, Cached, Question, TokenEvidence};
use super::shape::Shape;
use super::terms::Terms;

impl OAuthPolicy {
    /// Authenticates the request by the token that it carries, with what was fetched for it. Also returns the part of the
    /// cache in the answer.
    pub fn authenticate(
        &self,
        request: &Request<'_>,
        evidence: &TokenEvidence,
        entry: &Entry,
        trace: &mut impl Trace,
    ) -> (Answer, CacheLabel) {
        let text = &*match self.extract(request, trace) {
            Ok(text) => text,
            Err(reason) => return (Answer::Rejected { reason, provider: None }, CacheLabel::Off),
        };
        let question = Question { text, request, evidence, entry };
        // An explanation makes every check, so it bypasses the cache.
        let Some(cache) = self.tokens.as_deref().filter(|_| request.purpose == Purpose::Serve) else {
            return (self.prove(&question, None, trace), CacheLabel::Off);
        };
        let cached = Cached { cache, digest: Digest::of(text.as_bytes()) };
        let recalled = self.recall(&cached, &question, trace);
        if let Some(answer) = recalled.or_else(|| self.recall_forged(&cached, request.now, trace)) {
            return (answer, CacheLabel::Hit);
        }
        let answer = self.prove(&question, Some(&cached), trace);
        if !matches!(answer, Answer::KeysNeeded(_) | Answer::IntrospectionNeeded(_)) {
            cache.metrics().missed();
        }
        (answer, CacheLabel::Miss)
    }

    /// Proves a token from its text: a JWT by its signature, an opaque one by the word of its provider.
    fn prove(&self, question: &Question<'_>, cached: Option<&Cached<'_>>, trace: &mut impl Trace) -> Answer {
        match &self.introspection {
            Some(introspecting) if Shape::of(question.text) == Shape::Opaque => {
                self.introspect(introspecting, question, cached, trace)
            }
            Some(_) | None => self.verify(question, cached, trace),
        }
    }

    /// The answer for a remembered token that is still valid at this agent.
    fn recall(&self, cached: &Cached<'_>, question: &Question<'_>, trace: &mut impl Trace) -> Option<Answer> {
        let (request, remembered) = (question.request, cached.cache.get(&cached.digest)?);
        let (index, provider) = self.holding(remembered.provider(), remembered.terms(), request.now)?;
        if !remembered.still_counts(provider, request) {
            cached.cache.remove(&cached.digest);
            return None;
        }
        cached.cache.metrics().hit();
        if let Some(kind) = self.denial(remembered.principal(), question.text, request.now, trace) {
            return Some(denied(&remembered, question, (index, provider), kind, trace));
        }
        let possession = match self.possession(remembered.terms(), question, trace) {
            Ok(possession) => possession,
            Err(not_accepted) => {
                trace.refused(|| said(&remembered));
                return Some(Answer::unproven(not_accepted, index));
            }
        };
        Some(match remembered.admission(question.entry, (index, provider), request.now, trace) {
            Some(admission) => Answer::Proven { admission, provider: index, possession },
            None => Answer::Rejected { reason: Reason::TokenMalformed, provider: Some(index) },
        })
    }

    /// The refusal of a token whose signature is known to be invalid, if nothing else is wrong with it.
    fn recall_forged(&self, cached: &Cached<'_>, now: Instant, trace: &mut impl Trace) -> Option<Answer> {
        let forged = cached.cache.get_bad(&cached.digest)?;
        let (index, provider) = self.holding(forged.provider(), forged.terms(), now)?;
        if provider.key_set_number(now)? != forged.key_set() {
            return None;
        }
        cached.cache.metrics().hit_bad();
        trace.recalled(forged.grounds());
        Some(Answer::Rejected { reason: Reason::SignatureInvalid, provider: Some(index) })
    }

    /// The provider of that number with its index, when the agent accepts both it and these terms.
    fn holding(&self, provider: u64, terms: &Terms, now: Instant) -> Option<(usize, &Arc<Provider>)> {
        let (index, provider) = self.providers.iter().enumerate().find(|(_, own)| own.id() == provider)?;
        self.accepts(terms, provider, now, &mut Silent).ok()?;
        Some((index, provider))
    }
}

/// The refusal of a remembered token that a denial names.
fn denied(
    remembered: &Remembered,
    question: &Question<'_>,
    provider: (usize, &Provider),
    kind: DenialKind,
    trace: &mut impl Trace,
) -> Answer {
    trace.refused(|| said(remembered));
    // What the rules say of it is nobody's matter any more; whose it is stands beside that.
    match remembered.admission(question.entry, provider, question.request.now, &mut Silent) {
        Some(admission) => {
            Answer::Denied { identity: Arc::clone(&admission.identity), kind, provider: provider.0 }
        }
        None => Answer::Rejected { reason: Reason::TokenMalformed, provider: Some(provider.0) },
    }
}

/// What a remembered token says of itself.
fn said(remembered: &Remembered) -> TokenSaid {
    let said = claims(remembered.payload());
    said.map(|said| TokenSaid::of(&said, remembered.key_id())).unwrap_or_default()
}
