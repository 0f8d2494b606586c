//! Notifies when a file may have changed, also when a symbolic link on its path was swapped (as Kubernetes does) or the
//! file was replaced (as editors do).
//!
//! It watches folders, not files, because a replaced file has another inode. It leaves what really changed to reading.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::inotify::{Ear, Inotify};

/// Events within this time of each other are one notification: an editor saves a file in several system calls.
const SETTLE: Duration = Duration::from_millis(50);
/// The longest delay for joining events, so that a folder with constant writes still notifies, well within a second.
const SETTLE_AT_MOST: Duration = Duration::from_millis(300);
/// The interval of polling: rarely on Linux, for file systems without events (such as NFS), and every second on systems
/// without inotify, where polling finds every change.
pub(super) const AT_LEAST_EVERY: Duration =
    Duration::from_secs(if cfg!(target_os = "linux") { 30 } else { 1 });

/// Watches the folders of some files.
#[derive(Debug)]
pub(super) struct FileWatch {
    bell: Arc<Notify>,
    watcher: Option<Inotify>,
    /// Folders by path and by identity: a folder may be replaced by another.
    folders: BTreeSet<(PathBuf, Option<u64>)>,
}

impl FileWatch {
    /// A watch without files.
    #[must_use]
    pub(super) fn new() -> Self {
        let bell = Arc::new(Notify::new());
        let watcher = Inotify::new(Arc::clone(&bell))
            .map_err(|error| tracing::warn!(%error, "files are not watched; they are read now and then"))
            .ok();
        Self { bell, watcher, folders: BTreeSet::new() }
    }

    /// Watches these folders, those of these files and of what they point to, and no others.
    pub(super) fn follow(&mut self, files: &[PathBuf], folders: &[impl AsRef<Path>]) {
        let mut wanted: BTreeSet<PathBuf> = folders.iter().map(|f| f.as_ref().to_owned()).collect();
        for file in files {
            wanted.extend(folder_of(file));
            wanted.extend(std::fs::canonicalize(file).ok().as_deref().and_then(folder_of));
        }
        let which = |folder: &Path| std::fs::metadata(folder).ok().map(|meta| meta.ino());
        let wanted =
            wanted.into_iter().map(|folder| (which(&folder), folder)).map(|(ino, f)| (f, ino)).collect();
        let Some(watcher) = &mut self.watcher else { return };
        self.folders.retain(|(folder, _)| watcher.watches(folder));
        for (gone, _) in self.folders.difference(&wanted) {
            watcher.unwatch(gone);
        }
        let mut watched: BTreeSet<_> = self.folders.intersection(&wanted).cloned().collect();
        for new in wanted.difference(&self.folders) {
            match watcher.watch(&new.0) {
                Ok(()) => {
                    watched.insert(new.clone());
                    // A change before the watch was set must not be missed.
                    self.bell.notify_one();
                }
                Err(error) => {
                    tracing::debug!(folder = %new.0.display(), %error, "a folder cannot be watched");
                }
            }
        }
        self.folders = watched;
    }

    /// What hears of changes in the folders, where something does.
    pub(super) fn ear(&self) -> Option<&Arc<Ear>> {
        self.watcher.as_ref().map(Inotify::ear)
    }

    /// Waits for a notification, at most this long. Cancel-safe: a dropped future loses no notification.
    pub(super) async fn rung(&self, at_most: Duration) {
        if tokio::time::timeout(at_most, self.bell.notified()).await.is_ok() {
            let mut ring = Ring { bell: &self.bell, heard: false };
            // Let a writer finish, because one change is often several events, but not for ever: a folder may be
            // written to all the time.
            let settle = async { while tokio::time::timeout(SETTLE, self.bell.notified()).await.is_ok() {} };
            let _settled = tokio::time::timeout(SETTLE_AT_MOST, settle).await;
            ring.heard = true;
        }
    }
}

/// A notification that is settling. Dropped before it has settled, it notifies again.
struct Ring<'a> {
    bell: &'a Notify,
    heard: bool,
}

impl Drop for Ring<'_> {
    fn drop(&mut self) {
        if !self.heard {
            self.bell.notify_one();
        }
    }
}

impl Default for FileWatch {
    fn default() -> Self {
        Self::new()
    }
}

fn folder_of(file: &Path) -> Option<PathBuf> {
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_folder_that_is_written_to_all_the_time_still_notifies() {
        let watch = FileWatch { bell: Arc::default(), watcher: None, folders: BTreeSet::new() };
        let bell = Arc::clone(&watch.bell);
        let busy = tokio::spawn(async move {
            loop {
                bell.notify_one();
                tokio::time::sleep(SETTLE / 2).await;
            }
        });
        let began = tokio::time::Instant::now();
        watch.rung(AT_LEAST_EVERY).await;
        assert!(began.elapsed() <= SETTLE + SETTLE_AT_MOST, "{:?}", began.elapsed());
        busy.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_dropped_while_it_settles_loses_no_notification() {
        let watch = FileWatch { bell: Arc::default(), watcher: None, folders: BTreeSet::new() };
        watch.bell.notify_one();
        let given_up = tokio::time::timeout(SETTLE / 2, watch.rung(AT_LEAST_EVERY)).await;
        assert!(given_up.is_err());
        let began = tokio::time::Instant::now();
        watch.rung(AT_LEAST_EVERY).await;
        watch.bell.notify_one();
        watch.rung(AT_LEAST_EVERY).await;
        assert!(began.elapsed() < AT_LEAST_EVERY, "{:?}", began.elapsed());
        // A settled notification is over.
        watch.rung(AT_LEAST_EVERY).await;
        assert!(began.elapsed() >= AT_LEAST_EVERY, "{:?}", began.elapsed());
    }
}
