//! The signatures of a card (A2A 1.0 section 8.4): JWS over the canonical form of the card without them, and without what is
//! empty or at its default.
//!
//! Clients verify what they have read. Those that keep every member verify the card as it is served; the SDKs verify
//! what 1.0 knows of it. Where these differ, the card has a signature for either: one that verifies is enough.

use super::canonical::canonical;
use super::error::CardError;
use super::json::{Json, Members, set};
use super::policy::CardPolicy;
use super::prune::prune;
use super::reading::as_read;
use super::shape::Shapes;

/// A signature with its protected header, both in base64url (RFC 7515 section 7.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSeal {
    /// The protected header.
    pub protected: String,
    /// The signature.
    pub signature: String,
}

/// Signs a payload; `None` while there is no key.
pub type Sign<'s> = dyn Fn(&[u8]) -> Option<CardSeal> + 's;

/// Signs a card that was rewritten.
pub(super) fn seal(
    card: &mut Members,
    shapes: Shapes,
    policy: &CardPolicy,
    sign: &Sign<'_>,
) -> Result<(), CardError> {
    let base = policy.base.as_deref().ok_or(CardError::NoKey)?;
    written_out(card, base);
    prune(card, shapes);
    let mut payloads = vec![canonical(card), canonical(&as_read(card, &policy.access))];
    payloads.dedup();
    let sealed = |payload: &String| {
        let seal = sign(payload.as_bytes()).ok_or(CardError::NoKey)?;
        Ok(Json::object([
            ("protected", Json::Text(seal.protected)),
            ("signature", Json::Text(seal.signature)),
        ]))
    };
    let signatures = payloads.iter().map(sealed).collect::<Result<_, _>>()?;
    set(card, "signatures", Json::List(signatures));
    Ok(())
}

/// Writes the public base where it stands: a signature is over whole URLs.
fn written_out(members: &mut Members, base: &str) {
    for (_, value) in members {
        write_out(value, base);
    }
}

fn write_out(value: &mut Json, base: &str) {
    match value {
        Json::Anchored(rest) => *value = Json::Text(format!("{base}{rest}")),
        Json::List(items) => items.iter_mut().for_each(|item| write_out(item, base)),
        Json::Object(members) => written_out(members, base),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}
