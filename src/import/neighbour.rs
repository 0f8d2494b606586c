//! Paths that other products mean differently: as text that may end in the middle of a segment, or alone. What becomes of
//! the paths around them is said where the path was written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::item::Item;
use super::ledger::Verdict;
use super::spec::is_public;

/// How far a path goes in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It, and what is below it, as here.
    Segments,
    /// All that begin with it, as text.
    Text,
    /// It alone.
    Exact,
}

/// An agent that was made.
pub(super) struct Neighbour<'a> {
    /// The path of its route here.
    pub(super) path: String,
    /// As it was written.
    pub(super) written: String,
    pub(super) reach: Reach,
    pub(super) auth: Value,
    /// Empty for all.
    pub(super) hosts: Vec<String>,
    /// Where the path was written.
    pub(super) item: Item<'a>,
}

/// Says of each path what becomes of those that are no longer, or newly, meant by it. Of hosts only those are looked at that
/// stand for more names in the source, so that this may say too much, and never too little.
pub(super) fn tell(all: &[Neighbour<'_>]) {
    // Of several at one path, on other hosts, the one that is open to all.
    let mut open: BTreeMap<&str, bool> = BTreeMap::new();
    for one in all {
        *open.entry(&one.path).or_default() |= is_public(&one.auth);
    }
    let is_any_open = all.iter().any(|one| one.hosts.is_empty() && is_public(&one.auth));
    for one in all {
        let is_closed = !is_public(&one.auth);
        if is_closed && is_any_open && one.hosts.iter().any(|host| host.starts_with("*.")) {
            one.item.weak(
                Verdict::Changed,
                "`*.` stands for one label here: requests for longer names may go to an agent for all hosts, which is public",
            );
        }
        match one.reach {
            Reach::Segments => {}
            Reach::Text => text(one, &open),
            Reach::Exact if is_closed => {
                one.item.changed("a route is a prefix here: what is below the path is treated like it");
            }
            Reach::Exact => {
                let why = "a route is a prefix here: what is below the path is public, too";
                one.item.weak(Verdict::Changed, why);
            }
        }
    }
}

/// Of a path that stands for all texts that begin with it.
fn text(one: &Neighbour<'_>, open: &BTreeMap<&str, bool>) {
    let is_closed = !is_public(&one.auth);
    let shorter = shorter(&one.path, open);
    match shorter {
        _ if one.path == "/" => {}
        _ if one.written.ends_with('/') => {
            let why = "the path without the slash at its end is meant, too";
            if is_closed {
                one.item.changed(why);
            } else {
                one.item.weak(Verdict::Changed, why);
            }
        }
        None => one.item.changed("a route ends with a segment: paths that go on in it are not meant"),
        Some(true) if is_closed => {
            let why = "a route ends with a segment: paths that go on in it are those of the next shorter path, which is public";
            one.item.weak(Verdict::Changed, why);
        }
        Some(_) => {
            one.item.changed(
                "a route ends with a segment: paths that go on in it are those of the next shorter path",
            );
        }
    }
}

/// Whether the agent is public that gets the paths that go on in the last segment of `path`; `None` when none gets them.
fn shorter(path: &str, open: &BTreeMap<&str, bool>) -> Option<bool> {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    while !folder.is_empty() {
        if let Some(is_open) = open.get(folder) {
            return Some(*is_open);
        }
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
    }
    open.get("/").copied().filter(|_| path != "/")
}
