//! From what somebody asks for to what a store is to hold: preconditions, texts, and the changes between. Nothing
//! is written here, and whether the result is valid is for `config` to say.

use serde_json::Value;

use crate::config::{self, Snapshot, Source};
use crate::model::{ResourceId, ResourceKind};
use crate::routing::Authenticator;
use crate::store::{Change, Holds, Text};

use super::edit::{EditError, Expect, To, Wanted};
use super::finding::Finding;

/// The changes that make `texts`, which is what the store holds, what is wanted. What is the same already is
/// no change.
pub(super) fn changes(wanted: &[Wanted], texts: &[Text], live: &Snapshot) -> Result<Vec<Change>, EditError> {
    let mut changes: Vec<Change> = Vec::new();
    for wish in wanted {
        let from = stored(texts, &wish.id);
        if from.is_none()
            && let Some(written) = live.written(&wish.id).filter(|written| !written.stored)
        {
            return Err(EditError::ManagedByFile { id: wish.id.clone(), path: written.path });
        }
        expect(wish, from)?;
        let to = wanted_text(wish, from)?;
        if to.is_none() {
            refuse_if_used(&wish.id, wanted, live)?;
            changes.extend(keys_of(&wish.id, texts));
        }
        if from != to.as_deref() {
            changes.push(Change { id: wish.id.clone(), from: from.map(str::to_owned), to });
        }
    }
    changes.sort_by(|a, b| a.id.cmp(&b.id));
    changes.dedup_by(|a, b| a.id == b.id);
    Ok(changes)
}

/// What the store would hold after `changes`; [`sources`] puts it in order.
pub(super) fn applied(mut texts: Vec<Text>, changes: &[Change], folder: &std::path::Path) -> Vec<Text> {
    for change in changes {
        let at = texts.iter().position(|text| matches!(&text.holds, Holds::Resource(id) if *id == change.id));
        match (at, &change.to) {
            (Some(at), Some(to)) => {
                if let Some(text) = texts.get_mut(at) {
                    text.text.clone_from(to);
                }
            }
            (Some(at), None) => drop(texts.remove(at)),
            (None, Some(to)) => {
                let id = &change.id;
                let path = folder.join(id.kind().section()).join(format!("{}.yaml", id.name()));
                texts.push(Text { path, text: to.clone(), holds: Holds::Resource(id.clone()) });
            }
            (None, None) => {}
        }
    }
    texts
}

/// What a store holds, for the reader: whole documents first, then resources by their names, however the store
/// lists them. What is in `live` already is that, and not another copy of it.
pub(super) fn sources(texts: Vec<Text>, live: Option<&Snapshot>) -> Vec<Source> {
    let known = |id: &ResourceId, text: &Text| {
        let source = live?.source_of(id)?;
        (source.text == text.text && source.path == text.path).then(|| source.clone())
    };
    let mut sources: Vec<Source> = texts
        .into_iter()
        .map(|text| match &text.holds {
            Holds::Document => Source::new(text.path, text.text),
            Holds::Resource(id) => {
                known(id, &text).unwrap_or_else(|| Source::of(id.clone(), text.path, text.text))
            }
        })
        .collect();
    sources.sort_by(|a, b| a.entry.cmp(&b.entry));
    sources
}

fn stored<'t>(texts: &'t [Text], id: &ResourceId) -> Option<&'t str> {
    let found = texts.iter().find(|text| matches!(&text.holds, Holds::Resource(held) if held == id));
    found.map(|text| text.text.as_str())
}

fn expect(wish: &Wanted, from: Option<&str>) -> Result<(), EditError> {
    let id = &wish.id;
    let failed = |what: String| Err(EditError::Precondition(what));
    match (&wish.expect, from) {
        (Expect::Anything, _) | (Expect::Absent, None) | (Expect::Present, Some(_)) => Ok(()),
        (Expect::Absent, Some(_)) => failed(format!("{id} is there already")),
        (Expect::Present | Expect::Tags(_), None) if wish.to == To::Nothing => {
            Err(EditError::NotFound(id.clone()))
        }
        (Expect::Present | Expect::Tags(_), None) => failed(format!("{id} is not there")),
        (Expect::Tags(tags), Some(text)) if tags.contains(&config::tag_of(text)) => Ok(()),
        (Expect::Tags(_), Some(_)) => failed(format!("{id} was changed in the meantime; read it again")),
    }
}

fn wanted_text(wish: &Wanted, from: Option<&str>) -> Result<Option<String>, EditError> {
    let value = match &wish.to {
        To::Nothing => return Ok(None),
        To::Text(text) => return Ok(Some(text.clone())),
        To::Json(value) => value,
    };
    let before = from.and_then(|text| {
        let source = Source::of(wish.id.clone(), "", text);
        config::written(std::slice::from_ref(&source), &wish.id).map(|written| written.spec)
    });
    // The same value is the same text, with the comments that somebody put into it.
    if let (Some(text), true) = (from, before.as_ref() == Some(value)) {
        return Ok(Some(text.to_owned()));
    }
    if let Some(pointer) = config::new_references(value, before.as_ref()) {
        let message = "references to the environment can only be written in files".to_owned();
        let finding = Finding::in_resource(&wish.id, pointer, "environment-reference", message);
        let finding = finding.help("write the value itself, or `$${` for a literal `${`");
        return Err(EditError::Invalid(vec![finding]));
    }
    config::to_yaml(wish.id.kind(), value).map(Some).map_err(|why| {
        EditError::Invalid(vec![Finding::in_resource(&wish.id, String::new(), "not-yaml", why)])
    })
}

/// A provider goes only when no agent is left that accepts it.
fn refuse_if_used(id: &ResourceId, wanted: &[Wanted], live: &Snapshot) -> Result<(), EditError> {
    if id.kind() != ResourceKind::IdentityProvider {
        return Ok(());
    }
    let changes_too = |name: &str| {
        wanted.iter().any(|wish| wish.id.kind() == ResourceKind::Agent && wish.id.name() == name)
    };
    let users = live.agents.values().filter(|agent| match &agent.authenticator {
        Authenticator::OAuth(policy) => {
            policy.providers.iter().any(|p| p.spec().name.as_str() == id.name())
                && !changes_too(agent.name.as_str())
        }
        Authenticator::ApiKey(_) | Authenticator::Public => false,
    });
    let agents: Vec<String> = users.map(|agent| agent.name.to_string()).collect();
    if agents.is_empty() { Ok(()) } else { Err(EditError::InUse { id: id.clone(), agents }) }
}

/// The keys of an agent go with it.
fn keys_of(id: &ResourceId, texts: &[Text]) -> Vec<Change> {
    if id.kind() != ResourceKind::Agent {
        return Vec::new();
    }
    let keys = texts.iter().filter_map(|text| match &text.holds {
        Holds::Resource(key) if key.kind() == ResourceKind::ApiKey => Some((key, &text.text)),
        _ => None,
    });
    keys.filter(|(key, text)| {
        let source = Source::of((*key).clone(), "", text.as_str());
        let written = config::written(std::slice::from_ref(&source), key);
        written.and_then(|w| w.spec.get("agent").and_then(Value::as_str).map(|a| a == id.name()))
            == Some(true)
    })
    .map(|(key, text)| Change { id: key.clone(), from: Some(text.clone()), to: None })
    .collect()
}
