//! Notifications of changes in folders (inotify(7)). This file does not choose the folders and does not interpret a
//! change.
//!
//! Only changes are subscribed. A subscription that includes opens gets an event for each file that a reload reads: at
//! ten thousand files, that was a seventh of the cost of the reload.

#[cfg(target_os = "linux")]
pub(super) use linux::Inotify;
#[cfg(not(target_os = "linux"))]
pub(super) use other::Inotify;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::Builder;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
    use tokio::sync::Notify;

    /// Bytes for the events of one read: 60 of the largest, each 16 bytes and a name of up to 256 (inotify(7)).
    const BUFFER: usize = 16 << 10;

    /// A set of folders, and a notification when something in them has changed.
    #[derive(Debug)]
    pub(in crate::store) struct Inotify {
        kernel: Arc<OwnedFd>,
        /// The kernel's number of each folder. One folder under two names has one number.
        watched: BTreeMap<PathBuf, i32>,
        stopped: Arc<AtomicBool>,
    }

    impl Inotify {
        pub(in crate::store) fn new(bell: Arc<Notify>) -> io::Result<Self> {
            let kernel = Arc::new(inotify::init(CreateFlags::CLOEXEC)?);
            let stopped = Arc::new(AtomicBool::new(false));
            let (events, stop) = (Arc::clone(&kernel), Arc::clone(&stopped));
            // A thread and no task: a store outlives the runtime in which it is first waited for.
            Builder::new().name("folders".to_owned()).spawn(move || listen(&events, &bell, &stop))?;
            Ok(Self { kernel, watched: BTreeMap::new(), stopped })
        }

        pub(in crate::store) fn watch(&mut self, folder: &Path) -> io::Result<()> {
            let changes = WatchFlags::ATTRIB
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::MODIFY
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF;
            let number = inotify::add_watch(&*self.kernel, folder, changes | WatchFlags::ONLYDIR)?;
            self.watched.insert(folder.to_owned(), number);
            Ok(())
        }

        pub(in crate::store) fn unwatch(&mut self, folder: &Path) {
            let Some(number) = self.watched.remove(folder) else { return };
            if !self.watched.values().any(|other| *other == number) {
                // The watch of a removed folder is already gone.
                let _gone = inotify::remove_watch(&*self.kernel, number);
            }
        }
    }

    impl Drop for Inotify {
        fn drop(&mut self) {
            self.stopped.store(true, Ordering::SeqCst);
            // The end of any watch wakes the thread, which then ends.
            if let Ok(number) = inotify::add_watch(&*self.kernel, "/", WatchFlags::DELETE_SELF) {
                let _woken = inotify::remove_watch(&*self.kernel, number);
            }
        }
    }

    fn listen(kernel: &OwnedFd, bell: &Notify, stopped: &AtomicBool) {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut events = inotify::Reader::new(kernel, &mut buffer);
        while !stopped.load(Ordering::SeqCst) {
            match events.next() {
                Ok(event) if is_change(event.events()) => bell.notify_one(),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "files are no longer watched; they are read now and then");
                    return;
                }
            }
        }
    }

    /// Whether an event is a change. The end of a watch is not: we removed it, or its folder was removed, which has an
    /// event of its own. An overflow is, because the lost events are unknown.
    const fn is_change(kind: ReadFlags) -> bool {
        !kind.contains(ReadFlags::IGNORED)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_end_of_a_watch_is_no_change_and_all_else_is() {
            for (kind, wanted) in [
                (ReadFlags::IGNORED, false),
                (ReadFlags::IGNORED.union(ReadFlags::ISDIR), false),
                (ReadFlags::MODIFY, true),
                (ReadFlags::DELETE_SELF, true),
                (ReadFlags::QUEUE_OVERFLOW, true),
            ] {
                assert_eq!(is_change(kind), wanted, "{kind:?}");
            }
        }

        #[tokio::test]
        async fn one_folder_under_two_names_is_watched_until_both_are_given_up_and_reading_rings_nothing() {
            let folder = tempfile::tempdir().unwrap();
            let (real, link) = (folder.path().join("real"), folder.path().join("link"));
            std::fs::create_dir(&real).unwrap();
            std::os::unix::fs::symlink(&real, &link).unwrap();
            std::fs::write(real.join("a"), "1").unwrap();
            let bell = Arc::new(Notify::new());
            let mut watcher = Inotify::new(Arc::clone(&bell)).unwrap();
            for name in [&real, &link] {
                watcher.watch(name).unwrap();
            }
            watcher.unwatch(&link);
            // What is read before the change would ring before it.
            assert_eq!(std::fs::read_to_string(real.join("a")).unwrap(), "1");
            assert_eq!(
                rustix::io::ioctl_fionread(&*watcher.kernel).unwrap(),
                0,
                "an event for what was read"
            );
            std::fs::write(real.join("a"), "2").unwrap();
            bell.notified().await;
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;
    use std::path::Path;
    use std::sync::Arc;

    use tokio::sync::Notify;

    /// Nothing: files are looked at once a second.
    #[derive(Debug)]
    pub(in crate::store) struct Inotify;

    impl Inotify {
        pub(in crate::store) fn new(_bell: Arc<Notify>) -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::store) fn watch(&mut self, _folder: &Path) -> io::Result<()> {
            Ok(())
        }

        pub(in crate::store) fn unwatch(&mut self, _folder: &Path) {}
    }
}
