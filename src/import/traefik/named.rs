//! What refers to what, by name.

use super::super::item::Item;

/// The thing of that name, unless it is one of another provider than files (`name@docker`).
pub(super) fn find<'a>(all: &[(&'a str, Item<'a>)], name: &str) -> Option<Item<'a>> {
    let (name, provider) = name.split_once('@').unwrap_or((name, "file"));
    let found = all.iter().find(|(known, _)| *known == name && provider == "file");
    found.map(|(_, item)| *item)
}

/// A name without the provider behind it (`name@file`).
pub(super) fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}
