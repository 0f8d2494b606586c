//! Two lists of sources side by side. There may be very many, hardly any of which differ, and equal ones mostly share one
//! allocation: so they are walked together once, and nothing is looked up.

use std::cmp::Ordering;
use std::iter::Peekable;

use crate::config::Source;

/// A source before and after; absent where there is none.
pub(super) type Pair<'s> = (Option<&'s Source>, Option<&'s Source>);

/// The resources that are not the same in both lists, which are in the order of their ids.
pub(super) fn differing<'s>(before: &'s [Source], after: &'s [Source]) -> impl Iterator<Item = Pair<'s>> {
    let pairs = Walk { before: resources(before).peekable(), after: resources(after).peekable() };
    pairs.filter(|pair| match pair {
        (Some(before), Some(after)) => !before.is(after) && before != after,
        _ => true,
    })
}

fn resources(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.entry.is_some())
}

struct Walk<I: Iterator> {
    before: Peekable<I>,
    after: Peekable<I>,
}

impl<'s, I: Iterator<Item = &'s Source>> Iterator for Walk<I> {
    type Item = Pair<'s>;

    fn next(&mut self) -> Option<Pair<'s>> {
        let order = match (self.before.peek(), self.after.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(before), Some(after)) if before.is(after) => Ordering::Equal,
            (Some(before), Some(after)) => before.entry.cmp(&after.entry),
        };
        Some(match order {
            Ordering::Less => (self.before.next(), None),
            Ordering::Greater => (None, self.after.next()),
            Ordering::Equal => (self.before.next(), self.after.next()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ResourceId, ResourceKind};

    #[test]
    fn resources_that_came_went_or_changed_are_found_and_equal_ones_are_not() {
        let source = |name: &str, text: &str| {
            Source::of(ResourceId::new(ResourceKind::Agent, name).unwrap(), format!("{name}.yaml"), text)
        };
        let document = Source::new("portcullis.yaml", "version: 1");
        let same = source("m", "1");
        let before = [document, source("a", "1"), source("c", "1"), same.clone(), source("p", "1")];
        let after = [source("b", "1"), source("c", "2"), same, source("p", "1"), source("z", "1")];
        let found = |before: &[Source], after: &[Source]| -> Vec<String> {
            let name = |source: Option<&Source>| {
                source.map_or("-".to_owned(), |s| format!("{}{}", s.entry.as_ref().unwrap().name(), s.text))
            };
            differing(before, after).map(|(b, a)| format!("{} {}", name(b), name(a))).collect()
        };
        assert_eq!(found(&before, &after), ["a1 -", "- b1", "c1 c2", "- z1"]);
        assert_eq!(found(&after, &after), [""; 0]);
        assert_eq!(found(&[], &after).len(), after.len());
    }
}
