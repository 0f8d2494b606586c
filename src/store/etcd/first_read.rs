//! Reads all resources of a generation, in pages, as they were at one revision of etcd.

use etcd_client::GetOptions;

use super::content::{Content, Entry};
use super::fault::Fault;
use super::keys::{Keys, end_of};
use super::link::Link;

/// Resources in one page: with texts of a few hundred bytes a page stays far below what a connection carries at once.
const PAGE: i64 = 500;

/// Reads the generation as it was at etcd's revision `at`.
pub(super) async fn read(link: &Link, keys: &Keys, generation: u64, at: i64) -> Result<Content, Fault> {
    let mut content = Content::default();
    pages(link, keys, generation, at, false, |name, kv| {
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
    pages(link, keys, generation, at, true, |name, kv| {
        number += 1;
        same &= held.get(name).is_some_and(|entry| entry.changed == kv.mod_revision());
    })
    .await?;
    Ok(same && number == held.len())
}

async fn pages(
    link: &Link,
    keys: &Keys,
    generation: u64,
    at: i64,
    only_keys: bool,
    mut each: impl FnMut(&str, &etcd_client::KeyValue),
) -> Result<(), Fault> {
    let folder = keys.generation(generation);
    let end = end_of(&folder);
    let mut from = folder.into_bytes();
    loop {
        let mut options = GetOptions::new().with_range(end.clone()).with_limit(PAGE).with_revision(at);
        if only_keys {
            options = options.with_keys_only();
        }
        let page = link
            .ask(|mut kv| {
                let (from, options) = (from.clone(), options.clone());
                async move { kv.get(from, Some(options)).await }
            })
            .await?;
        for kv in page.kvs() {
            if let Some(name) = keys.entry_of(generation, kv.key()) {
                each(name, kv);
            }
        }
        let Some(last) = page.kvs().last().filter(|_| page.more()) else { return Ok(()) };
        // The first key after the last one.
        from = [last.key(), &[0]].concat();
    }
}
