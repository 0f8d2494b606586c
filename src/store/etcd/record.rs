//! The record of a revision, as it stands in etcd: JSON like that of `GET /revisions/{n}`, with the id of its commit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{ResourceId, ResourceKind};
use crate::store::{Change, Commit, Record};

/// The value of the key `rev/<n>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct StoredRecord {
    pub(in crate::store) number: u64,
    pub(in crate::store) at: Timestamp,
    pub(in crate::store) who: String,
    pub(in crate::store) what: String,
    pub(in crate::store) commit: String,
    pub(in crate::store) changes: Vec<StoredChange>,
    /// Where the changes are, when they are too many for one key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) parts: Option<Parts>,
}

/// Where the changes of a record are that does not hold them itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Parts {
    /// The generation that they were written with.
    pub(super) generation: u64,
    /// How many there are.
    pub(super) count: usize,
}

/// The change of one resource. The texts of API keys are without their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct StoredChange {
    /// Its kind and name. Text, since a newer version may know more kinds.
    pub(in crate::store) resource: String,
    pub(in crate::store) action: StoredAction,
    pub(in crate::store) from: Option<String>,
    pub(in crate::store) to: Option<String>,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::store) enum StoredAction {
    Created,
    Updated,
    Deleted,
}

impl StoredRecord {
    /// The record of a commit.
    pub(super) fn new(
        number: u64,
        commit: &Commit,
        id: &str,
        masked: &dyn Fn(&ResourceId, &str) -> String,
    ) -> Self {
        let change = |change: &Change| {
            let shown = |text: &String| match change.id.kind() {
                ResourceKind::ApiKey => masked(&change.id, text),
                ResourceKind::Agent | ResourceKind::IdentityProvider | ResourceKind::Limit => text.clone(),
            };
            StoredChange {
                resource: change.id.to_string(),
                action: match (&change.from, &change.to) {
                    (None, _) => StoredAction::Created,
                    (Some(_), Some(_)) => StoredAction::Updated,
                    (Some(_), None) => StoredAction::Deleted,
                },
                from: change.from.as_ref().map(shown),
                to: change.to.as_ref().map(shown),
            }
        };
        Self {
            number,
            at: commit.at,
            who: commit.who.clone(),
            what: commit.what.clone(),
            commit: id.to_owned(),
            changes: commit.changes.iter().map(change).collect(),
            parts: None,
        }
    }

    /// Reads the value of the key.
    pub(super) fn parse(value: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(value).map_err(|error| error.to_string())
    }

    /// The value of the key.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same for those who know no etcd. Changes of kinds that this version does not know are left out.
    pub(super) fn into_record(self) -> Record {
        let changes = self.changes.into_iter().filter_map(|change| {
            Some(Change { id: ResourceId::parse(&change.resource)?, from: change.from, to: change.to })
        });
        let commit = Commit { at: self.at, who: self.who, what: self.what, changes: changes.collect() };
        Record { id: Some(self.commit), ..Record::new(self.number, commit) }
    }
}
