//! Paths that other products mean differently: as text that may end in the middle of a segment, or alone. What becomes of
//! the paths around them is said where the path was written.

use serde_json::Value;

use super::item::Item;
use super::ledger::Verdict;

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
    /// Where the path was written.
    pub(super) item: Item<'a>,
}

/// Says of each path what becomes of those that are no longer, or newly, meant by it. Hosts are not looked at, so that
/// this may say too much, and never too little.
pub(super) fn tell(all: &[Neighbour<'_>]) {
    for one in all {
        let ends_with_slash = one.written.ends_with('/');
        match one.reach {
            Reach::Segments => {}
            Reach::Text if one.path == "/" => {}
            Reach::Text if ends_with_slash && is_public(&one.auth) => {
                one.item.weak(Verdict::Changed, "the path without the slash at its end is meant, too");
            }
            Reach::Text if ends_with_slash => {
                one.item.changed("the path without the slash at its end is meant, too");
            }
            Reach::Text => match shorter(one, all) {
                Some(shorter) if is_public(&shorter.auth) && !is_public(&one.auth) => {
                    let why = "a route ends with a segment: paths that go on in it are those of the next shorter path, which \
                               is public";
                    one.item.weak(Verdict::Changed, why);
                }
                Some(_) => {
                    one.item.changed("a route ends with a segment: paths that go on in it are those of the next shorter path");
                }
                None => one.item.changed("a route ends with a segment: paths that go on in it are not meant"),
            },
            Reach::Exact if is_public(&one.auth) => {
                let why = "a route is a prefix here: what is below the path is public, too";
                one.item.weak(Verdict::Changed, why);
            }
            Reach::Exact => {
                one.item.changed("a route is a prefix here: what is below the path is treated like it")
            }
        }
    }
}

/// The agent that gets the paths that go on in the last segment of `one`.
fn shorter<'n, 'a>(one: &Neighbour<'a>, all: &'n [Neighbour<'a>]) -> Option<&'n Neighbour<'a>> {
    let folder = one.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let has = |path: &str| {
        path == "/" || folder == path || folder.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    let around = all.iter().filter(|other| other.path != one.path && has(&other.path));
    // Of several, on other hosts, the one that is open to all.
    around.max_by_key(|other| (other.path.len(), is_public(&other.auth)))
}

fn is_public(auth: &Value) -> bool {
    auth == "public"
}
