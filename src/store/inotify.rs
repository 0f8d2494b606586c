//! Notifications of changes in folders (inotify(7)), and which files they name. This file does not choose the folders and
//! does not interpret a change.
//!
//! Only changes are subscribed. A subscription that includes opens gets an event for each file that a reload reads: at
//! ten thousand files, that was a seventh of the cost of the reload.

#[cfg(target_os = "linux")]
pub(super) use linux::{Ear, Inotify};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{Ear, Inotify};

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread::Builder;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
    use rustix::io::Errno;
    use tokio::sync::Notify;

    use crate::store::heard::{FolderId, Heard};

    /// Bytes for the events of one read: 60 of the largest, each 16 bytes and a name of up to 256 (inotify(7)).
    const BUFFER: usize = 16 << 10;

    /// A set of folders, and a notification when something in them has changed.
    #[derive(Debug)]
    pub(in crate::store) struct Inotify(Arc<Ear>);

    /// What hears of changes: a thread that waits for them, and whoever asks.
    #[derive(Debug)]
    pub(in crate::store) struct Ear {
        kernel: OwnedFd,
        bell: Arc<Notify>,
        heard: Mutex<Heard>,
        stopped: AtomicBool,
    }

    impl Inotify {
        pub(in crate::store) fn new(bell: Arc<Notify>) -> io::Result<Self> {
            let ear = Arc::new(Ear {
                kernel: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
                bell,
                heard: Mutex::default(),
                stopped: AtomicBool::new(false),
            });
            let there = Arc::clone(&ear);
            // A thread and no task: a store outlives the runtime in which it is first waited for.
            Builder::new().name("folders".to_owned()).spawn(move || there.listen())?;
            Ok(Self(ear))
        }

        pub(in crate::store) const fn ear(&self) -> &Arc<Ear> {
            &self.0
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
            // Nobody hears an event before its folder is among those that are listened to.
            let mut heard = self.0.heard();
            let before = FolderId::at(folder);
            let number = inotify::add_watch(&self.0.kernel, folder, changes | WatchFlags::ONLYDIR)?;
            // Where another folder was put there meanwhile, nobody knows which one is watched.
            heard.listen(folder, number, before.filter(|before| FolderId::at(folder) == Some(*before)));
            Ok(())
        }

        /// Whether the kernel still tells of this folder: of one that was removed it does not, also when another one has its
        /// inode.
        pub(in crate::store) fn watches(&self, folder: &Path) -> bool {
            self.0.heard().listens(folder)
        }

        pub(in crate::store) fn unwatch(&mut self, folder: &Path) {
            if let Some(number) = self.0.heard().give_up(folder) {
                // The watch of a removed folder is already gone.
                let _gone = inotify::remove_watch(&self.0.kernel, number);
            }
        }
    }

    impl Drop for Inotify {
        fn drop(&mut self) {
            self.0.stopped.store(true, Ordering::SeqCst);
            // The end of any watch wakes the thread, which then ends.
            if let Ok(number) = inotify::add_watch(&self.0.kernel, "/", WatchFlags::DELETE_SELF) {
                let _woken = inotify::remove_watch(&self.0.kernel, number);
            }
        }
    }

    impl Ear {
        /// What was heard since this was asked last, up to now: an event is in the kernel's queue before the call returns
        /// that made the change.
        pub(in crate::store) fn take(&self) -> Heard {
            let mut heard = self.heard();
            if let Err(error) = self.hear(&mut heard) {
                tracing::error!(%error, "what changed in folders cannot be told; all files are read");
                heard.deaf();
            }
            heard.take()
        }

        fn listen(&self) {
            while !self.stopped.load(Ordering::SeqCst) {
                let waited = match poll(&mut [PollFd::new(&self.kernel, PollFlags::IN)], None) {
                    Ok(_) => self.hear(&mut self.heard()),
                    Err(Errno::INTR) => Ok(()),
                    Err(error) => Err(error),
                };
                if let Err(error) = waited {
                    tracing::error!(%error, "files are no longer watched; they are read now and then");
                    self.heard().deaf();
                    return;
                }
            }
        }

        /// Takes all events out of the kernel's queue, and rings when one is a change: also for those who wait for one while
        /// another asks.
        fn hear(&self, heard: &mut Heard) -> Result<(), Errno> {
            let mut buffer = [MaybeUninit::uninit(); BUFFER];
            let mut events = inotify::Reader::new(&self.kernel, &mut buffer);
            loop {
                match events.next() {
                    Ok(event) => {
                        let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                        if take_in(heard, event.wd(), event.events(), name) {
                            self.bell.notify_one();
                        }
                    }
                    Err(Errno::AGAIN) => return Ok(()),
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error),
                }
            }
        }

        fn heard(&self) -> MutexGuard<'_, Heard> {
            self.heard.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Notes an event; whether it is a change. The end of a watch is none: we removed it, or its folder was removed, which
    /// has an event of its own. An overflow is, because the lost events are unknown.
    fn take_in(heard: &mut Heard, number: i32, kind: ReadFlags, name: Option<&OsStr>) -> bool {
        if kind.contains(ReadFlags::IGNORED) {
            heard.ended(number);
            return false;
        }
        if kind.contains(ReadFlags::QUEUE_OVERFLOW) {
            heard.lost();
        } else {
            heard.changed(number, name.filter(|_| !kind.contains(ReadFlags::ISDIR)));
        }
        true
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
                assert_eq!(take_in(&mut Heard::default(), 1, kind, None), wanted, "{kind:?}");
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
                rustix::io::ioctl_fionread(&watcher.0.kernel).unwrap(),
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

    use crate::store::heard::Heard;

    /// Nothing: files are looked at once a second.
    #[derive(Debug)]
    pub(in crate::store) struct Inotify(Arc<Ear>);

    /// Hears nothing.
    #[derive(Debug)]
    pub(in crate::store) struct Ear;

    impl Ear {
        pub(in crate::store) fn take(&self) -> Heard {
            Heard::default()
        }
    }

    impl Inotify {
        pub(in crate::store) fn new(_bell: Arc<Notify>) -> io::Result<Self> {
            Ok(Self(Arc::new(Ear)))
        }

        pub(in crate::store) const fn ear(&self) -> &Arc<Ear> {
            &self.0
        }

        pub(in crate::store) fn watch(&mut self, _folder: &Path) -> io::Result<()> {
            Ok(())
        }

        pub(in crate::store) fn watches(&self, _folder: &Path) -> bool {
            true
        }

        pub(in crate::store) fn unwatch(&mut self, _folder: &Path) {}
    }
}
