//! The checks on a token's own statements, before anything verifies them: its form, its algorithm, its issuer.

use std::sync::Arc;

use crate::authz::{Check, Facts, Trace};
use crate::idp::{Provider, ProviderSpec};
use crate::model::{Algorithm, Reason};

use super::jwt::Token;
use super::policy::OAuthPolicy;
use super::token_type::{is_accepted_type, is_svid_type};

/// Parses the text of a token.
pub(super) fn read<'t>(text: &'t str, trace: &mut impl Trace) -> Result<Token<'t>, Reason> {
    let parsed = Token::parse(text);
    trace.check(Check::Format, parsed.is_ok(), || Facts {
        seen: Some(parsed.as_ref().map_or_else(ToString::to_string, |_| "a signed JWT".to_owned())),
        wanted: "a compact JWS of three parts with one JSON object in each of the first two".to_owned(),
        fix: "send the access token itself, unchanged; an opaque or encrypted token cannot be checked here",
    });
    parsed.map_err(|_| Reason::TokenMalformed)
}

/// The checks of an access token that need the header alone.
/// `svids` says whether the agent takes JWT-SVIDs.
pub(super) fn check_head(
    token: &Token<'_>,
    svids: bool,
    trace: &mut impl Trace,
) -> Result<Algorithm, Reason> {
    let algorithm = check_signing(token, trace)?;
    let is_good = |typ: &str| is_accepted_type(typ) || (svids && is_svid_type(typ));
    let typ_ok = token.typ.as_deref().is_none_or(is_good);
    trace.check(Check::Type, typ_ok, || Facts {
        seen: Some(format!("typ: {}", token.typ.as_deref().unwrap_or("absent"))),
        wanted: if svids { "absent, JWT, JOSE or at+jwt" } else { "absent, JWT or at+jwt" }.to_owned(),
        fix: "send the access token, not another kind of token (logout, DPoP proof, ...)",
    });
    if typ_ok { Ok(algorithm) } else { Err(Reason::TypMismatch) }
}

/// The checks of how a token of any type says that it is signed.
pub(super) fn check_signing(token: &Token<'_>, trace: &mut impl Trace) -> Result<Algorithm, Reason> {
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
    if token.critical { Err(Reason::TokenMalformed) } else { Ok(algorithm) }
}

/// Whether the provider allows this algorithm.
pub(super) fn check_algorithm(
    algorithm: Algorithm,
    spec: &ProviderSpec,
    trace: &mut impl Trace,
) -> Result<(), Reason> {
    let allowed = spec.algorithms.contains(algorithm);
    trace.check(Check::Algorithm, allowed, || Facts {
        seen: Some(format!("alg: {algorithm}")),
        wanted: format!("one of {} (provider {})", spec.algorithms, spec.name),
        fix: "add the algorithm to the provider's `algorithms`, or have the provider sign with another",
    });
    if allowed { Ok(()) } else { Err(Reason::AlgNotAllowed) }
}

impl OAuthPolicy {
    /// Whether a provider that this agent accepts issues JWT-SVIDs.
    pub(super) fn takes_svids(&self) -> bool {
        self.providers.iter().any(|provider| provider.spec().issues_svids())
    }

    /// The provider that `iss` names, or else the trust domain that `sub` is in, with its index, when the agent accepts it. The
    /// type that JWT-SVIDs alone may have is none for the tokens of others.
    pub(super) fn provider(
        &self,
        token: &Token<'_>,
        trace: &mut impl Trace,
    ) -> Result<(usize, &Arc<Provider>), Reason> {
        let issuer = token.iss.as_deref();
        let found = issuer
            .and_then(|iss| self.find(|spec| !spec.issues_svids() && spec.issuer.as_str() == iss))
            .filter(|_| token.typ.as_deref().is_none_or(is_accepted_type))
            .or_else(|| {
                let subject = token.claims.text("sub")?;
                self.find(|spec| spec.is_domain_of(subject))
            });
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

    fn find(&self, is_it: impl Fn(&ProviderSpec) -> bool) -> Option<(usize, &Arc<Provider>)> {
        self.providers.iter().enumerate().find(|(_, provider)| is_it(provider.spec()))
    }
}
