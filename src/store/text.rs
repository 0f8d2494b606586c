//! Reads one text of a store: whole, of bounded size, and valid UTF-8.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::StoreError;

/// The largest text, in bytes: the same as for a configuration file, with room for ten thousand agents in one.
pub(super) const MAX_BYTES: u64 = 8 << 20;
/// The buffer for the first read, in bytes: most resources are smaller, so one system call reads them, and there may be
/// thousands.
const FIRST_READ: usize = 2048;

/// One text of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its file.
    pub path: Arc<Path>,
    /// Its content. Shared with who holds it: there may be very many.
    pub text: Arc<str>,
}

/// The text at `path`, in `buffer`.
pub(super) fn read_text<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Result<&'b str, StoreError> {
    let file = File::open(path).map_err(|e| StoreError::unreadable(path, &e))?;
    read(|| path.to_owned(), file, MAX_BYTES, buffer)
}

/// The text at `path`, or `None` when there is no file.
pub(super) fn read_if_there<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Result<Option<&'b str>, StoreError> {
    read_up_to(MAX_BYTES, path, buffer)
}

/// The text of a file in an open folder, or `None` when there is none. `path` is for errors: resolving it for each of
/// thousands of files would cost as much as reading them.
pub(super) fn read_in<'b>(
    folder: &File,
    name: &OsStr,
    path: impl FnOnce() -> PathBuf,
    buffer: &'b mut Vec<u8>,
) -> Result<Option<&'b str>, StoreError> {
    match openat(folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(StoreError::unreadable(&path(), &error.into())),
        Ok(file) => read(path, File::from(file), MAX_BYTES, buffer).map(Some),
    }
}

/// A file that the store itself wrote, of any size; `None` when there is none.
pub(super) fn read_own(path: &Path) -> Result<Option<String>, StoreError> {
    Ok(read_up_to(u64::MAX, path, &mut Vec::new())?.map(str::to_owned))
}

fn read_up_to<'b>(limit: u64, path: &Path, buffer: &'b mut Vec<u8>) -> Result<Option<&'b str>, StoreError> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::unreadable(path, &error)),
        Ok(file) => read(|| path.to_owned(), file, limit, buffer).map(Some),
    }
}

/// The text of a resource as the precondition of a commit; `None` when there is no file. A file that is not UTF-8 can be
/// replaced too: its text has U+FFFD for each invalid byte.
pub(super) fn read_resource(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => match read_if_there(path, &mut Vec::new()) {
            Err(StoreError::NotUtf8 { .. }) => marked(path),
            text => Ok(text?.map(str::to_owned)),
        },
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::unreadable(path, &error)),
    }
}

/// The content of `path`, with U+FFFD for each invalid byte.
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

/// Reads a file into `buffer`, in place of what was there.
fn read(
    path: impl FnOnce() -> PathBuf,
    file: File,
    limit: u64,
    buffer: &mut Vec<u8>,
) -> Result<&str, StoreError> {
    buffer.clear();
    buffer.reserve(FIRST_READ);
    match file.take(limit.saturating_add(1)).read_to_end(buffer) {
        Err(error) => return Err(StoreError::unreadable(&path(), &error)),
        Ok(read) if read as u64 > limit => return Err(StoreError::TooLarge { path: path(), limit }),
        Ok(_) => {}
    }
    std::str::from_utf8(buffer)
        .map_err(|error| StoreError::NotUtf8 { path: path(), offset: error.valid_up_to() })
}
