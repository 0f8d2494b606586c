//! Reads all resources of a generation, in pages, as they were at one revision of etcd.

use etcd_client::KeyValue;

use super::asking::Pages;
use super::content::{Content, Entry};
use super::fault::Fault;
use super::keys::Keys;
use super::link::Link;

/// Resources in one page: with texts of a few hundred bytes a page stays far below what a connection carries at once.
const PAGE: i64 = 500;

/// Reads the generation as it was at etcd's revision `at`.
pub(super) async fn read(link: &Link, keys: &Keys, generation: u64, at: i64) -> Result<Content, Fault> {
    let mut content = Content::default();
    each(link, keys, generation, Pages { at, size: PAGE, only_keys: false }, |name, kv| {
        let text = String::from_utf8_lossy(kv.value());
        content.put((name.to_owned(), Some(Entry::new(text, kv.mod_revision()))));
    })
    .await?;
    Ok(content)
}

/// Whether a generation has, at etcd's revision `at`, these very resources, each at the revision that is held.
pub(super) async fn is_as_held(
    link: &Link,
    keys: &Keys,
    generation: u64,
    at: i64,
    held: &Content,
) -> Result<bool, Fault> {
    let (mut number, mut same) = (0_usize, true);
    each(link, keys, generation, Pages { at, size: PAGE, only_keys: true }, |name, kv| {
        number += 1;
        same &= held.get(name).is_some_and(|entry| entry.changed == kv.mod_revision());
    })
    .await?;
    Ok(same && number == held.len())
}

async fn each(
    link: &Link,
    keys: &Keys,
    generation: u64,
    pages: Pages,
    mut each: impl FnMut(&str, &KeyValue),
) -> Result<(), Fault> {
    link.pages(&keys.generation(generation), pages, |kv| {
        if let Some(name) = keys.entry_of(generation, kv.key()) {
            each(name, kv);
        }
    })
    .await
}
