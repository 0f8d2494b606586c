//! The access of a process to the folder of a store: as its writer, as a later writer, or read-only.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::durable::{make_folder, sweep};
use super::layout::Layout;
use super::lock::{Lock, LockError};
use super::{StoreError, WriteError};

/// Whether, and from when, a process writes to the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// From the start: opening fails while another process does.
    Now,
    /// From its first commit on: it takes over from a process that still runs.
    Later,
    /// Never: it creates neither files nor folders.
    Never,
}

/// The write access of this process. The mutex is never held during I/O, so that reads do not wait for a slow disk.
#[derive(Debug)]
pub(super) struct Access(Mutex<Right>);

#[derive(Debug)]
enum Right {
    Held(Lock),
    Open,
    Never(String),
}

/// Why the folder is not held.
enum NotHeld {
    Locked,
    Refused { path: PathBuf, error: io::Error },
}

impl Access {
    /// Acquires write access, if `writer` asks for it now.
    pub(super) fn new(layout: &Layout, writer: Writer) -> Result<Self, StoreError> {
        let right = match writer {
            Writer::Now => hold_or_read(layout)?,
            Writer::Later => Right::Open,
            Writer::Never => Right::Never("this process only reads the configuration".to_owned()),
        };
        Ok(Self(Mutex::new(right)))
    }

    /// Whether this process is the writer.
    pub(super) fn is_held(&self) -> bool {
        matches!(*self.right(), Right::Held(_))
    }

    /// Why this process never writes; `None` when it does or may.
    pub(super) fn read_only(&self) -> Option<String> {
        match &*self.right() {
            Right::Never(why) => Some(why.clone()),
            Right::Held(_) | Right::Open => None,
        }
    }

    /// Makes this process the writer, if it is not yet.
    pub(super) fn become_writer(&self, layout: &Layout) -> Result<(), WriteError> {
        let mut right = self.right();
        match &*right {
            Right::Held(lock) if lock.stands() => return Ok(()),
            Right::Never(why) => return Err(WriteError::ReadOnly(why.clone())),
            // The locked folder was replaced by another one.
            Right::Held(_) => *right = Right::Open,
            Right::Open => {}
        }
        match hold(layout) {
            Ok(lock) => *right = Right::Held(lock),
            Err(NotHeld::Locked) => return Err(WriteError::Locked(locked(layout))),
            Err(NotHeld::Refused { path, error }) => return Err(WriteError::failed(&path, &error)),
        }
        Ok(())
    }

    fn right(&self) -> MutexGuard<'_, Right> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hold_or_read(layout: &Layout) -> Result<Right, StoreError> {
    match hold(layout) {
        Ok(lock) => Ok(Right::Held(lock)),
        Err(NotHeld::Locked) => Err(StoreError::Locked { folder: layout.root().to_owned() }),
        Err(NotHeld::Refused { path, error }) if !layout.root().is_dir() => {
            Err(StoreError::Unmade { path, why: error.to_string() })
        }
        Err(NotHeld::Refused { path, error }) => {
            let why = format!("the store cannot be changed: {} cannot be written: {error}", path.display());
            tracing::warn!("{why}");
            Ok(Right::Never(why))
        }
    }
}

/// Creates the folders and acquires the lock.
fn hold(layout: &Layout) -> Result<Lock, NotHeld> {
    for folder in layout.folders() {
        make_folder(&folder).map_err(|error| NotHeld::Refused { path: folder, error })?;
    }
    let lock = Lock::take(layout.lock()).map_err(|error| match error {
        LockError::Held => NotHeld::Locked,
        LockError::Io(error) => NotHeld::Refused { path: layout.lock(), error },
    })?;
    layout.folders().for_each(|folder| sweep(&folder));
    Ok(lock)
}

fn locked(layout: &Layout) -> String {
    format!(
        "{} is held by another portcullis, which writes to it; when that one has gone, try again",
        layout.root().display()
    )
}
