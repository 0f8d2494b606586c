//! Key managers: who signs tokens. Policies name them, or say an issuer.

use std::collections::BTreeMap;

use serde_json::Map;

use super::super::draft::{Draft, Provider};
use super::super::item::Item;
use super::super::keys::{self, Keys};
use super::super::ledger::Verdict;

/// The key managers that the files hold, by their names there.
#[derive(Default)]
pub(super) struct KeyManagers {
    /// The issuer, and the name here.
    known: BTreeMap<String, (Option<String>, String)>,
}

impl KeyManagers {
    /// Those of the configuration of the gateway.
    pub(super) fn read(documents: &[Item<'_>], draft: &mut Draft) -> Self {
        let mut managers = Self::default();
        for document in documents {
            for (name, settings) in
                document.get("policy_configurations").map(Item::entries).unwrap_or_default()
            {
                if !name.starts_with("jwtauth") {
                    continue;
                }
                for key in ["keymanagers", "keyManagers"] {
                    settings.list(key).into_iter().for_each(|item| managers.add(item, draft));
                }
            }
        }
        managers
    }

    /// Those of a policy.
    pub(super) fn add(&mut self, item: Item<'_>, draft: &mut Draft) {
        let Some(name) = item.keep("name") else {
            item.cannot("a key manager without a name");
            return;
        };
        let issuer = item.keep("issuer").map(str::to_owned);
        if issuer.is_none() {
            let why = "no issuer: any issuer whose key it has would do; write `issuer` instead of the one that stands there";
            item.weak(Verdict::Changed, why);
        }
        let mut rest = Map::new();
        let keys = keys(item, &mut rest);
        let ours = draft.provider(name, Provider { issuer: issuer.clone(), keys, rest }, item);
        for key in ["scopeClaim", "scopeClaimSeparator"] {
            if let Some(claim) = item.get(key) {
                claim.changed("scopes are in `scope` or `scp`, with blanks between them");
            }
        }
        item.rest_is_weak(|_| false);
        self.known.insert(name.to_owned(), (issuer, ours));
    }

    /// The names here of all of them.
    pub(super) fn all(&self) -> Vec<String> {
        self.known.values().map(|(_, name)| name.clone()).collect()
    }

    /// The name here of the one that `item` means, by its name or by its issuer.
    pub(super) fn named(&mut self, item: Item<'_>, draft: &mut Draft) -> Option<String> {
        let text = item.text()?;
        if let Some((_, name)) = self.known.get(text) {
            item.kept();
            return Some(name.clone());
        }
        if let Some((_, name)) = self.known.values().find(|(issuer, _)| issuer.as_deref() == Some(text)) {
            item.kept();
            return Some(name.clone());
        }
        let mut rest = Map::new();
        let (issuer, keys) = if text.contains("://") {
            item.changed("no key manager with this issuer is in the files: its keys are found by discovery");
            (Some(text.to_owned()), keys::discovered(text, item, &mut rest))
        } else {
            item.changed("no key manager of this name is in the files: write its issuer and its keys");
            (None, Keys::Nowhere)
        };
        let short = text.split("://").last().and_then(|rest| rest.split('/').next()).unwrap_or(text);
        let ours = draft.provider(short, Provider { issuer: issuer.clone(), keys, rest }, item);
        self.known.insert(text.to_owned(), (issuer, ours.clone()));
        Some(ours)
    }
}

fn keys(item: Item<'_>, rest: &mut Map<String, serde_json::Value>) -> Keys {
    if let Some(remote) = item.at(&["jwks", "remote"]) {
        if let Some(skip) = remote.get("skipTlsVerify") {
            if skip.is_true() {
                skip.weak(
                    Verdict::Changed,
                    "keys come from a server that nobody verifies; here it is verified, or write `ca_file`",
                );
            } else {
                skip.kept();
            }
        }
        if let Some(path) = remote.keep("certificatePath") {
            rest.insert("ca_file".to_owned(), path.into());
        }
        let Some(uri) = remote.get("uri") else { return Keys::Nowhere };
        return keys::fetched(uri, rest);
    }
    let local = item.at(&["jwks", "local"]);
    if let Some(path) = local.and_then(|local| local.keep("certificatePath")) {
        return Keys::At("public_key_file", path.into());
    }
    if let Some(pem) = local.and_then(|local| local.get("inline")) {
        return keys::pem(pem);
    }
    item.cannot("no key source that can be imported: write one");
    Keys::Nowhere
}
