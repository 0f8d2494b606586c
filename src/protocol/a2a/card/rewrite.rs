//! Rewrites a card, so that it says where the agent is reached and how callers authenticate there.

use super::document::{is_signed, read};
use super::error::CardError;
use super::json::{Json, Members, member, member_mut, remove, set};
use super::leftovers::{self, CardWarning};
use super::policy::{Access, CardPolicy, Signatures};
use super::seal::{Sign, seal};
use super::shape::Shapes;
use super::text::CardText;
use super::{interfaces, security};
use crate::model::CardSignature;

/// A card of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// Its text.
    pub text: CardText,
    /// What became of its signatures.
    pub signature: CardSignature,
    /// What an operator should look at.
    pub warnings: Vec<CardWarning>,
}

/// Rewrites the card of an upstream, and signs it where the policy says so. What it does not know stays as it is, in its
/// order.
///
/// # Errors
/// When the card cannot be read, must not be served, or cannot be signed.
pub fn rewrite(card: &[u8], policy: &CardPolicy, sign: &Sign<'_>) -> Result<Rewritten, CardError> {
    let mut card = read(card)?;
    let mut warnings = Vec::new();
    let shapes = Shapes::of(&card);
    let signature = match (is_signed(&card), policy.signatures) {
        (is_signed, Signatures::Resign) => {
            warnings.extend(is_signed.then_some(CardWarning::Resigned));
            CardSignature::Resigned
        }
        (false, Signatures::Strip | Signatures::Refuse) => CardSignature::None,
        (true, Signatures::Refuse) => return Err(CardError::Signed),
        (true, Signatures::Strip) => {
            warnings.push(CardWarning::Signature);
            CardSignature::Stripped
        }
    };
    remove(&mut card, "signatures");
    interfaces::rewrite(&mut card, policy, &mut warnings)?;
    security::replace(&mut card, shapes, &policy.access);
    if policy.access == Access::Public {
        deny_extended(&mut card, shapes)?;
    }
    warnings.extend(leftovers::find(&card, &policy.upstream_authority));
    if policy.signatures == Signatures::Resign {
        seal(&mut card, shapes, policy, sign)?;
    }
    Ok(Rewritten { text: CardText::of(&Json::Object(card)), signature, warnings })
}

/// The extended card needs a credential, and a public agent takes none.
fn deny_extended(card: &mut Members, shapes: Shapes) -> Result<(), CardError> {
    const NEW: &str = "extendedAgentCard";
    if shapes.new && member_mut(card, "capabilities").is_none() {
        set(card, "capabilities", Json::Object(Vec::new()));
    }
    match member_mut(card, "capabilities") {
        Some(Json::Object(capabilities)) if shapes.new || member(capabilities, NEW).is_some() => {
            set(capabilities, NEW, Json::Bool(false));
        }
        None | Some(Json::Object(_)) => {}
        Some(_) => return Err(CardError::WrongType("capabilities")),
    }
    if shapes.old {
        set(card, "supportsAuthenticatedExtendedCard", Json::Bool(false));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
