//! What a token says of itself, held against what its provider and the agent ask: the algorithm, the times, the
//! audience, and whether it is bound. Nothing here needs a key.
//!
//! When these checks are made is in `verify`; the rules over claims, which only a verified token meets, are in `authz`.

use std::time::Duration;

use crate::authz::{Check, Facts, Trace};
use crate::idp::Provider;
use crate::model::{Algorithm, Instant, Reason};

use super::jwt::Token;
use super::policy::{AudienceClaim, BoundTokens, OAuthPolicy};

impl OAuthPolicy {
    /// All of these checks, in their order.
    pub(super) fn check_claims(
        &self,
        token: &Token<'_>,
        algorithm: Algorithm,
        provider: &Provider,
        now: Instant,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        let spec = provider.spec();
        let allowed = spec.algorithms.contains(algorithm);
        trace.check(Check::Algorithm, allowed, || Facts {
            seen: Some(format!("alg: {algorithm}")),
            wanted: format!("one of {} (provider {})", spec.algorithms, spec.name),
            fix: "add the algorithm to the provider's `algorithms`, or have the provider sign with another",
        });
        if !allowed {
            return Err(Reason::AlgNotAllowed);
        }
        let leeway = spec.leeway.as_secs_f64();
        check_expiry(token, now, leeway, trace)?;
        check_not_before(token, now, leeway, trace)?;
        self.check_lifetime(token, trace)?;
        self.check_audience(token, trace)?;
        self.check_binding(token, trace)
    }

    fn check_lifetime(&self, token: &Token<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
        let Some(limit) = self.max_token_lifetime else { return Ok(()) };
        let ok = token.times.are_within(Some(limit));
        trace.check(Check::Lifetime, ok, || Facts {
            seen: Some(
                token.times.lifetime().map_or_else(|| "no iat".to_owned(), |s| format!("exp - iat = {s} s")),
            ),
            wanted: format!("at most {} s", limit.as_secs()),
            fix: "have the identity provider issue shorter tokens, or raise `max_token_lifetime`",
        });
        if ok { Ok(()) } else { Err(Reason::LifetimeTooLong) }
    }

    fn check_audience(&self, token: &Token<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
        if self.audiences.is_empty() {
            return Ok(());
        }
        let ok = match self.audience_claim {
            AudienceClaim::Aud => self.accepts_audience(token.aud.iter().map(String::as_str)),
            AudienceClaim::ClientId => self.accepts_audience(token.client_id().into_iter()),
        };
        trace.check(Check::Audience, ok, || Facts {
            seen: Some(match self.audience_claim {
                AudienceClaim::Aud if token.aud.is_empty() => "aud: absent".to_owned(),
                AudienceClaim::Aud => format!("aud: {}", token.aud.join(", ")),
                AudienceClaim::ClientId => format!("client_id: {}", token.client_id().unwrap_or("absent")),
            }),
            wanted: format!("one of {}", self.audiences.join(", ")),
            fix: match self.audience_claim {
                AudienceClaim::Aud if token.aud.is_empty() => {
                    "have the provider put `aud` into the token; where it never does (Cognito), set `audience_claim: client_id`"
                }
                AudienceClaim::Aud => {
                    "request the token for this audience (`resource` or `audience` parameter), or add it to the agent's `audiences`"
                }
                AudienceClaim::ClientId => "add the client to the agent's `audiences`, or use a client that is there",
            },
        });
        if ok { Ok(()) } else { Err(Reason::AudienceMismatch) }
    }

    fn check_binding(&self, token: &Token<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
        let ok = self.accepts_binding(token.is_bound);
        trace.check(Check::Binding, ok, || Facts {
            seen: Some(format!("cnf: {}", token.binding())),
            wanted: match self.bound_tokens {
                BoundTokens::Refuse => "no `cnf`: a bound token is good only with a proof, and none is checked here",
                BoundTokens::Ignore => "anything: this agent says `sender_constraint: { cnf: ignore }`",
            }
            .to_owned(),
            fix: "have the identity provider issue tokens that are not bound (no DPoP, no mTLS binding) to this client; \
                  `sender_constraint: { cnf: ignore }` at the agent takes bound ones from whoever has them",
        });
        if ok { Ok(()) } else { Err(Reason::BindingRequired) }
    }
}

fn check_expiry(token: &Token<'_>, now: Instant, leeway: f64, trace: &mut impl Trace) -> Result<(), Reason> {
    let result = match token.times.exp {
        None => Err(Reason::ExpMissing),
        Some(_) if token.times.are_over_at(now, leeway) => Err(Reason::TokenExpired),
        Some(_) => Ok(()),
    };
    trace.check(Check::Expiry, result.is_ok(), || Facts {
        seen: Some(format!("exp: {}", shown(token.times.exp))),
        wanted: format!(
            "after {}, which is now less {leeway} s of leeway",
            shown(Some(now.unix_f64() - leeway))
        ),
        fix: "fetch a fresh token; if it is fresh, compare the clocks of provider and gateway",
    });
    result
}

fn check_not_before(
    token: &Token<'_>,
    now: Instant,
    leeway: f64,
    trace: &mut impl Trace,
) -> Result<(), Reason> {
    let ok = !token.times.are_early_at(now, leeway);
    trace.check(Check::NotBefore, ok, || Facts {
        seen: Some(format!("nbf: {}, iat: {}", shown(token.times.nbf), shown(token.times.iat))),
        wanted: format!(
            "not after {}, which is now plus {leeway} s of leeway",
            shown(Some(now.unix_f64() + leeway))
        ),
        fix: "compare the clocks of provider and gateway",
    });
    if ok { Ok(()) } else { Err(Reason::NotYetValid) }
}

/// A moment as the token writes it, and as people do.
fn shown(at: Option<f64>) -> String {
    let Some(at) = at else { return "absent".to_owned() };
    match Duration::try_from_secs_f64(at) {
        Ok(since_epoch) => format!("{at:.0} ({})", Instant::from_duration(since_epoch)),
        Err(_) => format!("{at}"),
    }
}
