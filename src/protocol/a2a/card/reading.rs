//! A card as clients of 1.0 read it: its members that 1.0 knows, and those of 0.3 in the place where 1.0 has them. The SDKs
//! verify a signature over what they have read, not over what came.

use super::json::{Json, Members, member, member_mut, remove, set};
use super::policy::Access;
use super::prune::members_pruned;
use super::security;
use super::shape::Shapes;

/// What 1.0 knows of a value.
enum Known {
    /// All of it: a text, or what is for others to say.
    Whole,
    /// A truth value that is absent where it is false.
    Flag,
    /// These members.
    Object(&'static [(&'static str, Self)]),
    /// A list of such values.
    List(&'static Self),
    /// An object with such values under names of the agent.
    Map(&'static Self),
}

/// The message `AgentCard` of the specification, but its signatures.
const CARD: [(&str, Known); 13] = [
    ("name", Known::Whole),
    ("description", Known::Whole),
    ("supportedInterfaces", Known::List(&Known::Object(&INTERFACE))),
    ("provider", Known::Object(&PROVIDER)),
    ("version", Known::Whole),
    ("documentationUrl", Known::Whole),
    ("capabilities", Known::Object(&CAPABILITIES)),
    ("securitySchemes", Known::Map(&Known::Object(&SCHEME))),
    ("securityRequirements", Known::Whole),
    ("defaultInputModes", Known::Whole),
    ("defaultOutputModes", Known::Whole),
    ("skills", Known::List(&Known::Object(&SKILL))),
    ("iconUrl", Known::Whole),
];
const INTERFACE: [(&str, Known); 4] = [
    ("url", Known::Whole),
    ("protocolBinding", Known::Whole),
    ("tenant", Known::Whole),
    ("protocolVersion", Known::Whole),
];
const PROVIDER: [(&str, Known); 2] = [("url", Known::Whole), ("organization", Known::Whole)];
const CAPABILITIES: [(&str, Known); 4] = [
    ("streaming", Known::Whole),
    ("pushNotifications", Known::Whole),
    ("extensions", Known::List(&Known::Object(&EXTENSION))),
    ("extendedAgentCard", Known::Whole),
];
const EXTENSION: [(&str, Known); 4] = [
    ("uri", Known::Whole),
    ("description", Known::Whole),
    ("required", Known::Flag),
    ("params", Known::Whole),
];
/// The schemes are the gateway's own, of these kinds.
const SCHEME: [(&str, Known); 5] = [
    ("apiKeySecurityScheme", Known::Whole),
    ("httpAuthSecurityScheme", Known::Whole),
    ("mtlsSecurityScheme", Known::Whole),
    ("oauth2SecurityScheme", Known::Whole),
    ("openIdConnectSecurityScheme", Known::Whole),
];
const SKILL: [(&str, Known); 7] = [
    ("id", Known::Whole),
    ("name", Known::Whole),
    ("description", Known::Whole),
    ("tags", Known::Whole),
    ("examples", Known::Whole),
    ("inputModes", Known::Whole),
    ("outputModes", Known::Whole),
];

/// A card of the gateway, whose callers authenticate so, as clients of 1.0 read it.
pub(super) fn as_read(card: &Members, access: &Access) -> Members {
    let mut card = card.clone();
    take_over(&mut card);
    security::replace(&mut card, Shapes { new: true, old: false }, access);
    members_pruned(known(card, &CARD))
}

/// Puts what 0.3 says of interfaces and of the extended card where 1.0 has it.
fn take_over(card: &mut Members) {
    /// The version of a card that names none: the last one in which a card could leave it out.
    const VERSION: &str = "0.3.0";
    let text = |name: &str, default: &str| member(card, name).cloned().unwrap_or_else(|| Json::text(default));
    let (version, first) = (text("protocolVersion", VERSION), text("preferredTransport", "JSONRPC"));
    let interface = |url: Option<&Json>, binding: Option<&Json>| {
        let or_empty = |value: Option<&Json>| value.cloned().unwrap_or(Json::Null);
        Json::object([
            ("url", or_empty(url)),
            ("protocolBinding", or_empty(binding)),
            ("protocolVersion", version.clone()),
        ])
    };
    if member(card, "supportedInterfaces").is_none() && member(card, "url").is_some() {
        let mut all = vec![interface(member(card, "url"), Some(&first))];
        if let Some(Json::List(additional)) = member(card, "additionalInterfaces") {
            let of = |members: &Members| interface(member(members, "url"), member(members, "transport"));
            all.extend(additional.iter().filter_map(Json::as_object).map(of));
        }
        set(card, "supportedInterfaces", Json::List(all));
    }
    if member(card, "supportsAuthenticatedExtendedCard") == Some(&Json::Bool(true)) {
        if member(card, "capabilities").is_none() {
            set(card, "capabilities", Json::Object(Vec::new()));
        }
        if let Some(capabilities) = member_mut(card, "capabilities").and_then(Json::as_object_mut)
            && member(capabilities, "extendedAgentCard").is_none()
        {
            set(capabilities, "extendedAgentCard", Json::Bool(true));
        }
    }
    remove(card, "signatures");
}

/// The members that are known.
fn known(members: Members, all: &[(&str, Known)]) -> Members {
    let known = |name: &str| all.iter().find(|(other, _)| *other == name).map(|(_, known)| known);
    let of = |(name, value): (String, Json)| {
        let value = value_known(value, known(&name)?)?;
        Some((name, value))
    };
    members.into_iter().filter_map(of).collect()
}

fn value_known(value: Json, known: &Known) -> Option<Json> {
    match (known, value) {
        (Known::Flag, Json::Bool(false)) => None,
        (Known::Object(all), Json::Object(members)) => Some(Json::Object(self::known(members, all))),
        (Known::List(one), Json::List(items)) => {
            Some(Json::List(items.into_iter().filter_map(|item| value_known(item, one)).collect()))
        }
        (Known::Map(one), Json::Object(members)) => {
            let members =
                members.into_iter().filter_map(|(name, value)| Some((name, value_known(value, one)?)));
            Some(Json::Object(members.collect()))
        }
        // What is not of its type has no reading; the SDKs refuse such a card.
        (Known::Whole | Known::Flag | Known::Object(_) | Known::List(_) | Known::Map(_), value) => {
            Some(value)
        }
    }
}
