//! Files for their owner alone, which survive a crash: opened or read within a bound, made once, replaced whole, and changed by
//! one process at a time.
//!
//! What stands in them, and what to do when they cannot be had, is for whoever keeps them.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;
use std::time::{Duration, Instant};

/// The owner may read and write.
const MODE: u32 = 0o600;
/// Ends the name of a file that is being written, after the number of the process.
const UNFINISHED: &str = ".new";
/// Between two looks at a lock that another process holds: it writes a file meanwhile, which takes some milliseconds.
const LOCK_LOOK: Duration = Duration::from_millis(5);

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

/// Who may use a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// Its owner alone.
    Owner,
    /// Its group may read it as well: Kubernetes shows the files of a Secret to a process that is not root in no other way.
    OwnerAndReadersInGroup,
}

/// Opens a file that nobody else may use.
///
/// # Errors
/// When it cannot be opened, is no regular file, or others may read or write it.
pub fn open(path: &Path, users: Users) -> io::Result<File> {
    // Opening a pipe would block until somebody writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(path)?;
    // Of what was opened, because the name may stand for another file by now.
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let others = match users {
        Users::Owner => 0o077,
        Users::OwnerAndReadersInGroup => 0o037,
    };
    if mode & others != 0 {
        let message = format!("others than its owner may use it (mode {mode:03o}): run `chmod 600` on it");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(file)
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
    replace_with(path, |file| file.write_all(text))
}

/// Likewise, for a file that is written piece by piece.
///
/// # Errors
/// When the new one cannot be written, or `write` fails: then nothing is left of it.
pub fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    // During an upgrade without downtime, two processes write here.
    let fresh = path.with_extension(format!("{}{UNFINISHED}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&fresh)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&fresh, path)).inspect_err(|_| {
        let _removed = fs::remove_file(&fresh);
    })?;
    File::open(folder(path))?.sync_all()
}

/// The right to change what a lock stands for, until this is dropped, or its process has ended.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is held as long as this is")] File);

/// Waits at most `within` for the lock at `path`, which one process holds at a time. The file itself stays: only its lock counts.
///
/// # Errors
/// When it cannot be opened, or another process holds it for all that time ([`io::ErrorKind::TimedOut`]).
pub fn lock(path: &Path, within: Duration) -> io::Result<Lock> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).open(path)?;
    give_to_owner_of_folder(&file, path);
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::WouldBlock) if began.elapsed() < within => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the kernel tells nobody within a time that a lock is free; no request waits here"
                )]
                std::thread::sleep(LOCK_LOOK);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds the lock"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Gives a file that root has made to the owner of its folder: a command that root runs writes where a gateway reads as another
/// user. Where that is not allowed, it stays root's.
pub fn give_to_owner_of_folder(file: &File, path: &Path) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    if let Ok(folder) = fs::metadata(folder(path)) {
        let _not_allowed = fchown(file, Some(folder.uid()), Some(folder.gid()));
    }
}

/// Removes what processes that were killed while they replaced the file left behind.
pub fn sweep(path: &Path) {
    let (Some(stem), Ok(entries)) = (path.file_stem(), fs::read_dir(folder(path))) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let written_by = || {
            let rest = name.to_str()?.strip_prefix(stem.to_str()?)?.strip_prefix('.')?;
            rest.strip_suffix(UNFINISHED)?.parse::<u32>().ok()
        };
        let is_left = |by: u32| by == std::process::id() || !Path::new(&format!("/proc/{by}")).exists();
        if written_by().is_some_and(is_left) {
            let _another_start_removes_it = fs::remove_file(entry.path());
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

    #[test]
    fn only_a_regular_file_of_its_owner_alone_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        make(&path, b"1").unwrap();
        for (mode, owner, group) in [
            (0o600, true, true),
            (0o400, true, true),
            (0o440, false, true),
            (0o640, false, true),
            (0o620, false, false),
            (0o604, false, false),
            (0o602, false, false),
            (0o644, false, false),
            (0o777, false, false),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            for (users, opens) in [(Users::Owner, owner), (Users::OwnerAndReadersInGroup, group)] {
                let opened = open(&path, users);
                assert_eq!(opened.is_ok(), opens, "{mode:o} {users:?}");
                assert!(opened.err().is_none_or(|e| e.to_string().contains(&format!("{mode:o}"))));
            }
        }
        assert!(open(folder.path(), Users::Owner).is_err(), "a folder");
        let absent = open(&folder.path().join("b"), Users::Owner).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_lock_has_one_holder_at_a_time_and_is_waited_for_within_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let long = Duration::from_secs(60);
        let held = lock(&path, Duration::ZERO).unwrap();
        assert_eq!(mode(&path), MODE);
        assert_eq!(lock(&path, LOCK_LOOK * 2).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let next = std::thread::spawn({
            let path = path.clone();
            move || lock(&path, long).map(drop)
        });
        drop(held);
        next.join().unwrap().unwrap();
        lock(&path, Duration::ZERO).unwrap();
        assert_eq!(lock(&folder.path().join("none/a"), long).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_a_killed_process_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let (own, gone, alive) = (std::process::id(), u32::MAX, std::os::unix::process::parent_id());
        let names = [format!("a.{own}.new"), format!("a.{gone}.new")];
        let others = [
            format!("a.{alive}.new"),
            "a.json".into(),
            "a.new".into(),
            "a.x.new".into(),
            format!("b.{gone}.new"),
        ];
        names.iter().chain(&others).for_each(|name| fs::write(folder.path().join(name), "").unwrap());
        sweep(&path);
        assert!(names.iter().all(|name| !folder.path().join(name).exists()));
        assert!(others.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn a_file_that_cannot_be_written_whole_leaves_the_old_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"1").unwrap();
        let half = |file: &mut File| file.write_all(b"2").and(Err(io::Error::other("full")));
        assert!(replace_with(&path, half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
