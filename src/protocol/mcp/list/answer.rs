//! One message of a server, read strictly: the lists in its result, and where everything stands that is rewritten.

use std::ops::Range;

use super::cursor::Cursor;
use super::entry::Entry;
use super::{ListKind, UnreadableList};
use crate::protocol::json_rpc::{Name, Names, Plain, Spelling};

/// The members of a message, in the order of JSON-RPC 2.0.
const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
/// The members of a result that say who may keep it, and for how long (MCP 2026-07-28, caching).
const CACHE_SCOPE: &str = "cacheScope";
const TTL: &str = "ttlMs";
const VERSION: &str = "2.0";

/// What a message of a server is.
#[derive(Debug)]
pub(super) enum Answer<'m> {
    /// A response with a result.
    Result(Listed<'m>),
    /// A response with an error, a request or a notification.
    Other,
}

/// A result, and the lists in it.
#[derive(Debug, Default)]
pub(super) struct Listed<'m> {
    /// Where its first member stands, or would.
    pub(super) first: usize,
    /// Whether it has any member.
    pub(super) has_members: bool,
    /// Where the value of `cacheScope` stands.
    pub(super) cache_scope: Option<Range<usize>>,
    /// Where the value of `ttlMs` stands.
    pub(super) ttl: Option<Range<usize>>,
    /// The lists, in their order.
    pub(super) lists: Vec<List<'m>>,
}

/// One list.
#[derive(Debug)]
pub(super) struct List<'m> {
    pub(super) kind: ListKind,
    /// The entries, and where each stands.
    pub(super) entries: Vec<(Entry<'m>, Range<usize>)>,
}

/// Reads a message.
///
/// # Errors
/// When it is not exactly one message, or two readers could read it in two ways: a member twice at any depth, `Name` for
/// `name`, a list that is no array, an entry without a name.
pub(super) fn read(text: &[u8]) -> Result<Answer<'_>, UnreadableList> {
    let mut cursor = Cursor::new(str::from_utf8(text).map_err(|_| UnreadableList)?);
    let mut names = Once::default();
    let (mut is_versioned, mut has_id, mut has_method, mut has_error) = (false, false, false, false);
    let mut result = None;
    cursor.members(|cursor, name| {
        names.note(&name, ENVELOPE.iter())?;
        match &*name {
            "jsonrpc" => is_versioned = matches!(cursor.value()?.0, Name(version) if version == VERSION),
            "result" => result = Some(listed(cursor)?),
            other => {
                has_id |= other == "id" && !matches!(cursor.peek(), Some(b'n'));
                has_method |= other == "method";
                has_error |= other == "error";
                let (Plain, _) = cursor.value()?;
            }
        }
        Ok(())
    })?;
    cursor.end()?;
    names.end()?;
    match result {
        _ if !is_versioned => Err(UnreadableList),
        Some(listed) if has_id && !has_method && !has_error => Ok(Answer::Result(listed)),
        Some(_) => Err(UnreadableList),
        None => Ok(Answer::Other),
    }
}

fn listed<'m>(cursor: &mut Cursor<'m>) -> Result<Listed<'m>, UnreadableList> {
    cursor.peek();
    let mut listed = Listed { first: cursor.at() + 1, ..Listed::default() };
    let mut names = Once::default();
    listed.has_members = cursor.members(|cursor, name| {
        names.note(&name, ListKind::ALL.iter().map(|kind| kind.member()).chain([CACHE_SCOPE, TTL]))?;
        match ListKind::ALL.into_iter().find(|kind| kind.member() == name) {
            Some(kind) => listed.lists.push(List { kind, entries: entries(cursor, kind)? }),
            None => {
                let (Plain, place) = cursor.value()?;
                match &*name {
                    CACHE_SCOPE => listed.cache_scope = Some(place),
                    TTL => listed.ttl = Some(place),
                    _ => {}
                }
            }
        }
        Ok(())
    })?;
    names.end()?;
    Ok(listed)
}

fn entries<'m>(
    cursor: &mut Cursor<'m>,
    kind: ListKind,
) -> Result<Vec<(Entry<'m>, Range<usize>)>, UnreadableList> {
    let entries = cursor.items()?;
    let are_named = entries.iter().all(|(entry, _): &(Entry<'m>, _)| entry.named(kind).is_some());
    if are_named { Ok(entries) } else { Err(UnreadableList) }
}

/// The names of one object's members, each of which stands once.
#[derive(Default)]
struct Once(Names);

impl Once {
    fn note<'k>(
        &mut self,
        name: &str,
        mut known: impl Iterator<Item = impl AsRef<str> + 'k>,
    ) -> Result<(), UnreadableList> {
        self.0.note(name);
        let is_variant = known.any(|known| Spelling::Case.is_variant(name, known.as_ref()));
        if is_variant { Err(UnreadableList) } else { Ok(()) }
    }

    fn end(mut self) -> Result<(), UnreadableList> {
        if self.0.close(0) { Ok(()) } else { Err(UnreadableList) }
    }
}
