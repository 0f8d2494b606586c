//! The check that a request shows what its token is bound to (`cnf`, RFC 7800 section 3.1). Proofs themselves are checked in `dpop`,
//! and `bound_tokens` has the policy.
//!
//! A request must show it anew each time, so nothing of this is remembered with a token.

use serde_json::{Map, Value};

use crate::authn::base64url;
use crate::authn::dpop::{Bound, NotAccepted};
use crate::authn::extract::has_dpop_scheme;
use crate::authz::{Check, Facts, Trace};
use crate::model::{Claims, Digest, Possession, Reason, Request, TokenBinding};

use super::bound_tokens::{BoundTokens, RequiredBindings, SenderConstraint};
use super::policy::OAuthPolicy;
use super::question::Question;
use super::terms::{Binding, Terms};

impl OAuthPolicy {
    /// Whether the request shows what its token, which is valid, is bound to.
    #[inline]
    pub(super) fn possession(
        &self,
        terms: &Terms,
        question: &Question<'_>,
        trace: &mut impl Trace,
    ) -> Result<Possession, NotAccepted> {
        match &self.bound_tokens {
            BoundTokens::Refuse | BoundTokens::Ignore => Ok(Possession::NOT_JUDGED),
            BoundTokens::Check(constraint) => {
                let by_dpop =
                    constraint.dpop.is_some() && has_dpop_scheme(question.request.headers, &self.header);
                constraint.judge(terms.binding.as_deref(), by_dpop, question, trace)
            }
        }
    }
}

impl SenderConstraint {
    /// `by_dpop` says whether the token came with the scheme `DPoP`.
    fn judge(
        &self,
        binding: Option<&Binding>,
        by_dpop: bool,
        question: &Question<'_>,
        trace: &mut impl Trace,
    ) -> Result<Possession, NotAccepted> {
        let key = binding.and_then(|binding| binding.key.as_ref());
        let certificate = binding.and_then(|binding| binding.certificate.as_ref());
        let RequiredBindings { dpop, mtls, any } = self.required;
        let is_enough = (!dpop || key.is_some())
            && (!mtls || certificate.is_some())
            && (!any || key.is_some() || certificate.is_some());
        let ok = is_enough && key.is_some() == by_dpop;
        trace.check(Check::Binding, ok, || Facts {
            seen: Some(format!(
                "cnf: {}; scheme: {}",
                binding.map_or("absent", |binding| &binding.names),
                if by_dpop { "DPoP" } else { "Bearer" }
            )),
            wanted: self.wanted(),
            fix: match is_enough {
                true => "send a token with `cnf.jkt` as `Authorization: DPoP TOKEN` with a proof, and any other as `Bearer TOKEN`",
                false => "have the identity provider bind the tokens of this client, as `sender_constraint` says",
            },
        });
        if !ok {
            return Err(Reason::BindingRequired.into());
        }
        let mut shown = Possession { is_judged: true, ..Possession::NOT_JUDGED };
        if let Some(certificate) = certificate {
            check_certificate(certificate, question.request, trace)?;
            shown.mtls = true;
        }
        if let Some((key, dpop)) = key.zip(self.dpop.as_deref()) {
            shown.nonce =
                dpop.check(&Bound { request: question.request, token: question.text, key }, trace)?;
            shown.dpop = true;
        }
        Ok(shown)
    }

    fn wanted(&self) -> String {
        let RequiredBindings { dpop, mtls, any } = self.required;
        let words = |all: [(bool, TokenBinding); 2], between: &str| {
            let names = all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, binding)| binding.as_str());
            names.collect::<Vec<_>>().join(between)
        };
        let both = |dpop, mtls| [(dpop, TokenBinding::Dpop), (mtls, TokenBinding::Mtls)];
        let needed = words(both(dpop, mtls), " and ");
        match (any, needed.is_empty()) {
            (true, _) => "a token that is bound by dpop or mtls, with the scheme of its binding".to_owned(),
            (false, false) => format!("a token that is bound by {needed}, with the scheme of its binding"),
            (false, true) => {
                let may = words(both(self.dpop.is_some(), self.accepts_certificates), " or ");
                format!("a token that is not bound, or bound by {may}, with the scheme of its binding")
            }
        }
    }
}

/// Whether the provider of a JWT, asked about it, binds it to nothing but what the JWT itself names. Only that is checked, so that the
/// token would else be good in the hands of a thief.
pub(super) fn check_answered_binding(
    answer: &Claims,
    token: &Claims,
    trace: &mut impl Trace,
) -> Result<(), Reason> {
    let Some(answered) = answer.member("cnf") else { return Ok(()) };
    let (all, own) = (answered.as_object(), token.member("cnf").and_then(Value::as_object));
    let is_in = |own: &Map<String, Value>, all: &Map<String, Value>| {
        all.iter().all(|(name, value)| own.get(name) == Some(value))
    };
    let ok = own.zip(all).is_some_and(|(own, all)| is_in(own, all));
    trace.check(Check::Binding, ok, || {
        let names = |cnf: &Map<String, Value>| cnf.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Facts {
            seen: Some(format!("cnf of the answer: {}", all.map(names).unwrap_or_default())),
            wanted: format!("nothing but the cnf of the token: {}", own.map_or_else(|| "absent".to_owned(), names)),
            fix: "have the identity provider put the same `cnf` into the token: what only its answer names is not checked",
        }
    });
    if ok { Ok(()) } else { Err(Reason::BindingRequired) }
}

fn check_certificate(
    wanted: &Digest,
    request: &Request<'_>,
    trace: &mut impl Trace,
) -> Result<(), NotAccepted> {
    let found = request.client_certificate.as_ref();
    let ok = found == Some(wanted);
    trace.check(Check::Certificate, ok, || Facts {
        seen: Some(match found {
            Some(found) => format!("a client certificate with {}", in_words(found)),
            None => "no client certificate".to_owned(),
        }),
        wanted: format!("the one that the token is bound to (cnf.x5t#S256), with {}", in_words(wanted)),
        fix: match found {
            Some(_) => {
                "connect with the certificate with which the token was requested, or request a token with the one that the client has now"
            }
            None => {
                "connect with the certificate with which the token was requested; behind a proxy that ends TLS, it must say which \
                 one that was"
            }
        },
    });
    match found {
        _ if ok => Ok(()),
        Some(_) => Err(Reason::CertificateMismatch.into()),
        None => Err(Reason::CertificateMissing.into()),
    }
}

/// A digest of a certificate as tools print it, and as tokens have it.
fn in_words(digest: &Digest) -> String {
    format!("the SHA-256 {}, in base64url {}", digest.to_hex(), base64url::encode(digest.as_bytes()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::authn::oauth::TokenEvidence;
    use crate::authn::oauth::jwt::Token;
    use crate::authz::{ClaimHeaders, Entry, Rules, Silent};
    use crate::model::Instant;

    /// What a token with these members of `cnf` is bound to.
    fn binding(cnf: &serde_json::Value) -> Option<Box<Binding>> {
        let payload = serde_json::json!({"cnf": cnf}).to_string();
        let text = format!(
            "{}.{}.AAAA",
            base64url::encode(b"{\"alg\":\"ES256\"}"),
            base64url::encode(payload.as_bytes())
        );
        Token::parse(&text).unwrap().terms.binding
    }

    fn constraint(mtls: bool, any: bool) -> SenderConstraint {
        let required = RequiredBindings { dpop: false, mtls, any };
        SenderConstraint { dpop: None, accepts_certificates: true, required }
    }

    fn judged(
        constraint: &SenderConstraint,
        binding: Option<&Binding>,
        shown: Option<Digest>,
    ) -> Result<Possession, Reason> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer t"));
        let now = Instant::from_unix(1_000);
        let request = Request { client_certificate: shown, ..Request::with_headers(&headers, now) };
        let entry = Entry {
            number: 0,
            requirements: None,
            rules: Rules::default(),
            claim_headers: ClaimHeaders::default(),
            operations: None,
            counted: Box::default(),
            assertion: None,
        };
        let evidence = TokenEvidence::default();
        let question = Question { text: "t", request: &request, evidence: &evidence, entry: &entry };
        constraint.judge(binding, false, &question, &mut Silent).map_err(|refused| refused.reason)
    }

    #[test]
    fn a_token_that_is_bound_to_a_certificate_wants_that_one() {
        let (mine, other) = (Digest::of(b"mine"), Digest::of(b"other"));
        let bound = binding(&serde_json::json!({"x5t#S256": base64url::encode(mine.as_bytes())}));
        let passes = Possession { is_judged: true, mtls: true, ..Possession::NOT_JUDGED };
        let bare = Possession { is_judged: true, ..Possession::NOT_JUDGED };
        let (optional, required, any) =
            (constraint(false, false), constraint(true, false), constraint(false, true));
        for (constraint, binding, shown, wanted) in [
            (&optional, bound.as_deref(), Some(mine), Ok(passes)),
            (&optional, bound.as_deref(), Some(other), Err(Reason::CertificateMismatch)),
            (&optional, bound.as_deref(), None, Err(Reason::CertificateMissing)),
            (&optional, None, Some(mine), Ok(bare)),
            (&required, bound.as_deref(), Some(mine), Ok(passes)),
            (&required, None, Some(mine), Err(Reason::BindingRequired)),
            (&any, bound.as_deref(), Some(mine), Ok(passes)),
            (&any, None, None, Err(Reason::BindingRequired)),
        ] {
            assert_eq!(judged(constraint, binding, shown), wanted, "{shown:?}");
        }
    }

    #[test]
    fn a_binding_that_nobody_knows_opens_nothing_but_where_all_are_ignored() {
        let (hash, json) = (base64url::encode(&[7; 32]), |text: &str| serde_json::from_str(text).unwrap());
        let check = || BoundTokens::Check(Box::new(constraint(false, false)));
        for (cnf, knows_certificates) in [
            (format!("{{\"x5t#S256\": \"{hash}\"}}"), true),
            (format!("{{\"jkt\": \"{hash}\"}}"), false),
            (format!("{{\"x5t#S256\": \"{hash}\", \"jkt\": \"{hash}\"}}"), false),
            (format!("{{\"x5t#S256\": \"{hash}\", \"kid\": \"a\"}}"), false),
            ("{\"x5t#S256\": \"\"}".to_owned(), false),
            ("{\"x5t#S256\": \"AAAA\"}".to_owned(), false),
            ("{\"jku\": \"https://a.example\"}".to_owned(), false),
            ("{}".to_owned(), false),
        ] {
            let binding = binding(&json(&cnf)).unwrap();
            assert_eq!(check().admits(&binding), knows_certificates, "{cnf}");
            assert!(BoundTokens::Ignore.admits(&binding) && !BoundTokens::Refuse.admits(&binding), "{cnf}");
        }
    }
}
