//! A log in a file: opened again when it was moved away, and begun anew where it was removed.
//!
//! Who waits for whom is for `lines`: what this cannot write is lost there, and counted.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The owner writes and the group may read, whatever the umask of the process is: those who collect logs are others than those
/// who write them.
const MODE: u32 = 0o640;

/// A file to which lines are added. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogFile(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    path: PathBuf,
    now: Mutex<Now>,
}

/// What is open now.
#[derive(Debug)]
struct Now {
    file: File,
    /// Whether its last line was cut short.
    is_torn: bool,
    /// Whether the log of the process was told that nothing can be written.
    outage: bool,
}

impl LogFile {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// When it cannot be written to, or is a pipe.
    pub fn open(path: &Path) -> io::Result<Self> {
        let now = Now { file: open(path)?, is_torn: false, outage: false };
        Ok(Self(Arc::new(Parts { path: path.to_owned(), now: Mutex::new(now) })))
    }

    /// Opens the file of that name again, for another one may have it by now. Where that fails, lines go on into the one
    /// before. It may block.
    pub fn reopen(&self) {
        let path = &self.0.path;
        match open(path) {
            Ok(file) => {
                let mut now = self.now();
                (now.file, now.is_torn) = (file, false);
                tracing::info!(file = %path.display(), "the file of the log was opened again");
            }
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "the file of the log cannot be opened again; lines go on into the one before");
            }
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for LogFile {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.write_all(text).map(|()| text.len())
    }

    fn write_all(&mut self, text: &[u8]) -> io::Result<()> {
        let path = &self.0.path;
        let mut now = self.now();
        let added = now.add(path, text);
        let was = std::mem::replace(&mut now.outage, added.is_err());
        match &added {
            Err(error) if !was => {
                tracing::warn!(file = %path.display(), %error, "the log cannot be written; lines are dropped until it can");
            }
            Ok(()) if was => tracing::info!(file = %path.display(), "the log is written again"),
            Err(_) | Ok(()) => {}
        }
        added
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Now {
    fn add(&mut self, path: &Path, text: &[u8]) -> io::Result<()> {
        // What is written to a file that was removed is read by nobody.
        if self.file.metadata()?.nlink() == 0 {
            (self.file, self.is_torn) = (open(path)?, false);
        }
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut rest = text;
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    let (written, after) = rest.split_at(count.min(rest.len()));
                    (self.is_torn, rest) = (!written.ends_with(b"\n"), after);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Lines are given whole.
        self.is_torn = false;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe would block until somebody reads from it.
    if fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
        return Err(io::Error::other("it is a pipe: name a file, or write `stdout`"));
    }
    let mut options = OpenOptions::new();
    options.append(true).mode(MODE);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            file.set_permissions(Permissions::from_mode(MODE))?;
            Ok(file)
        }
        // Of one that is there, the mode is left alone.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.create(true).open(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_go_into_the_file_of_the_name_once_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
        fs::write(&path, "before\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let mut log = LogFile::open(&path).unwrap();
        log.write_all(b"1\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        log.write_all(b"2\n").unwrap();
        log.reopen();
        log.write_all(b"3\n").unwrap();
        assert_eq!((text(&moved), text(&path)), ("before\n1\n2\n".to_owned(), "3\n".to_owned()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&moved), mode(&path)), (0o600, MODE), "one that was there keeps its mode");
    }

    #[test]
    fn a_file_that_was_removed_is_made_anew_as_soon_as_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        let path = logs.join("access.log");
        assert_eq!(LogFile::open(&path).unwrap_err().kind(), ErrorKind::NotFound);
        fs::create_dir(&logs).unwrap();
        let mut log = LogFile::open(&path).unwrap();
        fs::remove_dir_all(&logs).unwrap();
        assert_eq!(log.write_all(b"lost\n").unwrap_err().kind(), ErrorKind::NotFound);
        log.reopen();
        assert!(log.write_all(b"lost\n").is_err());
        fs::create_dir(&logs).unwrap();
        log.write_all(b"1\n").unwrap();
        assert_eq!(text(&path), "1\n");
    }

    #[test]
    fn a_line_behind_one_that_was_cut_short_is_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mut log = LogFile::open(&path).unwrap();
        log.write_all(b"{\"cut").unwrap();
        log.now().is_torn = true;
        log.write_all(b"{}\n").unwrap();
        log.write_all(b"{}\n").unwrap();
        assert_eq!(text(&path), "{\"cut\n{}\n{}\n");
    }

    #[test]
    fn neither_a_pipe_nor_a_folder_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(LogFile::open(&pipe).unwrap_err().to_string().contains("pipe"));
        assert!(LogFile::open(folder.path()).is_err());
        assert!(LogFile::open(Path::new("/dev/full")).unwrap().write_all(b"1\n").is_err());
    }
}
