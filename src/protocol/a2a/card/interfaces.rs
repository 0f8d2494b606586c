//! Where an agent is called: the interfaces of a card, those that the gateway carries, under its public base.

use super::anchor::anchored;
use super::error::CardError;
use super::json::{Json, Members, member, member_mut, remove, set};
use super::leftovers::CardWarning;
use super::policy::CardPolicy;

/// The binding that the gateway does not carry: gRPC takes HTTP/2 to the agent.
const GRPC: &str = "GRPC";

/// Rewrites the interfaces of both generations.
pub(super) fn rewrite(
    card: &mut Members,
    policy: &CardPolicy,
    warnings: &mut Vec<CardWarning>,
) -> Result<(), CardError> {
    let new = rewrite_new(card, policy, warnings)?;
    let old = rewrite_old(card, policy, warnings)?;
    if new || old { Ok(()) } else { Err(CardError::NoInterface) }
}

/// Those of 1.0; whether there are any.
fn rewrite_new(
    card: &mut Members,
    policy: &CardPolicy,
    warnings: &mut Vec<CardWarning>,
) -> Result<bool, CardError> {
    const NAME: &str = "supportedInterfaces";
    let Some(interfaces) = member_mut(card, NAME) else { return Ok(false) };
    if carried(interfaces, (NAME, "protocolBinding"), policy, warnings)? {
        Ok(true)
    } else {
        Err(CardError::NoInterface)
    }
}

/// Those of 0.3; whether there are any. When the gateway does not carry the first, the next one takes its place.
fn rewrite_old(
    card: &mut Members,
    policy: &CardPolicy,
    warnings: &mut Vec<CardWarning>,
) -> Result<bool, CardError> {
    const ADDITIONAL: &str = "additionalInterfaces";
    if ["url", "preferredTransport", ADDITIONAL].iter().all(|name| member(card, name).is_none()) {
        return Ok(false);
    }
    if let Some(additional) = member_mut(card, ADDITIONAL)
        && !carried(additional, (ADDITIONAL, "transport"), policy, warnings)?
    {
        remove(card, ADDITIONAL);
    }
    let transport = member(card, "preferredTransport").and_then(Json::as_text);
    let first = member(card, "url").and_then(Json::as_text).filter(|_| !transport.is_some_and(is_grpc));
    if let Some(rest) = first.and_then(|url| anchored(url, policy)) {
        set(card, "url", Json::Anchored(rest));
        return Ok(true);
    }
    warnings.push(CardWarning::Interface("$.url".to_owned()));
    let Some(Json::List(additional)) = member(card, ADDITIONAL) else { return Err(CardError::NoInterface) };
    let Some(Json::Object(next)) = additional.first() else { return Err(CardError::NoInterface) };
    let (url, transport) = (member(next, "url").cloned(), member(next, "transport").cloned());
    set(card, "url", url.ok_or(CardError::NoInterface)?);
    set(card, "preferredTransport", transport.unwrap_or_else(|| Json::text("JSONRPC")));
    Ok(true)
}

/// Rewrites those of a list that the gateway carries, and removes the others; whether any is left.
fn carried(
    interfaces: &mut Json,
    (list, binding): (&'static str, &'static str),
    policy: &CardPolicy,
    warnings: &mut Vec<CardWarning>,
) -> Result<bool, CardError> {
    let Json::List(items) = interfaces else { return Err(CardError::WrongType(list)) };
    let mut index = 0;
    items.retain_mut(|item| {
        let anchored = carry(item, binding, policy);
        if anchored.is_none() {
            warnings.push(CardWarning::Interface(format!("$.{list}[{index}]")));
        }
        index += 1;
        anchored.is_some()
    });
    Ok(!items.is_empty())
}

/// Rewrites one interface; `None` when the gateway does not carry it.
fn carry(interface: &mut Json, binding: &str, policy: &CardPolicy) -> Option<()> {
    let members = interface.as_object_mut()?;
    let is_carried = !member(members, binding).and_then(Json::as_text).is_some_and(is_grpc);
    let url = member(members, "url").and_then(Json::as_text).filter(|_| is_carried)?;
    let rest = anchored(url, policy)?;
    set(members, "url", Json::Anchored(rest));
    Some(())
}

fn is_grpc(binding: &str) -> bool {
    binding.trim().eq_ignore_ascii_case(GRPC)
}

/// The URL and the binding of each interface, with its place.
pub(super) fn all(card: &Members) -> Vec<(String, Option<&str>, bool)> {
    let of = |members: &'_ Members, binding: &str| {
        member(members, binding).and_then(Json::as_text).is_some_and(is_grpc)
    };
    let mut all = Vec::new();
    if let Some(url) = member(card, "url") {
        all.push(("$.url".to_owned(), url.as_text(), of(card, "preferredTransport")));
    }
    for (list, binding) in [("supportedInterfaces", "protocolBinding"), ("additionalInterfaces", "transport")]
    {
        let Some(Json::List(items)) = member(card, list) else { continue };
        for (index, item) in items.iter().enumerate() {
            let Json::Object(members) = item else { continue };
            let url = member(members, "url").and_then(Json::as_text);
            all.push((format!("$.{list}[{index}].url"), url, of(members, binding)));
        }
    }
    all
}
