//! The checks on a token's signature: the provider has a key for it, and that key verifies the signature.
//!
//! `verify` has the checks that come before.

use std::sync::Arc;

use crate::authz::{Check, Facts, Trace};
use crate::idp::{Missing, Provider, VerificationKey};
use crate::model::{Algorithm, Fetched, Reason, Request};

use super::jwt::Token;

/// The key that verified a token.
pub(super) struct Verified {
    pub(super) key: Arc<VerificationKey>,
    /// The id for the log: the token's `kid`, else the key's own.
    pub(super) key_id: Option<String>,
}

/// A token that was not verified.
pub(super) enum NotVerified {
    /// It is refused.
    For(Reason),
    /// Its `kid` is unknown: the provider's keys must be fetched first.
    KeysNeeded,
}

/// Finds the key that the provider has for a token, and verifies the signature with it. The request comes with whether keys
/// were fetched for it.
pub(super) fn verify_signature(
    token: &Token<'_>,
    algorithm: Algorithm,
    provider: &Provider,
    (request, fetched): (&Request<'_>, &Fetched<()>),
    trace: &mut impl Trace,
) -> Result<Verified, NotVerified> {
    let kid = token.kid.as_deref();
    let name = token.key_name();
    let found = provider.find(name, algorithm, request.now);
    if matches!(found, Err(Missing::UnknownKid { .. })) && name.is_given() && !fetched.was_asked() {
        return Err(NotVerified::KeysNeeded);
    }
    trace.check(Check::Key, found.is_ok(), || Facts {
        seen: Some(match (name.kid, name.sha256, name.sha1) {
            (Some(kid), _, _) => format!("kid: {kid}"),
            (None, None, None) => "kid: absent".to_owned(),
            (None, sha256, sha1) => {
                let shown = [("x5t#S256", sha256), ("x5t", sha1)];
                let shown = shown.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
                shown.collect::<Vec<_>>().join(", ")
            }
        }),
        wanted: key_wanted(provider, &found),
        fix: key_fix(found.as_ref().err()),
    });
    let keys = found.map_err(|missing| {
        NotVerified::For(match missing {
            Missing::Unavailable => Reason::KeysUnavailable,
            Missing::UnknownKid { last_refresh_failed: true } => Reason::KeysUnavailable,
            Missing::UnknownKid { last_refresh_failed: false } => Reason::KeyUnknown,
            Missing::WrongAlgorithm => Reason::AlgNotAllowed,
        })
    })?;
    let good = keys.iter().find(|key| key.verify(algorithm, token.signed, &token.signature));
    trace.check(Check::Signature, good.is_some(), || Facts {
        seen: Some(format!("{} bytes of {algorithm}", token.signature.len())),
        wanted: format!("a signature by a key of provider {}", provider.spec().name),
        fix: "the token was changed on its way, or another party signed it: fetch it again from the provider",
    });
    match good {
        Some(key) => {
            request.note_use(key.last_used());
            let key_id = kid.map(str::to_owned).or_else(|| key.kid().map(ToString::to_string));
            Ok(Verified { key: Arc::clone(key), key_id })
        }
        None => Err(NotVerified::For(Reason::SignatureInvalid)),
    }
}

fn key_wanted<T>(provider: &Provider, found: &Result<T, Missing>) -> String {
    let name = &provider.spec().name;
    match found {
        Err(Missing::Unavailable) => format!("keys of provider {name}, which has none that are fresh"),
        Err(Missing::WrongAlgorithm) => format!("a key of provider {name} that is for this algorithm"),
        _ => format!("a key of provider {name}"),
    }
}

const fn key_fix(missing: Option<&Missing>) -> &'static str {
    match missing {
        None | Some(Missing::UnknownKid { last_refresh_failed: false }) => {
            "the provider does not publish this key (any more): fetch a fresh token, or check that `iss` is the right provider"
        }
        Some(Missing::WrongAlgorithm) => {
            "the key is for another algorithm than the token says: check the provider's signing settings"
        }
        Some(Missing::Unavailable | Missing::UnknownKid { last_refresh_failed: true }) => {
            "the provider's keys cannot be fetched: see the provider's last error in `/readyz?verbose` and in the log"
        }
    }
}
