//! The resources in the three folders of a store, as they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::journal::Direction;
use super::layout::Layout;
use super::text::{read_if_there, read_in, read_text};
use super::{Record, StoreError};
use crate::model::{ResourceId, ResourceKind};

/// The text of each resource.
pub(super) type Resources = BTreeMap<ResourceId, String>;

/// Reads resources, and remembers what it met on the way.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Files that are nobody's, so that each is complained about once.
    strays: Mutex<BTreeSet<PathBuf>>,
    /// Resources that are links: they change where they point to.
    links: Mutex<Vec<PathBuf>>,
}

impl Shelf {
    /// Everything that stands there. `all`: a folder that is missing is an error, not an empty one, since it was
    /// there before and may be a volume that is not mounted.
    pub(super) fn read(&self, layout: &Layout, all: bool) -> Result<Resources, StoreError> {
        let mut resources = Resources::new();
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
                let Some((id, link)) = self.resource(kind, &entry)? else { continue };
                let path = entry.path();
                // One that is removed while the folder is read is simply gone; a link to nowhere is a mistake.
                let text = match (link, &opened) {
                    (true, _) => Some(read_text(&path)?),
                    (false, Some(opened)) => read_in(opened, &entry.file_name(), &path)?,
                    (false, None) => read_if_there(&path)?,
                };
                if link {
                    links.push(path);
                }
                resources.extend(text.map(|text| (id, text)));
            }
        }
        *self.links.lock().unwrap_or_else(PoisonError::into_inner) = links;
        Ok(resources)
    }

    /// Where the last reading met links.
    pub(super) fn links(&self) -> Vec<PathBuf> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which resource an entry holds, and whether it is a link.
    fn resource(
        &self,
        kind: ResourceKind,
        entry: &DirEntry,
    ) -> Result<Option<(ResourceId, bool)>, StoreError> {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            return Ok(None);
        }
        let path = entry.path();
        let unreadable = |error: &io::Error| StoreError::unreadable(&path, error);
        let file_type = entry.file_type().map_err(|e| unreadable(&e))?;
        let id = Layout::resource(kind, &name).filter(|_| file_type.is_file() || file_type.is_symlink());
        let Some(id) = id else {
            self.complain(&path);
            return Ok(None);
        };
        if file_type.is_symlink() && !fs::metadata(&path).map_err(|e| unreadable(&e))?.is_file() {
            self.complain(&path);
            return Ok(None);
        }
        Ok(Some((id, file_type.is_symlink())))
    }

    fn complain(&self, path: &Path) {
        if self.strays.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
            tracing::warn!(path = %path.display(), "not a file named NAME.yaml; it is ignored");
        }
    }
}

/// Takes resources that were read before or while a commit took place to what they are after it.
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
