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
    /// Of two that a request fits, the source takes the one with the higher rank, whatever their hosts and paths are; of the same
    /// rank it takes the one that is taken here.
    pub(super) rank: u64,
    /// Where the path was written.
    pub(super) item: Item<'a>,
}

/// The agents by their paths.
type ByPath<'n, 'a> = BTreeMap<&'n str, Vec<&'n Neighbour<'a>>>;

/// Says of each path what becomes of those that are no longer, or newly, meant by it. Of hosts only those are looked at that
/// stand for more names in the source, so that this may say too much, and never too little.
pub(super) fn tell(all: &[Neighbour<'_>]) {
    let mut by_path = ByPath::new();
    for one in all {
        by_path.entry(&one.path).or_default().push(one);
    }
    // What agents for all hosts ask for, each once.
    let mut for_all: Vec<&Value> = Vec::new();
    for one in all.iter().filter(|one| one.hosts.is_empty()) {
        if !for_all.contains(&&one.auth) {
            for_all.push(&one.auth);
        }
    }
    for one in all {
        let is_closed = !is_public(&one.auth);
        let is_deep = one.hosts.iter().any(|host| host.starts_with("*."));
        if is_closed && is_deep && for_all.iter().any(|auth| **auth != one.auth) {
            one.item.weak(
                Verdict::Changed,
                "`*.` stands for one label here: requests for longer names may go to an agent for all hosts, which is public or \
                 asks for something else",
            );
        }
        match one.reach {
            Reach::Segments => {}
            Reach::Text => text(one, &by_path),
            Reach::Exact if is_closed => exact(one, &by_path),
            Reach::Exact => {
                let why = "a route is a prefix here: what is below the path is public, too";
                one.item.weak(Verdict::Changed, why);
            }
        }
        rank(one, &by_path);
    }
}

/// Of a path that asks for a credential and stands for itself alone.
fn exact(one: &Neighbour<'_>, by_path: &ByPath<'_, '_>) {
    let before = shorter(&one.path, by_path);
    if before.iter().any(|other| !is_public(&other.auth) && other.auth != one.auth) {
        let why = "a route is a prefix here: what is below the path no longer asks for what the next shorter path asks for";
        one.item.weak(Verdict::Changed, why);
    } else {
        one.item.changed("a route is a prefix here: what is below the path is treated like it");
    }
}

/// Of a path that stands for all texts that begin with it.
fn text(one: &Neighbour<'_>, by_path: &ByPath<'_, '_>) {
    let is_closed = !is_public(&one.auth);
    let shorter = shorter(&one.path, by_path);
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
        [] => one.item.changed("a route ends with a segment: paths that go on in it are not meant"),
        next if is_closed && next.iter().any(|other| is_public(&other.auth)) => {
            let why = "a route ends with a segment: paths that go on in it are those of the next shorter path, which is public";
            one.item.weak(Verdict::Changed, why);
        }
        next if is_closed && next.iter().any(|other| other.auth != one.auth) => {
            let why = "a route ends with a segment: paths that go on in it are those of the next shorter path, which asks for \
                       something else";
            one.item.weak(Verdict::Changed, why);
        }
        _ => {
            one.item.changed(
                "a route ends with a segment: paths that go on in it are those of the next shorter path",
            );
        }
    }
}

/// The agents that get the paths that go on in the last segment of `path`; none when nobody gets them.
fn shorter<'m, 'n, 'a>(path: &str, by_path: &'m ByPath<'n, 'a>) -> &'m [&'n Neighbour<'a>] {
    folders(path).find_map(|folder| by_path.get(folder)).map(Vec::as_slice).unwrap_or_default()
}

/// The paths above a path, the longest first, and the root last.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| match path.rfind('/')? {
        0 if path.len() == 1 => None,
        0 => Some("/"),
        at => path.get(..at),
    })
    .skip(1)
}

/// Of two that a request fits, of which the source takes the one with the credential, and here the other one is taken.
fn rank(one: &Neighbour<'_>, by_path: &ByPath<'_, '_>) {
    let near = std::iter::once(one.path.as_str()).chain(folders(&one.path));
    for other in near.filter_map(|path| by_path.get(path)).flatten() {
        for (first, second) in [(one, *other), (*other, one)] {
            if first.is_passed_over_for(second) {
                first.item.weak(
                    Verdict::Changed,
                    format!(
                        "here the most exact host and the longest path win: what goes to `{}` as well no longer asks for what is \
                         asked for here",
                        second.written
                    ),
                );
            }
        }
    }
}

impl Neighbour<'_> {
    /// Whether requests that the source gives to this one, with its credential, go to `other` here.
    fn is_passed_over_for(&self, other: &Self) -> bool {
        if self.rank <= other.rank || is_public(&self.auth) || self.auth == other.auth {
            return false;
        }
        let is_longer = other.path.len() > self.path.len();
        let wins = |own: &str, others: &str| {
            (own == others && is_longer) || (exactness(others) > exactness(own) && is_among(others, own))
        };
        let (own, others) = (self.names(), other.names());
        own.iter().any(|own| others.iter().any(|others| wins(own, others)))
    }

    /// The hosts; an empty name stands for all.
    fn names(&self) -> Vec<&str> {
        if self.hosts.is_empty() { vec![""] } else { self.hosts.iter().map(String::as_str).collect() }
    }
}

/// How exact a host is: none, one with a wildcard, a name.
fn exactness(host: &str) -> u8 {
    match host {
        "" => 0,
        _ if host.starts_with("*.") => 1,
        _ => 2,
    }
}

/// Whether a host is among those for which a less exact one stands.
fn is_among(host: &str, wide: &str) -> bool {
    match wide.strip_prefix("*.") {
        None => wide.is_empty(),
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
    }
}
