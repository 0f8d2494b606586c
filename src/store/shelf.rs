//! Reads the resources in the folders of a store: all files, or those that changed since, where that is known.
//!
//! Not by their dates: those miss a write within a tick of the clock. What is known is what the kernel tells of the folders,
//! and now and then all files are read, whatever it told: it does not tell of what another machine writes, or a mapping.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::held::{Held, held_text};
use super::inotify::Ear;
use super::layout::Layout;
use super::text::{read_if_there, read_in, read_resource, read_text};
use super::texts::Texts;
use super::watch::AT_LEAST_EVERY;
use super::{StoreError, Text, Unreadable};
use crate::model::{ResourceId, ResourceKind};

/// The shortest time until the next look, in case a reading of all files is due and nobody reads.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// A reader of resources, which remembers what it read, symbolic links, and files to warn about.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Files that are not resources; each is logged once.
    strays: Mutex<BTreeSet<PathBuf>>,
    /// Resources that are symbolic links: they change when their target does.
    links: Mutex<Vec<PathBuf>>,
    held: Mutex<Held>,
    /// Whether the next reading reads all files, whatever is known.
    anew: AtomicBool,
}

/// A file that was found.
struct Found<'h> {
    id: ResourceId,
    /// What it said last.
    known: Option<&'h Text>,
    is_link: bool,
}

impl Shelf {
    /// All resources. With `all`, a missing folder is an error and not empty: it existed before and may be a volume that is
    /// not mounted. `ear` has heard of changes in the folders.
    pub(super) fn read(
        &self,
        layout: &Layout,
        all: bool,
        ear: Option<&Ear>,
    ) -> Result<(Texts, Vec<Unreadable>), StoreError> {
        // One after the other: what was heard is told once.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = ear.map(Ear::take).unwrap_or_default();
        let anew = self.anew.swap(false, Ordering::SeqCst);
        let changed = held.changed(layout, &heard).filter(|_| !anew);
        if let Some(texts) = changed.and_then(|changed| held.read(layout, all, &changed)) {
            return Ok((texts, Vec::new()));
        }
        self.read_all(&mut held, layout, all)
    }

    /// Makes the next reading one of all files.
    pub(super) fn read_anew(&self) {
        self.anew.store(true, Ordering::SeqCst);
    }

    /// How long what is held may go unread.
    pub(super) fn patience(&self) -> Duration {
        // While somebody reads, this is no time to wait.
        let age = self.held.try_lock().map_or(AT_LEAST_EVERY, |held| held.age());
        AT_LEAST_EVERY.saturating_sub(age).max(AT_MOST_EVERY)
    }

    fn read_all(
        &self,
        held: &mut Held,
        layout: &Layout,
        all: bool,
    ) -> Result<(Texts, Vec<Unreadable>), StoreError> {
        let before = held.begin(layout, Instant::now());
        let mut texts = Vec::new();
        let mut failed = Vec::new();
        let mut links = Vec::new();
        let mut buffer = Vec::new();
        for kind in ResourceKind::ALL {
            let folder = layout.folder(kind);
            let unreadable = |error: &io::Error| StoreError::unreadable(&folder, error);
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !all => continue,
                entries => entries.map_err(|e| unreadable(&e))?,
            };
            let opened = File::open(&folder).ok();
            for entry in entries {
                let entry = entry.map_err(|e| unreadable(&e))?;
                let name = entry.file_name();
                let Some(Found { id, known, is_link }) = self.resource(kind, &entry, &name, &before) else {
                    continue;
                };
                // A file removed during the reading does not exist; a dangling link is a mistake.
                let text = match (is_link, &opened) {
                    (true, _) => read_text(&entry.path(), &mut buffer).map(Some),
                    (false, Some(opened)) => read_in(opened, &name, || entry.path(), &mut buffer),
                    (false, None) => read_if_there(&entry.path(), &mut buffer),
                };
                match text {
                    Ok(text) => {
                        texts.extend(text.map(|text| (id.clone(), held_text(layout, &id, known, text))))
                    }
                    Err(why) => {
                        let path = entry.path();
                        failed.push(Unreadable { id, from: read_resource(&path), path, why });
                    }
                }
                if is_link {
                    links.push(entry.path());
                }
            }
        }
        let texts: Texts = texts.into_iter().collect();
        held.end(texts.clone(), links.is_empty() && failed.is_empty());
        *self.links.lock().unwrap_or_else(PoisonError::into_inner) = links;
        Ok((texts, failed))
    }

    /// The symbolic links of the last reading.
    pub(super) fn links(&self) -> Vec<PathBuf> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The resource of an entry.
    fn resource<'h>(
        &self,
        kind: ResourceKind,
        entry: &DirEntry,
        name: &OsString,
        before: &'h Texts,
    ) -> Option<Found<'h>> {
        if name.as_encoded_bytes().starts_with(b".") {
            return None;
        }
        // Some file systems do not report the type of an entry; reading the file tells.
        let (is_file, is_link) =
            entry.file_type().map_or((true, false), |kind| (kind.is_file(), kind.is_symlink()));
        let known = Layout::name(name).and_then(|name| before.find(kind, name));
        let id = known.map(|(id, _)| id.clone()).or_else(|| Layout::resource(kind, name));
        let id = id.filter(|_| is_file || is_link);
        // A dangling link is a resource that cannot be read.
        let id = id.filter(|_| !is_link || fs::metadata(entry.path()).map_or(true, |meta| meta.is_file()));
        if id.is_none() {
            self.complain(&entry.path());
        }
        Some(Found { id: id?, known: known.map(|(_, text)| text), is_link })
    }

    fn complain(&self, path: &Path) {
        if self.strays.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
            tracing::warn!(path = %path.display(), "not a file named NAME.yaml; it is ignored");
        }
    }
}
