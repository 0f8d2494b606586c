//! What was read last of a store's folders, and whether that still holds: what the kernel named since is read again, and
//! whatever is more than plain files that changed is left to a reading of all.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::time::{Duration, Instant};

use super::Text;
use super::heard::{Change, FolderId, Heard};
use super::layout::Layout;
use super::text::read_in;
use super::texts::Texts;
use super::watch::AT_LEAST_EVERY;
use crate::model::{ResourceId, ResourceKind};

/// What was read last.
#[derive(Debug, Default)]
pub(super) struct Held {
    texts: Texts,
    /// The folders in which that was read; `None` when all is to be read again.
    folders: Option<Folders>,
    /// The folders as they were when a reading of all files began.
    reading: Option<Folders>,
    /// When the last reading of all files began.
    whole_at: Option<Instant>,
}

/// Each folder; `None` of one that is not there.
type Folders = [Option<FolderId>; ResourceKind::ALL.len()];

/// The files of one kind that may have changed.
pub(super) type Changed = (ResourceKind, BTreeSet<OsString>);

impl Held {
    /// The time since the last reading of all files.
    pub(super) fn age(&self) -> Duration {
        self.whole_at.map(|at| at.elapsed()).unwrap_or_default()
    }

    /// The files that may have changed since the last reading, and no others; `None` where nobody knows.
    pub(super) fn changed(&self, layout: &Layout, heard: &Heard) -> Option<Vec<Changed>> {
        let same = self.folders.as_ref() == Some(&folders(layout)) && self.age() < AT_LEAST_EVERY;
        let of = |(kind, folder): (ResourceKind, &Option<FolderId>)| match folder {
            Some(folder) => match heard.of(&layout.folder(kind), *folder) {
                Change::Files(names) => Some((kind, names.clone())),
                Change::Anything => None,
            },
            // There is nothing in a folder that is not there.
            None => Some((kind, BTreeSet::new())),
        };
        ResourceKind::ALL.into_iter().zip(self.folders.as_ref().filter(|_| same)?).map(of).collect()
    }

    /// Reads these files again, and gives all; `None` where that is not enough.
    pub(super) fn read(&mut self, layout: &Layout, all: bool, changed: &[Changed]) -> Option<Texts> {
        let is_whole = self.folders.is_some_and(|folders| !all || folders.iter().all(Option::is_some));
        let done = is_whole && changed.iter().try_for_each(|of| self.read_some(layout, of)).is_some();
        if !done {
            self.folders = None;
        }
        done.then(|| self.texts.clone())
    }

    fn read_some(&mut self, layout: &Layout, (kind, names): &Changed) -> Option<()> {
        if names.is_empty() {
            return Some(());
        }
        let place = layout.folder(*kind);
        let folder = File::open(&place).ok()?;
        let mut buffer = Vec::new();
        for name in names.iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")) {
            let path = place.join(name);
            // What is no resource is warned of, and a link has a target.
            let id = Layout::resource(*kind, name)?;
            let is_plain = fs::symlink_metadata(&path).map_or(true, |meta| meta.is_file());
            let text =
                if is_plain { read_in(&folder, name, || path, &mut buffer).ok()? } else { return None };
            match text {
                Some(text) => {
                    let known = self.texts.find(*kind, id.name()).map(|(_, text)| text);
                    let text = held_text(layout, &id, known, text);
                    self.texts.put(id, text);
                }
                None => self.texts.remove(&id),
            }
        }
        Some(())
    }

    /// Begins to read all files: what was held before. Until the end, that is not enough for anybody.
    pub(super) fn begin(&mut self, layout: &Layout, now: Instant) -> Texts {
        (self.folders, self.whole_at) = (None, Some(now));
        // Before they are read, so that another folder in the place of one is seen next time.
        self.reading = Some(folders(layout));
        self.texts.clone()
    }

    /// All files were read. `is_plain` when there is nothing among them but files that could be read.
    pub(super) fn end(&mut self, texts: Texts, is_plain: bool) {
        self.texts = texts;
        self.folders = self.reading.take().filter(|_| is_plain);
    }
}

fn folders(layout: &Layout) -> Folders {
    ResourceKind::ALL.map(|kind| FolderId::at(&layout.folder(kind)))
}

/// The text of a resource: the very one of before while it says the same, so that it is held once.
pub(super) fn held_text(layout: &Layout, id: &ResourceId, known: Option<&Text>, text: &str) -> Text {
    match known {
        Some(known) if *known.text == *text => known.clone(),
        Some(known) => Text { path: known.path.clone(), text: text.into() },
        None => Text { path: layout.file(id).into(), text: text.into() },
    }
}
