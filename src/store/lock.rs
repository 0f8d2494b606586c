//! The lock of the one writer of a folder. The kernel releases it when the process ends, however that happens.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A held lock.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

/// Why the lock was not acquired.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another process has it.
    Held,
    /// The system call failed.
    Io(io::Error),
}

impl Lock {
    /// Acquires the lock without waiting.
    pub(super) fn take(path: PathBuf) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        let lock = Self { path, file };
        // The file may have been replaced between opening and locking.
        if lock.stands() { Ok(lock) } else { Err(LockError::Held) }
    }

    /// Whether the locked file is still the one at the path, which another process would lock.
    pub(super) fn stands(&self) -> bool {
        let same = |path: &Path, file: &File| -> io::Result<bool> {
            let (there, ours) = (fs::metadata(path)?, file.metadata()?);
            Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino()))
        };
        same(&self.path, &self.file).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let first = Lock::take(path.clone()).unwrap();
        assert!(first.stands());
        assert!(matches!(Lock::take(path.clone()), Err(LockError::Held)));
        drop(first);
        assert!(Lock::take(path).is_ok());
        assert!(matches!(Lock::take(dir.path().join("none/.lock")), Err(LockError::Io(_))));
    }

    #[test]
    fn a_lock_on_a_removed_file_is_not_valid() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let first = Lock::take(path.clone()).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(!first.stands());
        let second = Lock::take(path).unwrap();
        assert!(second.stands() && !first.stands());
    }
}
