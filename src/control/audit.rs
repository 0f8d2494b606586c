//! The lines of the audit log: one JSON object for each change that went live, with its author and the texts before and
//! after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::{self, Revision, Source};

use super::diff;
use super::side_by_side::{Pair, differing};

#[derive(Serialize)]
struct Line<'a> {
    ts: jiff::Timestamp,
    who: &'a str,
    what: &'a str,
    revision: Option<u64>,
    live: &'a str,
    changes: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    resource: Option<String>,
    file: PathBuf,
    from: Option<String>,
    to: Option<String>,
}

/// A change that went live.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) at: jiff::Timestamp,
    pub(super) who: &'a str,
    pub(super) what: &'a str,
    pub(super) number: Option<u64>,
    pub(super) live: &'a Revision,
}

/// One change as a line of the log.
pub(super) fn line(entry: &Entry<'_>, before: &[Source], after: &[Source]) -> serde_json::Result<Vec<u8>> {
    let Entry { at, who, what, number, live } = *entry;
    let changes = changed(before, after);
    let line = Line { ts: at, who, what, revision: number, live: live.as_str(), changes };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    Ok(text)
}

/// The changes. Both lists are in the order of their resources, documents first.
fn changed(before: &[Source], after: &[Source]) -> Vec<Changed> {
    let mut pairs: Vec<Pair<'_>> = documents(before, after);
    pairs.extend(differing(before, after));
    let path = |(from, to): &Pair<'_>| to.or(*from).map(|source| source.path.to_path_buf());
    let mut pairs: Vec<_> = pairs.iter().filter_map(|pair| Some((path(pair)?, *pair))).collect();
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    pairs
        .into_iter()
        .map(|(file, (from, to))| {
            let id = from.or(to).and_then(|source| source.entry.clone());
            let text = |side: Option<&Source>| {
                let shown = |source: &Source| match &source.entry {
                    Some(id) => diff::shown(id, &source.text),
                    None => {
                        let shown = config::shown_text(None, &source.text, None);
                        config::without_passwords(&shown).into_owned()
                    }
                };
                side.map(shown)
            };
            let resource = id.map(|id| id.to_string());
            Changed { resource, file, from: text(from), to: text(to) }
        })
        .collect()
}

/// The documents that are not the same. There are few.
fn documents<'s>(before: &'s [Source], after: &'s [Source]) -> Vec<Pair<'s>> {
    let of = |sources: &'s [Source]| -> BTreeMap<&'s Path, &'s Source> {
        let documents = sources.iter().filter(|source| source.entry.is_none());
        documents.map(|source| (&*source.path, source)).collect()
    };
    let (before, after) = (of(before), of(after));
    let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).copied().collect();
    let pairs = paths.into_iter().map(|path| (before.get(path).copied(), after.get(path).copied()));
    pairs.filter(|(from, to)| from != to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResourceId;

    #[test]
    fn a_line_has_the_changed_texts_only_and_no_hash() {
        let id = |text: &str| ResourceId::parse(text).unwrap();
        let key = |hash: &str| format!("agent: a\nsha256: {hash}\n");
        let before =
            [Source::new("p.yaml", "version: 1\n"), Source::of(id("agents/a"), "agents/a.yaml", "x: 1\n")];
        let after = [
            Source::new("p.yaml", "version: 1\n"),
            Source::of(id("agents/a"), "agents/a.yaml", "x: 2\n"),
            Source::of(id("api_keys/Yq3Zk81b"), "api_keys/Yq3Zk81b.yaml", key("secret-hash")),
        ];
        let lines: Vec<_> = changed(&before, &after)
            .into_iter()
            .map(|c| (c.resource.unwrap_or_default(), c.from, c.to.unwrap_or_default()))
            .collect();
        assert_eq!(
            lines,
            [
                ("agents/a".to_owned(), Some("x: 1\n".to_owned()), "x: 2\n".to_owned()),
                ("api_keys/Yq3Zk81b".to_owned(), None, key("(not shown)")),
            ]
        );
    }
}
