//! The checks on a proof in their order (RFC 9449 section 4.3): what its text says first, then its signature, then whether it is
//! fresh. Only a proof that passed everything else is remembered.

use crate::authn::base64url;
use crate::authz::{Check, Facts, Trace};
use crate::model::{DPOP, Digest, NextNonce, Reason, Request};

use super::flaw::Flaw;
use super::fresh::{At, NotAccepted};
use super::policy::Dpop;
use super::proof::Proof;
use super::target::normal;

/// A request with a token that is bound to a key.
#[derive(Debug, Clone, Copy)]
pub(in crate::authn) struct Bound<'a> {
    /// The request.
    pub(in crate::authn) request: &'a Request<'a>,
    /// The text of the token.
    pub(in crate::authn) token: &'a str,
    /// The thumbprint of the key (RFC 9449 section 6.1).
    pub(in crate::authn) key: &'a Digest,
}

impl Dpop {
    /// Accepts the proof of a request, once. Returns the nonce for the response.
    pub(in crate::authn) fn check(
        &self,
        bound: &Bound<'_>,
        trace: &mut impl Trace,
    ) -> Result<NextNonce, NotAccepted> {
        let Bound { request, token, key } = *bound;
        let Some(field) = request.headers.get(&DPOP) else {
            trace.check(Check::Proof, false, || Facts {
                seen: Some("no DPoP field".to_owned()),
                wanted: "one proof in the field DPoP".to_owned(),
                fix: "send a proof of possession with each request (RFC 9449)",
            });
            return Err(Reason::ProofMissing.into());
        };
        let parsed = field.to_str().map_err(|_| Flaw("it is not ASCII")).and_then(Proof::parse);
        let parsed = parsed.and_then(|proof| match self.algorithms.contains(proof.algorithm) {
            true => Ok(proof),
            false => Err(Flaw("`alg` is none of the agent's")),
        });
        trace.check(Check::Proof, parsed.is_ok(), || Facts {
            seen: Some(parsed.as_ref().map_or_else(|flaw| flaw.0.to_owned(), |_| "a proof".to_owned())),
            wanted: format!(
                "a JWT with typ dpop+jwt, alg one of {}, a public jwk, and jti, htm, htu, iat and ath",
                self.algorithms
            ),
            fix: "make the proof as RFC 9449 section 4.2 says, with `ath`, the hash of the access token",
        });
        let proof = parsed.map_err(|_| Reason::ProofMalformed)?;
        check_method(&proof, request, trace)?;
        self.check_url(&proof, request, trace)?;
        check_token(&proof, token, trace)?;
        check_key(&proof, key, trace)?;
        let proof = check_signature(proof, trace)?;
        self.accept(&proof, key, At { now: request.now, purpose: request.purpose }, trace)
    }

    fn check_url(
        &self,
        proof: &Proof<'_>,
        request: &Request<'_>,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        let wanted = self.address.url(request.sent_to(), request.path.as_str()).and_then(|url| normal(&url));
        let found = normal(&proof.url);
        let ok = found.is_some() && found == wanted;
        trace.check(Check::ProofUrl, ok, || Facts {
            // A query is no part of it, and may hold a secret.
            seen: Some(match &found {
                Some(url) => format!("htu: {url}"),
                None => "htu: not the URL of a request".to_owned(),
            }),
            wanted: wanted.clone().unwrap_or_else(|| "the URL of the request, whose host is not known".to_owned()),
            fix: match wanted {
                Some(_) => {
                    "make the proof for the URL as the client knows it; where that is another one, set `server.public_url` or \
                     the agent's `public_url`, or list the proxy in front in `trusted_proxies`"
                }
                None => "name the host: `-H 'Host: HOST'`, or set `server.public_url`",
            },
        });
        if ok { Ok(()) } else { Err(Reason::ProofMismatch) }
    }
}

fn check_method(proof: &Proof<'_>, request: &Request<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
    let ok = proof.method == request.method.as_str();
    trace.check(Check::ProofMethod, ok, || Facts {
        seen: Some(format!("htm: {}", proof.method)),
        wanted: request.method.to_string(),
        fix: "make the proof for the method of the request, in upper case; a WebSocket is opened with GET",
    });
    if ok { Ok(()) } else { Err(Reason::ProofMismatch) }
}

fn check_token(proof: &Proof<'_>, token: &str, trace: &mut impl Trace) -> Result<(), Reason> {
    let wanted = Digest::of(token.as_bytes());
    let found = base64url::decode_digest(&proof.token_hash).map(Digest::from_bytes);
    let ok = found == Some(wanted);
    trace.check(Check::ProofToken, ok, || Facts {
        seen: Some(format!("ath: {}", if ok { "the hash of the token" } else { "another hash" })),
        wanted: "the SHA-256 of the access token in base64url without padding".to_owned(),
        fix: "make a new proof when the token was renewed, over the text of the token alone",
    });
    if ok { Ok(()) } else { Err(Reason::ProofMismatch) }
}

fn check_key(proof: &Proof<'_>, key: &Digest, trace: &mut impl Trace) -> Result<(), Reason> {
    let found = proof.jwk.thumbprint();
    let ok = found == key;
    trace.check(Check::ProofKey, ok, || Facts {
        seen: Some(format!("thumbprint: {}", base64url::encode(found.as_bytes()))),
        wanted: format!("cnf.jkt: {}", base64url::encode(key.as_bytes())),
        fix: "sign the proof with the key with which the token was requested",
    });
    if ok { Ok(()) } else { Err(Reason::ProofMismatch) }
}

/// The proof, when its own key verifies it.
fn check_signature<'a>(proof: Proof<'a>, trace: &mut impl Trace) -> Result<Proof<'a>, Reason> {
    let algorithm = proof.algorithm;
    let key = proof.jwk.key(algorithm);
    let ok = key.as_ref().is_ok_and(|key| key.verify(algorithm, proof.signed, &proof.signature));
    trace.check(Check::ProofSignature, ok, || Facts {
        seen: Some(match &key {
            Ok(_) => format!("{} bytes of {algorithm}", proof.signature.len()),
            Err(why) => format!("a key that cannot be used: {why}"),
        }),
        wanted: format!(
            "a signature with {algorithm} by the key in the proof, of RSA one of 2048 bits or more"
        ),
        fix: "sign the whole text of head and payload; an ECDSA signature has no DER in it",
    });
    if ok { Ok(proof) } else { Err(Reason::ProofMalformed) }
}
