//! Rewrites a list for one client: entries that it may not see are left out, and nobody else may keep what is left. All
//! other bytes stay as they are.

use std::ops::Range;

use super::answer::{Answer, List, Listed, read};
use super::{ListKind, UnreadableList};

/// The text of a message, rewritten.
#[derive(Debug, PartialEq, Eq)]
pub struct Filtered {
    /// The message; `None` where it has no result, so that it stays as it is.
    pub text: Option<Vec<u8>>,
    /// How many entries are shown.
    pub shown: usize,
    /// How many are left out.
    pub hidden: usize,
}

/// Rewrites a message for a client that may see the entries for which `shows` says so.
///
/// # Errors
/// When it is not exactly one message, or two readers could read it in two ways.
pub fn filter(
    text: &[u8],
    shows: &mut dyn FnMut(ListKind, &str) -> bool,
) -> Result<Filtered, UnreadableList> {
    let Answer::Result(listed) = read(text)? else {
        return Ok(Filtered { text: None, shown: 0, hidden: 0 });
    };
    let mut edits = Edits { text, cuts: Vec::new() };
    edits.mark(&listed);
    let (mut shown, mut hidden) = (0, 0);
    for list in &listed.lists {
        let (these, others) = edits.thin_out(list, shows);
        shown += these;
        hidden += others;
    }
    Ok(Filtered { text: Some(edits.apply()), shown, hidden })
}

/// What is replaced in a text.
struct Edits<'m> {
    text: &'m [u8],
    cuts: Vec<(Range<usize>, &'static str)>,
}

impl Edits<'_> {
    /// Marks a result as one client's own, which nobody keeps.
    fn mark(&mut self, listed: &Listed<'_>) {
        let Listed { first, has_members, .. } = *listed;
        let insert = match (&listed.cache_scope, &listed.ttl, has_members) {
            (Some(_), Some(_), _) => "",
            (Some(_), None, _) => r#""ttlMs":0,"#,
            (None, Some(_), _) => r#""cacheScope":"private","#,
            (None, None, true) => r#""cacheScope":"private","ttlMs":0,"#,
            (None, None, false) => r#""cacheScope":"private","ttlMs":0"#,
        };
        self.cuts.push((first..first, insert));
        self.cuts.extend(listed.cache_scope.clone().map(|place| (place, r#""private""#)));
        self.cuts.extend(listed.ttl.clone().map(|place| (place, "0")));
    }

    /// Leaves out the entries of a list that are not shown, each with one comma; returns how many are shown, and how many
    /// are not.
    fn thin_out(&mut self, list: &List<'_>, shows: &mut dyn FnMut(ListKind, &str) -> bool) -> (usize, usize) {
        let (mut shown, mut hidden) = (0, 0);
        // The end of the last entry that is shown, and the beginning of the first one behind it.
        let (mut kept, mut open) = (None, None);
        for (entry, place) in &list.entries {
            let start = *open.get_or_insert(place.start);
            if !entry.named(list.kind).is_some_and(|name| shows(list.kind, name)) {
                hidden += 1;
                continue;
            }
            if start != place.start {
                self.cuts.push((start..place.start, ""));
            }
            (kept, open) = (Some(place.end), None);
            shown += 1;
        }
        if let (Some(start), Some((_, last))) = (open, list.entries.last()) {
            self.cuts.push((kept.unwrap_or(start)..last.end, ""));
        }
        (shown, hidden)
    }

    /// The text with all of them.
    fn apply(mut self) -> Vec<u8> {
        self.cuts.sort_by_key(|(place, _)| place.start);
        let mut rewritten = Vec::with_capacity(self.text.len() + 64);
        let mut at = 0;
        for (place, with) in self.cuts {
            rewritten.extend_from_slice(self.text.get(at..place.start).unwrap_or_default());
            rewritten.extend_from_slice(with.as_bytes());
            at = place.end;
        }
        rewritten.extend_from_slice(self.text.get(at..).unwrap_or_default());
        rewritten
    }
}

#[cfg(test)]
mod tests;
