//! Reads the resources in the three folders of a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::journal::Direction;
use super::layout::Layout;
use super::text::{read_if_there, read_in, read_resource, read_text};
use super::{Record, StoreError, Unreadable};
use crate::model::{ResourceId, ResourceKind};

/// The text of each resource.
pub(super) type Resources = BTreeMap<ResourceId, String>;

/// A reader of resources, which remembers symbolic links and files to warn about.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Files that are not resources; each is logged once.
    strays: Mutex<BTreeSet<PathBuf>>,
    /// Resources that are symbolic links: they change when their target does.
    links: Mutex<Vec<PathBuf>>,
}

impl Shelf {
    /// All resources. With `all`, a missing folder is an error and not empty: it existed before and may be a volume that is
    /// not mounted.
    pub(super) fn read(
        &self,
        layout: &Layout,
        all: bool,
    ) -> Result<(Resources, Vec<Unreadable>), StoreError> {
        let mut resources = Resources::new();
        let mut failed = Vec::new();
        let mut links = Vec::new();
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
                let Some((id, link)) = self.resource(kind, &entry) else { continue };
                let path = entry.path();
                // A file removed during the reading does not exist; a dangling link is a mistake.
                let text = match (link, &opened) {
                    (true, _) => read_text(&path).map(Some),
                    (false, Some(opened)) => read_in(opened, &entry.file_name(), &path),
                    (false, None) => read_if_there(&path),
                };
                match text {
                    Ok(text) => resources.extend(text.map(|text| (id, text))),
                    Err(why) => {
                        let from = read_resource(&path);
                        failed.push(Unreadable { id, path: path.clone(), why, from });
                    }
                }
                if link {
                    links.push(path);
                }
            }
        }
        *self.links.lock().unwrap_or_else(PoisonError::into_inner) = links;
        Ok((resources, failed))
    }

    /// The symbolic links of the last reading.
    pub(super) fn links(&self) -> Vec<PathBuf> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The resource of an entry, and whether the entry is a symbolic link.
    fn resource(&self, kind: ResourceKind, entry: &DirEntry) -> Option<(ResourceId, bool)> {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            return None;
        }
        let path = entry.path();
        // Some file systems do not report the type of an entry; reading the file tells.
        let (file, link) =
            entry.file_type().map_or((true, false), |kind| (kind.is_file(), kind.is_symlink()));
        let id = Layout::resource(kind, &name).filter(|_| file || link);
        // A dangling link is a resource that cannot be read.
        let id = id.filter(|_| !link || fs::metadata(&path).map_or(true, |meta| meta.is_file()));
        if id.is_none() {
            self.complain(&path);
        }
        Some((id?, link))
    }

    fn complain(&self, path: &Path) {
        if self.strays.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
            tracing::warn!(path = %path.display(), "not a file named NAME.yaml; it is ignored");
        }
    }
}

/// Applies a commit to resources that were read before it or during it.
pub(super) fn bring_up(resources: &mut Resources, record: &Record, direction: Direction) {
    for change in &record.commit.changes {
        let (before, after) = direction.ends(change);
        if resources.get(&change.id) == before.as_ref() {
            match after {
                Some(text) => resources.insert(change.id.clone(), text.clone()),
                None => resources.remove(&change.id),
            };
        }
    }
}
