//! Turns requested changes into changes of texts: checks preconditions, writes texts, computes the difference. It writes
//! nothing to the store and leaves validation to `config`.
//!
//! A change starts from the live configuration. A broken document on disk does not affect it, unless it is the changed
//! resource itself: then the change replaces it.

use std::collections::BTreeMap;

use crate::config::{self, Snapshot, Source};
use crate::model::{ResourceId, ResourceKind};
use crate::routing::Authenticator;
use crate::store::Change;

use super::aside::{Aside, Stands};
use super::edit::{EditError, Expect, To, Wanted};
use super::finding::{ChangeCode, Finding};

/// The base of changes: the live configuration, and the documents set aside.
pub(super) struct Base<'b> {
    pub(super) live: &'b Snapshot,
    pub(super) aside: &'b Aside,
    /// Whether other members run what is written.
    pub(super) is_shared: bool,
}

impl Base<'_> {
    /// The live text of a resource of the store.
    fn live(&self, id: &ResourceId) -> Option<&str> {
        self.live.source_of(id).map(|source| &*source.text)
    }

    /// The text on disk, which is the precondition of a commit.
    fn on_disk(&self, id: &ResourceId) -> Result<Option<String>, EditError> {
        let Some(held) = self.aside.document(id) else { return Ok(self.live(id).map(str::to_owned)) };
        match &held.document.stands {
            Stands::Nothing => Ok(None),
            Stands::Text(source) => Ok(Some(source.text.to_string())),
            Stands::Unreadable(Ok(text)) => Ok(text.clone()),
            Stands::Unreadable(Err(why)) => {
                Err(EditError::Store { why: format!("{why}; move it away by hand"), full: false })
            }
        }
    }
}

/// The changes from the live configuration to the requested one. A text that is already the same, live and on disk, is
/// not a change.
pub(super) fn changes(wanted: &[Wanted], base: &Base<'_>) -> Result<Vec<Change>, EditError> {
    let mut changes: Vec<Change> = Vec::new();
    for wish in wanted {
        let live = base.live(&wish.id);
        if live.is_none()
            && let Some(written) = base.live.written(&wish.id).filter(|written| !written.stored)
        {
            return Err(EditError::ManagedByFile { id: wish.id.clone(), path: written.path });
        }
        expect(wish, live)?;
        let to = wanted_text(wish, live, base.is_shared)?;
        if to.is_none() {
            refuse_if_used(&wish.id, wanted, base.live)?;
            for key in keys_of(&wish.id, base.live) {
                changes.extend(change(base, key, None)?);
            }
        }
        changes.extend(change(base, wish.id.clone(), to)?);
    }
    changes.sort_by(|a, b| a.id.cmp(&b.id));
    changes.dedup_by(|a, b| a.id == b.id);
    Ok(changes)
}

fn change(base: &Base<'_>, id: ResourceId, to: Option<String>) -> Result<Option<Change>, EditError> {
    let from = base.on_disk(&id)?;
    Ok((from != to).then_some(Change { id, from, to }))
}

/// The sources after `changes`; `source` makes one of a resource in the store and its text.
pub(super) fn applied(
    live: &Snapshot,
    changes: &[Change],
    source: &dyn Fn(&ResourceId, &str) -> Source,
) -> Vec<Source> {
    let changed: BTreeMap<&ResourceId, &Change> = changes.iter().map(|change| (&change.id, change)).collect();
    let is_changed = |source: &&Source| source.entry.as_ref().is_some_and(|id| changed.contains_key(id));
    let mut sources: Vec<Source> =
        live.sources.iter().filter(|source| !is_changed(source)).cloned().collect();
    sources.extend(changes.iter().filter_map(|change| {
        let id = &change.id;
        let new = source(id, change.to.as_ref()?);
        let same = live.source_of(id).filter(|held| **held == new);
        Some(same.cloned().unwrap_or(new))
    }));
    sources.sort_by(|a, b| a.entry.cmp(&b.entry));
    sources
}

fn expect(wish: &Wanted, from: Option<&str>) -> Result<(), EditError> {
    let id = &wish.id;
    let failed = |what: String| Err(EditError::precondition(what));
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

fn wanted_text(wish: &Wanted, from: Option<&str>, is_shared: bool) -> Result<Option<String>, EditError> {
    let value = match &wish.to {
        To::Nothing => return Ok(None),
        To::Text(text) => return Ok(Some(text.clone())),
        To::Json(value) => value,
    };
    let before = from.and_then(|text| {
        let source = Source::of(wish.id.clone(), "", text);
        config::written(std::slice::from_ref(&source), &wish.id).map(|written| written.spec)
    });
    let value = &config::unmasked(wish.id.kind(), value.clone(), before.as_ref()).map_err(|pointer| {
        let message = "this stands for a value that is not shown, and there is none".to_owned();
        let finding = Finding::in_resource(&wish.id, pointer, ChangeCode::MaskedValue, message);
        EditError::Invalid(vec![finding.help("write the value, or `{ \"file\": PATH }`")])
    })?;
    // An equal value keeps its text, with the comments in it.
    if let (Some(text), true) = (from, before.as_ref() == Some(value)) {
        return Ok(Some(text.to_owned()));
    }
    // In what members share, the validator rejects every reference.
    if let Some(pointer) = config::new_references(value, before.as_ref()).filter(|_| !is_shared) {
        let message = "references to the environment can only be written in files".to_owned();
        let finding = Finding::in_resource(&wish.id, pointer, ChangeCode::EnvironmentReference, message);
        let finding = finding.help("write the value itself, or `$${` for a literal `${`");
        return Err(EditError::Invalid(vec![finding]));
    }
    config::to_yaml(wish.id.kind(), value).map(Some).map_err(|why| {
        EditError::Invalid(vec![Finding::in_resource(&wish.id, String::new(), ChangeCode::NotYaml, why)])
    })
}

/// Rejects the removal of a provider that an agent still accepts.
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

/// The API keys of an agent, which are removed with it.
fn keys_of(id: &ResourceId, live: &Snapshot) -> Vec<ResourceId> {
    if id.kind() != ResourceKind::Agent {
        return Vec::new();
    }
    let keys = live.api_keys.iter().filter(|key| key.agent().as_str() == id.name());
    let keys = keys.filter_map(|key| ResourceId::new(ResourceKind::ApiKey, key.id()));
    keys.filter(|key| live.is_stored(key)).collect()
}
