//! A statement of an identity provider in a signed token that is no access token: a security event, or a logout. It is parsed,
//! and its key and signature are checked, by what checks access tokens.
//!
//! What it says beside its audience is for `events`.

use http::HeaderMap;

use crate::authz::Silent;
use crate::idp::Provider;
use crate::model::{Claims, Fetched, Instant, Reason, Request};

use super::head::{check_algorithm, check_signing};
use super::jwt::{Malformed, Token};
use super::signature::{NotVerified, verify_signature};
use super::token_type::is_type;

/// What is expected of a statement.
#[derive(Debug)]
pub struct ExpectedStatement<'a> {
    /// Its `typ`, without `application/`.
    pub typ: &'static str,
    /// Whose it is: only these keys are tried.
    pub provider: &'a Provider,
    /// Of these audiences it must name one.
    pub audiences: &'a [String],
    /// Whether keys were fetched for it, and with what outcome.
    pub keys: Fetched<()>,
    /// The time.
    pub now: Instant,
}

/// A statement whose signature is the provider's, and that is for us.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it says.
    pub claims: Claims,
    /// `exp`, in seconds since the epoch.
    pub exp: Option<f64>,
    /// `nbf`, likewise.
    pub nbf: Option<f64>,
    /// `iat`, likewise.
    pub iat: Option<f64>,
}

/// Why a text is no such statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStated {
    /// It is no token, or one that needs an extension.
    Malformed(Malformed),
    /// Its `typ` is another.
    Type,
    /// Its `iss` is another.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It is signed with an algorithm that the provider must not use.
    Algorithm,
    /// The provider has no such key.
    KeyUnknown,
    /// The signature is not the provider's.
    Signature,
    /// The provider's keys cannot be had now.
    KeysUnavailable,
    /// Its `kid` is unknown: fetch the provider's keys, then ask again.
    KeysNeeded,
}

impl Statement {
    /// Verifies the text of a statement.
    ///
    /// # Errors
    /// Why it is none; the checks that need no key come first.
    pub fn verify(text: &str, expected: &ExpectedStatement<'_>) -> Result<Self, NotStated> {
        let token = Token::parse(text).map_err(NotStated::Malformed)?;
        if !token.typ.as_deref().is_some_and(|typ| is_type(typ, expected.typ)) {
            return Err(NotStated::Type);
        }
        let algorithm = check_signing(&token, &mut Silent).map_err(of_head)?;
        let spec = expected.provider.spec();
        if token.iss.as_deref() != Some(spec.issuer.as_str()) {
            return Err(NotStated::Issuer);
        }
        check_algorithm(algorithm, spec, &mut Silent).map_err(of_head)?;
        let is_expected = |aud: &str| expected.audiences.iter().any(|own| own == aud);
        if !token.terms.aud.iter().any(|aud| is_expected(aud)) {
            return Err(NotStated::Audience);
        }
        let headers = HeaderMap::new();
        let request = Request::with_headers(&headers, expected.now);
        let asked = (&request, &expected.keys);
        verify_signature(&token, algorithm, expected.provider, asked, &mut Silent).map_err(
            |not| match not {
                NotVerified::KeysNeeded => NotStated::KeysNeeded,
                NotVerified::For(Reason::KeysUnavailable) => NotStated::KeysUnavailable,
                NotVerified::For(Reason::SignatureInvalid) => NotStated::Signature,
                NotVerified::For(Reason::AlgNotAllowed) => NotStated::Algorithm,
                NotVerified::For(_) => NotStated::KeyUnknown,
            },
        )?;
        let times = token.terms.times;
        Ok(Self { claims: token.claims, exp: times.exp, nbf: times.nbf, iat: times.iat })
    }
}

fn of_head(reason: Reason) -> NotStated {
    if reason == Reason::AlgNotAllowed {
        return NotStated::Algorithm;
    }
    NotStated::Malformed(Malformed("it has `crit`, or `b64: false`"))
}
