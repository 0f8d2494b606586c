//! The one list of checks on a token's terms: times, lifetime, audience, binding. New tokens pass it once, and remembered
//! tokens with each request.
//!
//! `verify` and `authenticate` say when; the rules over claims, for verified tokens alone, are in `authz`.

use std::time::Duration;

use crate::authz::{Check, Facts, Trace};
use crate::idp::Provider;
use crate::model::{Instant, Reason};

use super::bound_tokens::BoundTokens;
use super::policy::OAuthPolicy;
use super::terms::{AudienceClaim, Terms, Times};

impl OAuthPolicy {
    /// Whether the agent accepts these terms of this provider's token at `now`.
    pub(super) fn accepts(
        &self,
        terms: &Terms,
        provider: &Provider,
        now: Instant,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        check_times(terms, provider, now, trace)?;
        self.check_lifetime(&terms.times, trace)?;
        self.check_audience(terms, trace)?;
        self.check_binding(terms, trace)
    }

    fn check_lifetime(&self, times: &Times, trace: &mut impl Trace) -> Result<(), Reason> {
        let Some(limit) = self.max_token_lifetime else { return Ok(()) };
        let ok = times.are_within(limit);
        trace.check(Check::Lifetime, ok, || Facts {
            seen: Some(
                times.lifetime().map_or_else(|| "no iat".to_owned(), |s| format!("exp - iat = {s} s")),
            ),
            wanted: format!("at most {} s", limit.as_secs()),
            fix: "have the identity provider issue shorter tokens, or raise `max_token_lifetime`",
        });
        if ok { Ok(()) } else { Err(Reason::LifetimeTooLong) }
    }

    fn check_audience(&self, terms: &Terms, trace: &mut impl Trace) -> Result<(), Reason> {
        if self.audiences.is_empty() {
            return Ok(());
        }
        let is_wanted = |audience: &str| self.audiences.iter().any(|wanted| wanted == audience);
        let ok = match self.audience_claim {
            AudienceClaim::Aud => terms.aud.iter().any(|aud| is_wanted(aud)),
            AudienceClaim::ClientId => terms.client_id.as_deref().is_some_and(is_wanted),
        };
        trace.check(Check::Audience, ok, || Facts {
            seen: Some(match self.audience_claim {
                AudienceClaim::Aud if terms.aud.is_empty() => "aud: absent".to_owned(),
                AudienceClaim::Aud => format!("aud: {}", terms.aud.join(", ")),
                AudienceClaim::ClientId => format!("client_id: {}", terms.client_id.as_deref().unwrap_or("absent")),
            }),
            wanted: format!("one of {}", self.audiences.join(", ")),
            fix: match self.audience_claim {
                AudienceClaim::Aud if terms.aud.is_empty() => {
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

    /// Whether the agent checks bindings of this kind at all. That the request shows what the token is bound to comes later, once
    /// the token is verified.
    fn check_binding(&self, terms: &Terms, trace: &mut impl Trace) -> Result<(), Reason> {
        let ok = terms.binding.as_ref().is_none_or(|binding| self.bound_tokens.admits(binding));
        if ok && matches!(self.bound_tokens, BoundTokens::Check(_)) {
            return Ok(());
        }
        trace.check(Check::Binding, ok, || Facts {
            seen: Some(format!("cnf: {}", terms.binding.as_ref().map_or("absent", |binding| &binding.names))),
            wanted: match &self.bound_tokens {
                BoundTokens::Refuse => "no `cnf`: a bound token is good only with a proof, and none is checked here",
                BoundTokens::Ignore => "anything: this agent says `sender_constraint: { cnf: ignore }`",
                BoundTokens::Check(_) => "no `cnf`, or one of the bindings that `sender_constraint` turns on",
            }
            .to_owned(),
            fix: match &self.bound_tokens {
                BoundTokens::Refuse | BoundTokens::Ignore => {
                    "turn the check on: `sender_constraint: { dpop: optional }`, or `mtls: optional`; \
                     `sender_constraint: { cnf: ignore }` takes bound tokens from whoever has them"
                }
                BoundTokens::Check(_) => {
                    "turn the other binding on as well in `sender_constraint`, or have the identity provider bind tokens by \
                     `cnf.jkt` or `cnf.x5t#S256` alone"
                }
            },
        });
        if ok { Ok(()) } else { Err(Reason::BindingRequired) }
    }
}

/// Whether `now` is between `nbf` or `iat` and `exp`.
pub(super) fn check_times(
    terms: &Terms,
    provider: &Provider,
    now: Instant,
    trace: &mut impl Trace,
) -> Result<(), Reason> {
    let leeway = provider.spec().leeway.as_secs_f64();
    check_expiry(&terms.times, now, leeway, trace)?;
    check_not_before(&terms.times, now, leeway, trace)
}

fn check_expiry(times: &Times, now: Instant, leeway: f64, trace: &mut impl Trace) -> Result<(), Reason> {
    let result = match times.exp {
        None => Err(Reason::ExpMissing),
        Some(_) if times.are_over_at(now, leeway) => Err(Reason::TokenExpired),
        Some(_) => Ok(()),
    };
    trace.check(Check::Expiry, result.is_ok(), || Facts {
        seen: Some(format!("exp: {}", shown(times.exp))),
        wanted: format!(
            "after {}, which is now less {leeway} s of leeway",
            shown(Some(now.unix_f64() - leeway))
        ),
        fix: "fetch a fresh token; if it is fresh, compare the clocks of provider and gateway",
    });
    result
}

fn check_not_before(times: &Times, now: Instant, leeway: f64, trace: &mut impl Trace) -> Result<(), Reason> {
    let ok = !times.are_early_at(now, leeway);
    trace.check(Check::NotBefore, ok, || Facts {
        seen: Some(format!("nbf: {}, iat: {}", shown(times.nbf), shown(times.iat))),
        wanted: format!(
            "not after {}, which is now plus {leeway} s of leeway",
            shown(Some(now.unix_f64() + leeway))
        ),
        fix: "compare the clocks of provider and gateway",
    });
    if ok { Ok(()) } else { Err(Reason::NotYetValid) }
}

/// A timestamp as the token writes it, and as RFC 3339 does.
fn shown(at: Option<f64>) -> String {
    let Some(at) = at.filter(|at| at.is_finite()) else { return "absent".to_owned() };
    match Duration::try_from_secs_f64(at) {
        Ok(since_epoch) => format!("{at:.0} ({})", Instant::from_duration(since_epoch)),
        Err(_) => format!("{at}"),
    }
}
