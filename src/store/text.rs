//! One text that a store holds, and how it is read: whole, of bounded size, and UTF-8 or not at all.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::StoreError;

/// The largest text that is read, in bytes.
pub(super) const MAX_BYTES: u64 = 8 << 20;
/// What is asked of the system first. One resource is smaller, and there may be thousands.
const FIRST_READ: usize = 2048;

/// One text of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it stands.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// The text at `path`.
pub(super) fn read_text(path: &Path) -> Result<String, StoreError> {
    File::open(path)
        .map_err(|e| StoreError::unreadable(path, &e))
        .and_then(|file| read(path, file, MAX_BYTES))
}

/// The text at `path`, or `None` when there is no file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, StoreError> {
    read_up_to(MAX_BYTES, path)
}

/// The text of the file of this name in an open folder, or `None` when there is no such file. `path` is where it stands:
/// with thousands of files, walking there for each would cost as much as reading them.
pub(super) fn read_in(folder: &File, name: &OsStr, path: &Path) -> Result<Option<String>, StoreError> {
    match openat(folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(StoreError::unreadable(path, &error.into())),
        Ok(file) => read(path, File::from(file), MAX_BYTES).map(Some),
    }
}

/// What the store itself wrote at `path`, however large; `None` when there is no file.
pub(super) fn read_own(path: &Path) -> Result<Option<String>, StoreError> {
    read_up_to(u64::MAX, path)
}

fn read_up_to(limit: u64, path: &Path) -> Result<Option<String>, StoreError> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::unreadable(path, &error)),
        Ok(file) => read(path, file, limit).map(Some),
    }
}

/// The text of a resource, as a commit names what it starts from; `None` when nothing stands there, or nothing that is a
/// file. What is no text can be replaced as well: each byte that is none has a mark for it.
pub(super) fn read_resource(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => match read_if_there(path) {
            Err(StoreError::NotUtf8 { .. }) => marked(path),
            text => text,
        },
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::unreadable(path, &error)),
    }
}

/// What stands at `path`, with U+FFFD for each byte that is no text.
fn marked(path: &Path) -> Result<Option<String>, StoreError> {
    let unreadable = |error: &io::Error| StoreError::unreadable(path, error);
    let mut bytes = Vec::new();
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|e| unreadable(&e))?,
    };
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn read(path: &Path, file: File, limit: u64) -> Result<String, StoreError> {
    let mut bytes = Vec::with_capacity(FIRST_READ);
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(|e| StoreError::unreadable(path, &e))?;
    if read as u64 > limit {
        return Err(StoreError::TooLarge { path: path.to_owned(), limit });
    }
    // What is kept is kept for long, and by the thousand.
    bytes.shrink_to_fit();
    String::from_utf8(bytes)
        .map_err(|e| StoreError::NotUtf8 { path: path.to_owned(), offset: e.utf8_error().valid_up_to() })
}
