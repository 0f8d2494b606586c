//! Files for their owner alone, which survive a crash: read within a bound, made once, and replaced whole.
//!
//! What stands in them, and what to do when they cannot be had, is for whoever keeps them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The owner may read and write.
const MODE: u32 = 0o600;

/// Reads a file of at most so many bytes.
///
/// # Errors
/// When it cannot be read, is no regular file, or is larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would block until somebody writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(text)
}

/// Makes a file that must not exist: of two processes that start at once, one makes it.
///
/// # Errors
/// When it exists, or cannot be written: then nothing is left of it.
pub fn make(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(text).and_then(|()| file.sync_all()).inspect_err(|_| {
        // The next start would reject half a file.
        let _removed = fs::remove_file(path);
    })
}

/// Replaces the file at `path` atomically: after a crash, either the old file or the new one is there.
///
/// # Errors
/// When the new one cannot be written.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // During an upgrade without downtime, two processes write here.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&fresh)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_made_once_and_replaced_whole_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        make(&path, b"1").unwrap();
        assert_eq!(make(&path, b"2").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((read(&path, 1).unwrap(), mode(&path)), (b"1".to_vec(), MODE));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"34").unwrap();
        assert_eq!((read(&path, 2).unwrap(), mode(&path)), (b"34".to_vec(), MODE));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
    }

    #[test]
    fn what_is_no_file_or_larger_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(read(&path, 9).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(read(folder.path(), 9).is_err());
        fs::write(&path, "12").unwrap();
        assert!(read(&path, 1).is_err());
    }
}
