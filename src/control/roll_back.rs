//! The texts that a roll-back restores, from the history.

use std::collections::BTreeMap;

use crate::model::{ResourceId, ResourceKind};
use crate::store::Record;

/// The texts of agents, providers and limits right after revision `number`; `None` for a resource that did not exist. `past` is
/// the history, newest first.
///
/// The text is that of the resource's last revision up to `number`, or, when that has been removed, the one that the next
/// revision started from. API keys are never rolled back, so that a revoked key stays revoked.
pub(super) fn texts_at(number: u64, past: Vec<Record>) -> BTreeMap<ResourceId, Option<String>> {
    let mut after: BTreeMap<ResourceId, Option<String>> = BTreeMap::new();
    let mut until: BTreeMap<ResourceId, Option<String>> = BTreeMap::new();
    for record in past {
        let changes = record.commit.changes.into_iter().filter(|c| c.id.kind() != ResourceKind::ApiKey);
        for change in changes {
            if record.number > number {
                after.insert(change.id, change.from);
            } else {
                until.entry(change.id).or_insert(change.to);
            }
        }
    }
    after.extend(until);
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Change, Commit};

    fn record(number: u64, id: &str, from: Option<&str>, to: Option<&str>) -> Record {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let change = Change { id: ResourceId::parse(id).unwrap(), from: text(from), to: text(to) };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let commit = Commit { at, who: "w".into(), what: "x".into(), changes: vec![change] };
        Record::new(number, commit)
    }

    #[test]
    fn the_text_is_that_of_the_revision() {
        // An edit by hand without a revision lies between 1 and 2.
        let past = || {
            vec![
                record(5, "api_keys/Yq3Zk81b", Some("k"), None),
                record(4, "agents/b", Some("b"), None),
                record(3, "agents/a", Some("two"), Some("three")),
                record(2, "agents/a", Some("by hand"), Some("two")),
                record(1, "agents/a", None, Some("one")),
            ]
        };
        for (number, a, b) in [
            (0, None, Some("b")),
            (1, Some("one"), Some("b")),
            (2, Some("two"), Some("b")),
            (3, Some("three"), Some("b")),
            (4, Some("three"), None),
        ] {
            let found = texts_at(number, past());
            let of = |id: &str| found.get(&ResourceId::parse(id).unwrap()).map(Option::as_deref);

            assert_eq!(of("agents/a"), Some(a), "{number}");
            assert_eq!(of("agents/b"), Some(b), "{number}");
            assert_eq!(of("api_keys/Yq3Zk81b"), None, "{number}");
        }
    }
}
