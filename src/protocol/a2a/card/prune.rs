//! What says nothing in a card: empty texts, lists and objects, and members that are at their default. Readers differ on
//! whether it belongs to the canonical form, so a card that is signed has none of it.

use super::json::{Json, Members, member, member_mut, remove};
use super::shape::Shapes;

/// The members that 0.3 requires even where they are empty.
const REQUIRED: [&str; 5] =
    ["capabilities", "skills", "defaultInputModes", "defaultOutputModes", "securitySchemes"];
/// The requirements: one without scopes is an empty list, and asks for a credential all the same.
const REQUIREMENTS: [&str; 2] = ["securityRequirements", "security"];

/// Removes what says nothing from a card, but what a reader needs.
pub(super) fn prune(card: &mut Members, shapes: Shapes) {
    if let Some(list) = extensions(card) {
        for extension in list.iter_mut().filter_map(Json::as_object_mut) {
            extension.retain(|(name, value)| !(name == "required" && *value == Json::Bool(false)));
        }
    }
    if member(card, "supportsAuthenticatedExtendedCard") == Some(&Json::Bool(false)) {
        remove(card, "supportsAuthenticatedExtendedCard");
    }
    let is_kept = |name: &str| REQUIREMENTS.contains(&name) || (shapes.old && REQUIRED.contains(&name));
    *card = std::mem::take(card)
        .into_iter()
        .filter_map(|(name, value)| {
            let value = if is_kept(&name) { Some(value) } else { pruned(value) };
            Some((name, value?))
        })
        .collect();
    // Scopes that are not there are an absent list in 1.0, and an empty one in 0.3.
    if let Some(Json::List(requirements)) = member_mut(card, "securityRequirements") {
        for requirement in requirements.iter_mut().filter_map(Json::as_object_mut) {
            let Some(Json::Object(schemes)) = member_mut(requirement, "schemes") else { continue };
            for scopes in schemes.iter_mut().filter_map(|(_, scopes)| scopes.as_object_mut()) {
                scopes.retain(|(_, list)| *list != Json::List(Vec::new()));
            }
        }
    }
}

fn extensions(card: &mut Members) -> Option<&mut Vec<Json>> {
    match member_mut(card, "capabilities").and_then(Json::as_object_mut) {
        Some(capabilities) => match member_mut(capabilities, "extensions") {
            Some(Json::List(list)) => Some(list),
            _ => None,
        },
        None => None,
    }
}

/// A value without what is empty in it, at any depth; `None` when nothing is left.
pub(super) fn pruned(value: Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Text(text) if text.is_empty() => None,
        Json::List(items) => {
            let items: Vec<Json> = items.into_iter().filter_map(pruned).collect();
            (!items.is_empty()).then_some(Json::List(items))
        }
        Json::Object(members) => {
            let members = members_pruned(members);
            (!members.is_empty()).then_some(Json::Object(members))
        }
        Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Anchored(_) => Some(value),
    }
}

/// The members that are left.
pub(super) fn members_pruned(members: Members) -> Members {
    members.into_iter().filter_map(|(name, value)| Some((name, pruned(value)?))).collect()
}
