//! Which generations' members a card has: servers that speak both write both into one card.

use super::error::CardError;
use super::json::{Json, Members, member};

/// The members of 1.0 that say where an agent is and who may call it.
const NEW: [&str; 2] = ["supportedInterfaces", "securityRequirements"];
/// Those of 0.3.
const OLD: [&str; 5] =
    ["url", "preferredTransport", "additionalInterfaces", "security", "supportsAuthenticatedExtendedCard"];
/// Those of both.
const BOTH: [&str; 4] = ["securitySchemes", "capabilities", "skills", "signatures"];

/// The generations whose members a card has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shapes {
    /// 1.0.
    pub(super) new: bool,
    /// 0.3.
    pub(super) old: bool,
}

impl Shapes {
    pub(super) fn of(card: &Members) -> Self {
        let any = |names: &[&str]| names.iter().any(|name| member(card, name).is_some());
        Self { new: any(&NEW), old: any(&OLD) }
    }
}

/// Looks for members that would be rewritten and are spelled in another way: readers of `ProtoJSON` take
/// `supported_interfaces` for `supportedInterfaces`, and would see what was not rewritten.
pub(super) fn check_spelling(card: &Members) -> Result<(), CardError> {
    let known = [&NEW[..], &OLD, &BOTH].concat();
    spelled(card, &known)?;
    for (name, known) in [
        ("capabilities", &["extendedAgentCard"][..]),
        ("skills", &["security", "securityRequirements"]),
        ("supportedInterfaces", &["url", "protocolBinding"]),
        ("additionalInterfaces", &["url", "transport"]),
    ] {
        match member(card, name) {
            Some(Json::Object(members)) => spelled(members, known)?,
            Some(Json::List(items)) => {
                for item in items {
                    if let Json::Object(members) = item {
                        spelled(members, known)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn spelled(members: &Members, known: &[&str]) -> Result<(), CardError> {
    let plain =
        |name: &str| -> String { name.chars().filter(|c| *c != '_').collect::<String>().to_lowercase() };
    for (name, _) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        if known.iter().any(|known| plain(known) == plain(name)) {
            return Err(CardError::Spelling(name.clone()));
        }
    }
    Ok(())
}
