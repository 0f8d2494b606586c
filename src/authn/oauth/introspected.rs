//! The checks on a token that its provider was asked about: an opaque one, of which nothing else is known, and a verified JWT
//! where the provider is asked about those as well.
//!
//! What a provider says of an opaque token is judged by the same terms and rules as the claims of a JWT. Of a JWT its own
//! claims decide, and the provider can only refuse it.

use std::sync::Arc;

use crate::authn::memory::Remembered;
use crate::authz::{Check, Facts, Trace};
use crate::idp::Provider;
use crate::model::{
    ActiveToken, Claims, Digest, Fetched, Introspection, ProviderWord, Purpose, Reason, TokenSaid,
};

use super::accept::check_times;
use super::answer::said;
use super::opaque::Introspecting;
use super::policy::OAuthPolicy;
use super::proven::{Proven, who};
use super::question::{Answer, Cached, Question};
use super::sender_constraint::check_answered_binding;
use super::verified::verified;

/// What `token_type` of a response may be (RFC 6749 section 7.1, RFC 9449 section 5, RFC 8693 section 3), in any case.
const TOKEN_TYPES: [&str; 3] = ["Bearer", "DPoP", "access_token"];

impl OAuthPolicy {
    /// Authenticates by an opaque token, and remembers the outcome in `cached`.
    pub(super) fn introspect(
        &self,
        introspecting: &Introspecting,
        question: &Question<'_>,
        cached: Option<&Cached<'_>>,
        trace: &mut impl Trace,
    ) -> Answer {
        let found = introspecting.provider_of(question.text);
        let found = found.and_then(|index| Some((index, self.providers.get(index)?)));
        trace.check(Check::Format, found.is_some(), || Facts {
            seen: Some("an opaque token".to_owned()),
            wanted: format!("a signed JWT, or an opaque token that begins with {}", introspecting.describe()),
            fix: "send the access token itself, unchanged; or add how it begins to `introspection.token_prefix` of its provider",
        });
        let Some((index, provider)) = found else {
            return Answer::Rejected { reason: Reason::TokenMalformed, provider: None };
        };
        let active = match self.active(introspecting, (index, provider), question, trace) {
            Ok(active) => active,
            Err(answer) => return answer,
        };
        // It was read before.
        let Some((claims, terms)) = said(active.claims()) else {
            return Answer::Rejected { reason: Reason::IntrospectionUnavailable, provider: Some(index) };
        };
        let now = question.request.now;
        let accepted = check_answer(&claims, is_bound_by_dpop(&claims), provider, trace)
            .and_then(|()| self.accepts(&terms, provider, now, trace));
        if let Err(reason) = accepted {
            trace.refused(|| TokenSaid::of(&claims, None));
            return Answer::Rejected { reason, provider: Some(index) };
        }
        let token = verified(&claims, false, provider.spec(), now);
        let who = who(&token, index, None);
        let remembered = cached.map(|cached| {
            let terms = terms.clone().remembered(self.audience_claim);
            let principal = Arc::clone(&who.1);
            let remembered = Remembered::introspected(provider, terms, &active, principal, question.entry);
            let remembered = Arc::new(remembered);
            cached.cache.insert(cached.digest, &remembered);
            remembered
        });
        let remembered = remembered.as_deref();
        let proven = Proven { token, terms: &terms, who, key_id: None, index, remembered };
        self.conclude(proven, question, trace)
    }

    /// The word that a verified JWT with these claims is active, where its provider is asked about it.
    pub(super) fn still_active(
        &self,
        claims: &Claims,
        provider: (usize, &Arc<Provider>),
        question: &Question<'_>,
        trace: &mut impl Trace,
    ) -> Result<Option<Arc<ProviderWord>>, Answer> {
        let asked = self.introspection.as_deref().filter(|_| Introspecting::asks_of_jwts(provider.1));
        let Some(introspecting) = asked else { return Ok(None) };
        let active = self.active(introspecting, provider, question, trace)?;
        let reject = |reason| Answer::Rejected { reason, provider: Some(provider.0) };
        let Some((answer, terms)) = said(active.claims()) else {
            return Err(reject(Reason::IntrospectionUnavailable));
        };
        let is_bound = is_bound_by_dpop(&answer) || is_bound_by_dpop(claims);
        check_answer(&answer, is_bound, provider.1, trace)
            .and_then(|()| check_times(&terms, provider.1, question.request.now, trace))
            .and_then(|()| check_answered_binding(&answer, claims, trace))
            .map_err(reject)?;
        Ok(Some(Arc::clone(active.word())))
    }

    /// The token, when its provider calls it active.
    fn active(
        &self,
        introspecting: &Introspecting,
        (index, provider): (usize, &Arc<Provider>),
        question: &Question<'_>,
        trace: &mut impl Trace,
    ) -> Result<Arc<ActiveToken>, Answer> {
        let introspection = match &question.evidence.introspection {
            Fetched::Here(introspection) => Some(introspection.clone()),
            Fetched::NotAsked => match known(provider, question) {
                Some(known) => Some(known),
                None => match introspecting.question((index, provider), question.request, question.text) {
                    Some(question) => return Err(Answer::IntrospectionNeeded(question)),
                    None => None,
                },
            },
            Fetched::Unavailable => known(provider, question),
        };
        trace.check(Check::Introspection, matches!(introspection, Some(Introspection::Active(_))), || Facts {
            seen: Some(match &introspection {
                Some(Introspection::Active(_)) => "active".to_owned(),
                Some(Introspection::Inactive) => "not active".to_owned(),
                None => "no answer of the provider, or it was not asked".to_owned(),
            }),
            wanted: format!("provider {} calls the token active", provider.spec().name),
            fix: match &introspection {
                Some(_) => "the token is expired, revoked or of somebody else: get a new one from this provider",
                None => {
                    "`explain --live` asks the provider; if that fails as well, see its last error on its page and in the log"
                }
            },
        });
        let reject = |reason| Err(Answer::Rejected { reason, provider: Some(index) });
        match introspection {
            Some(Introspection::Active(active)) => Ok(active),
            Some(Introspection::Inactive) => reject(Reason::TokenInactive),
            None => reject(Reason::IntrospectionUnavailable),
        }
    }
}

/// What counts of a token since its provider was asked before.
fn known(provider: &Provider, question: &Question<'_>) -> Option<Introspection> {
    let introspector = provider.introspector()?;
    let known = introspector.known(&Digest::of(question.text.as_bytes()), question.request.now)?;
    match question.request.purpose {
        Purpose::Serve => introspector.note_known(&known),
        Purpose::Explain => {}
    }
    Some(known)
}

/// Whether the answer is about a token that this provider made, of a type that gives access. `is_bound` is whether the token
/// names the key of its holder.
fn check_answer(
    answer: &Claims,
    is_bound: bool,
    provider: &Provider,
    trace: &mut impl Trace,
) -> Result<(), Reason> {
    let (issuer, own) = (answer.text("iss"), provider.spec().issuer.as_str());
    let is_own = issuer.is_none_or(|issuer| issuer == own);
    trace.check(Check::Issuer, is_own, || Facts {
        seen: Some(format!("iss: {}", issuer.unwrap_or("absent"))),
        wanted: format!("{own}, or none"),
        fix: "ask the provider that issued the token, with an agent that accepts it",
    });
    if !is_own {
        return Err(Reason::IssuerNotAllowed);
    }
    let token_type = answer.text("token_type");
    let is_type = |token_type: &str, wanted: &str| token_type.eq_ignore_ascii_case(wanted);
    let gives_access = token_type.is_none_or(|found| TOKEN_TYPES.iter().any(|wanted| is_type(found, wanted)));
    trace.check(Check::Type, gives_access, || Facts {
        seen: Some(format!("token_type: {}", token_type.unwrap_or("absent"))),
        wanted: format!("absent, or one of {}", TOKEN_TYPES.join(", ")),
        fix: "send the access token, not another kind of token (a refresh token, ...)",
    });
    if !gives_access {
        return Err(Reason::TypMismatch);
    }
    let is_dpop = token_type.is_some_and(|found| is_type(found, "DPoP"));
    if is_dpop && !is_bound {
        trace.check(Check::Binding, false, || Facts {
            seen: Some("token_type: DPoP, without cnf.jkt".to_owned()),
            wanted: "a DPoP token names the key of its holder (RFC 9449 section 6)".to_owned(),
            fix: "have the identity provider put `cnf.jkt` into its answer, or issue Bearer tokens",
        });
        return Err(Reason::BindingRequired);
    }
    Ok(())
}

fn is_bound_by_dpop(claims: &Claims) -> bool {
    claims.member("cnf").and_then(|cnf| cnf.get("jkt")).is_some_and(serde_json::Value::is_string)
}

#[cfg(test)]
pub(super) mod tests;
