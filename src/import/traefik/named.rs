//! What refers to what, by name.

use super::super::item::Item;

/// The thing of that name.
pub(super) fn find<'a>(all: &[(&'a str, Item<'a>)], name: &str) -> Option<Item<'a>> {
    all.iter().find(|(known, _)| *known == bare(name)).map(|(_, item)| *item)
}

/// A name without the provider behind it (`name@file`).
pub(super) fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}
