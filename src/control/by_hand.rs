//! Edits by hand in the files of a store, as changes for the history.

use std::collections::BTreeMap;

use crate::config::Source;
use crate::model::ResourceId;
use crate::store::{Change, Commit, Latest};

use super::side_by_side::{Pair, differing};

/// The author of edits by hand: nobody authenticates to edit a file.
pub(super) const WHO: &str = "files";
/// Resources named in the summary of a revision, so that it stays one line.
const NAMED: usize = 3;

/// The changes of the store's resources from `before` to `after`.
pub(super) fn changes(before: &[Source], after: &[Source]) -> Vec<Change> {
    let text = |source: Option<&Source>| source.map(|source| source.text.to_string());
    let change = |(before, after): Pair<'_>| {
        let id = after.or(before)?.entry.clone()?;
        let change = Change { id, from: text(before), to: text(after) };
        (change.from != change.to).then_some(change)
    };
    differing(before, after).filter_map(change).collect()
}

/// The changes of resources in the history, from their last revision to the texts on disk.
pub(super) fn meanwhile(said: &Latest, now: &[Source]) -> Vec<Change> {
    let now: BTreeMap<&ResourceId, &Source> =
        now.iter().filter_map(|source| Some((source.entry.as_ref()?, source))).collect();
    let change = |(id, (_, from)): (&ResourceId, &(u64, Option<String>))| {
        let to = now.get(id).map(|source| source.text.to_string());
        (*from != to).then(|| Change { id: id.clone(), from: from.clone(), to })
    };
    said.iter().filter_map(change).collect()
}

/// The changes as one revision.
pub(super) fn commit(changes: Vec<Change>, at: jiff::Timestamp, when: &str) -> Commit {
    let mut named: Vec<String> = changes.iter().take(NAMED).map(|change| change.id.to_string()).collect();
    if changes.len() > NAMED {
        named.push(format!("{} more", changes.len() - NAMED));
    }
    let what = format!("edited by hand{when}: {}", named.join(", "));
    Commit { at, who: WHO.to_owned(), what, changes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ResourceId {
        ResourceId::parse(&format!("agents/{name}")).unwrap()
    }

    fn sources(texts: &[(&str, &str)]) -> Vec<Source> {
        let of = |(name, text): &(&str, &str)| Source::of(id(name), format!("{name}.yaml"), *text);
        let document = Source::new("p.yaml", "version: 1\n");
        [document].into_iter().chain(texts.iter().map(of)).collect()
    }

    fn shown(changes: &[Change]) -> Vec<(String, Option<&str>, Option<&str>)> {
        changes.iter().map(|c| (c.id.name().to_owned(), c.from.as_deref(), c.to.as_deref())).collect()
    }

    #[test]
    fn each_resource_that_differs_is_a_change() {
        let before = sources(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after = sources(&[("a", "1"), ("b", "2"), ("d", "1")]);
        let found = changes(&before, &after);
        assert_eq!(
            shown(&found),
            [
                ("b".into(), Some("1"), Some("2")),
                ("c".into(), Some("1"), None),
                ("d".into(), None, Some("1"))
            ]
        );
        let commit = commit(found, jiff::Timestamp::UNIX_EPOCH, "");
        assert_eq!(commit.what, "edited by hand: agents/b, agents/c, agents/d");
    }

    #[test]
    fn a_resource_without_a_revision_was_not_changed_meanwhile() {
        let said = [("a", Some("1")), ("b", Some("1")), ("c", None), ("d", Some("1"))];
        let said = said.into_iter().map(|(name, text)| (id(name), (1, text.map(str::to_owned)))).collect();
        let now = sources(&[("a", "1"), ("b", "2"), ("c", "back"), ("new", "1")]);
        assert_eq!(
            shown(&meanwhile(&said, &now)),
            [
                ("b".into(), Some("1"), Some("2")),
                ("c".into(), None, Some("back")),
                ("d".into(), Some("1"), None)
            ]
        );
    }
}
