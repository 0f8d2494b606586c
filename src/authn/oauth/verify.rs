//! The order of the checks on a bearer token: cheap refusals first (shape, algorithm, issuer, time, audience,
//! binding), then the key and the signature.
//!
//! The provider is chosen by the unverified `iss`, and only that provider's keys are tried. Nothing that a
//! token says of itself (`jwk`, `jku`, `x5u`, `x5c`) is ever used as a key.

use std::borrow::Cow;
use std::sync::Arc;

use crate::authn::api_key::note_use;
use crate::authn::memory::{Forged, Known, Proof, TokenCache};
use crate::authn::{also, extract};
use crate::authz::{Check, Facts, Trace};
use crate::idp::Provider;
use crate::model::{
    Algorithm, CacheLabel, Claims, Digest, Fetched, Identity, Instant, Purpose, Reason, Request, TokenSaid,
};

use super::jwt::Token;
use super::policy::OAuthPolicy;
use super::signature::{NotVerified, Verified, verify_signature};

/// A refusal, and how far the token was believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub reason: Reason,
    /// The provider that `iss` named, once it was one that the agent accepts.
    pub provider: Option<usize>,
}

/// What became of a token.
#[derive(Debug)]
pub enum Outcome {
    /// It was verified before, and proves who calls: the token, and the agent's index of its provider.
    Known(Arc<Known>, usize),
    /// It proves who calls.
    Verified {
        /// The caller, in the words of the log.
        identity: Identity,
        /// The verified claims.
        claims: Claims,
        /// Where to keep what the agent makes of them.
        known: Option<Arc<Known>>,
    },
    /// It does not.
    Rejected(Rejection),
    /// Its `kid` is unknown: fetch this provider's keys, then decide again.
    KeysWanted(Arc<Provider>),
}

/// The cache, and the name under which it knows a token.
struct Cached<'a> {
    cache: &'a TokenCache,
    digest: Digest,
}

const fn reject(reason: Reason, provider: Option<usize>) -> Outcome {
    Outcome::Rejected(Rejection { reason, provider })
}

impl OAuthPolicy {
    /// Decides on the token that the request carries, with what came of fetching keys for it; says also what the cache
    /// said.
    pub fn authenticate(
        &self,
        request: &Request<'_>,
        fetched: &Fetched<()>,
        trace: &mut impl Trace,
    ) -> (Outcome, CacheLabel) {
        let text = &*match self.extract(request, trace) {
            Ok(text) => text,
            Err(reason) => return (reject(reason, None), CacheLabel::Off),
        };
        // Who wants to see every check gets every check.
        let Some(cache) = self.tokens.as_deref().filter(|_| request.purpose == Purpose::Serve) else {
            return (self.verify(text, None, request, fetched, trace), CacheLabel::Off);
        };
        let cached = Cached { cache, digest: Digest::of(text.as_bytes()) };
        let recalled = self.recall(&cached, request).or_else(|| self.recall_bad(&cached, request.now, trace));
        if let Some(outcome) = recalled {
            return (outcome, CacheLabel::Hit);
        }
        let outcome = self.verify(text, Some(&cached), request, fetched, trace);
        if !matches!(outcome, Outcome::KeysWanted(_)) {
            cache.metrics().missed();
        }
        (outcome, CacheLabel::Miss)
    }

    /// The verdict on a token that is known, if all still holds for this agent.
    fn recall(&self, cached: &Cached<'_>, request: &Request<'_>) -> Option<Outcome> {
        let known = cached.cache.get(&cached.digest)?;
        let index = known.holds_for(self, request.now)?;
        if !known.is_still_signed(self.providers.get(index)?, request.now) {
            cached.cache.remove(&cached.digest);
            return None;
        }
        note_use(known.key().last_used(), request);
        cached.cache.metrics().hit();
        Some(Outcome::Known(known, index))
    }

    /// The refusal of a token whose signature is known to be bad, if that is all that is wrong with it.
    fn recall_bad(&self, cached: &Cached<'_>, now: Instant, trace: &mut impl Trace) -> Option<Outcome> {
        let forged = cached.cache.get_bad(&cached.digest)?;
        let index = forged.holds_for(self, now)?;
        cached.cache.metrics().hit_bad();
        trace.recalled(forged.grounds());
        Some(reject(Reason::SignatureInvalid, Some(index)))
    }

    /// Decides on a token by what it says and who signed it.
    fn verify(
        &self,
        text: &str,
        cached: Option<&Cached<'_>>,
        request: &Request<'_>,
        fetched: &Fetched<()>,
        trace: &mut impl Trace,
    ) -> Outcome {
        let mut token = match read(text, trace) {
            Ok(token) => token,
            Err(reason) => return reject(reason, None),
        };
        let algorithm = match check_head(&token, trace) {
            Ok(algorithm) => algorithm,
            Err(reason) => return refuse(&token, reason, None, trace),
        };
        let (index, provider) = match self.provider(&token, trace) {
            Ok(found) => found,
            Err(reason) => return refuse(&token, reason, None, trace),
        };
        if let Err(reason) = self.check_claims(&token, algorithm, provider, request.now, trace) {
            return refuse(&token, reason, Some(index), trace);
        }
        // Before the keys are asked for: a verdict must never count for a set that came later.
        let key_set = cached.and_then(|_| provider.key_set_number(request.now));
        match verify_signature(&token, algorithm, provider, request, fetched, trace) {
            Ok(Verified { key, key_id }) => {
                let known = cached.map(|cached| {
                    let known = Arc::new(Known::new(
                        &mut token,
                        Proof { provider, audience_claim: self.audience_claim, algorithm, key },
                    ));
                    cached.cache.insert(cached.digest, &known);
                    known
                });
                let identity = Identity::from_claims(&token.claims, index, key_id.as_deref());
                Outcome::Verified { identity, claims: token.claims, known }
            }
            Err(NotVerified::For(reason)) => {
                let refused = refuse(&token, reason, Some(index), trace);
                if let (Some(cached), Some(key_set), Reason::SignatureInvalid) = (cached, key_set, reason) {
                    let forged = Forged::new(&token, provider, self.audience_claim, key_set, trace.grounds());
                    cached.cache.insert_bad(cached.digest, forged);
                }
                refused
            }
            Err(NotVerified::KeysWanted) => Outcome::KeysWanted(Arc::clone(provider)),
        }
    }

    fn extract<'a>(&self, request: &Request<'a>, trace: &mut impl Trace) -> Result<Cow<'a, str>, Reason> {
        let in_header = extract::credential(request.headers, &self.header, &self.scheme);
        let found = match &*self.also {
            [] => in_header.map(Cow::Borrowed),
            also => also::only(in_header, also, request.headers, request.query),
        };
        let places = || {
            let also = self.also.iter().map(|place| format!(" or {}", place.describe()));
            format!("{}{}", self.header, also.collect::<String>())
        };
        trace.check(Check::Credential, found.is_ok(), || Facts {
            seen: Some(match found {
                Ok(_) => format!("one credential in {}", places()),
                Err(Reason::MultipleTokens) => format!("more than one credential in {}", places()),
                Err(Reason::TokenMalformed) => format!("control or non-ASCII bytes in {}", places()),
                Err(_) if request.headers.contains_key(&self.header) => {
                    format!("{} without a credential after `{}`", self.header, self.scheme.as_str())
                }
                Err(_) => format!("no {}", places()),
            }),
            wanted: format!("{}: {} TOKEN, once{}", self.header, self.scheme.as_str(), match &*self.also {
                [] => "",
                _ => ", or the token in one of the other places",
            }),
            fix: "send the token in one place, in the header with the prefix that the agent is configured to read",
        });
        let text = found?;
        let fits = text.len() <= self.token_bytes;
        trace.check(Check::Size, fits, || Facts {
            seen: Some(format!("{} bytes", text.len())),
            wanted: format!("at most {} bytes", self.token_bytes),
            fix: "ask for fewer claims in the token, or raise `server.limits.token_bytes`",
        });
        if fits { Ok(text) } else { Err(Reason::TokenTooLarge) }
    }

    fn provider(&self, token: &Token<'_>, trace: &mut impl Trace) -> Result<(usize, &Arc<Provider>), Reason> {
        let issuer = token.iss.as_deref();
        let found = issuer
            .and_then(|iss| self.providers.iter().enumerate().find(|(_, p)| p.spec().issuer.as_str() == iss));
        trace.check(Check::Issuer, found.is_some(), || Facts {
            seen: Some(format!("iss: {}", issuer.unwrap_or("absent"))),
            wanted: self
                .providers
                .iter()
                .map(|p| format!("{} ({})", p.spec().issuer, p.spec().name))
                .collect::<Vec<_>>()
                .join(" or "),
            fix: if issuer.is_some_and(|iss| self.issuers.contains(iss)) {
                "add the provider of this issuer to the agent's `identity_providers`"
            } else {
                "compare byte for byte (a slash at the end counts), or configure a provider with this issuer"
            },
        });
        found.ok_or(match issuer {
            Some(iss) if self.issuers.contains(iss) => Reason::IssuerNotAllowed,
            _ => Reason::IssuerUnknown,
        })
    }
}

/// The refusal of a token that could be read.
fn refuse(token: &Token<'_>, reason: Reason, provider: Option<usize>, trace: &mut impl Trace) -> Outcome {
    trace.refused(|| TokenSaid::of(&token.claims, token.kid.as_deref()));
    reject(reason, provider)
}

fn read<'t>(text: &'t str, trace: &mut impl Trace) -> Result<Token<'t>, Reason> {
    let parsed = Token::parse(text);
    trace.check(Check::Format, parsed.is_ok(), || Facts {
        seen: Some(parsed.as_ref().map_or_else(ToString::to_string, |_| "a signed JWT".to_owned())),
        wanted: "a compact JWS of three parts with one JSON object in each of the first two".to_owned(),
        fix: "send the access token itself, unchanged; an opaque or encrypted token cannot be checked here",
    });
    parsed.map_err(|_| Reason::TokenMalformed)
}

fn check_head(token: &Token<'_>, trace: &mut impl Trace) -> Result<Algorithm, Reason> {
    let algorithm = token.alg.as_deref().and_then(|alg| alg.parse::<Algorithm>().ok());
    trace.check(Check::Algorithm, algorithm.is_some(), || Facts {
        seen: Some(format!("alg: {}", token.alg.as_deref().unwrap_or("absent"))),
        wanted: "an asymmetric algorithm (RS, PS, ES or EdDSA)".to_owned(),
        fix: "have the identity provider sign with an asymmetric key",
    });
    let algorithm = algorithm.ok_or(Reason::AlgNotAllowed)?;
    trace.check(Check::Critical, !token.critical, || Facts {
        seen: Some(if token.critical { "`crit`, or `b64: false`" } else { "none" }.to_owned()),
        wanted: "no `crit`, no unencoded payload".to_owned(),
        fix: "have the identity provider issue plain tokens without critical header extensions",
    });
    if token.critical {
        return Err(Reason::TokenMalformed);
    }
    let typ_ok = token.typ.as_deref().is_none_or(is_accepted_type);
    trace.check(Check::Type, typ_ok, || Facts {
        seen: Some(format!("typ: {}", token.typ.as_deref().unwrap_or("absent"))),
        wanted: "absent, JWT or at+jwt".to_owned(),
        fix: "send the access token, not another kind of token (logout, DPoP proof, ...)",
    });
    if typ_ok { Ok(algorithm) } else { Err(Reason::TypMismatch) }
}

/// `JWT` or `at+jwt`, with or without `application/`, in any case (RFC 7515 section 4.1.9, RFC 9068 section 4).
fn is_accepted_type(typ: &str) -> bool {
    let prefix = "application/";
    let bare = match typ.split_at_checked(prefix.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(prefix) => rest,
        _ => typ,
    };
    bare.eq_ignore_ascii_case("JWT") || bare.eq_ignore_ascii_case("at+jwt")
}

#[cfg(test)]
mod tests {
    use super::is_accepted_type;

    #[test]
    fn only_jwt_and_access_token_types_pass() {
        for good in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"] {
            assert!(is_accepted_type(good), "{good}");
        }
        for bad in [
            "",
            "JWS",
            "dpop+jwt",
            "logout+jwt",
            "application/",
            "application/application/jwt",
            "at+jwt ",
            "text/jwt",
            "jwt;a",
        ] {
            assert!(!is_accepted_type(bad), "{bad}");
        }
    }
}
