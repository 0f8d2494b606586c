//! Atomic, durable replacement of files: written under a temporary name, flushed, then renamed. Files are readable by
//! their owner only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::WriteError;
use super::layout::{is_unnamed, unnamed};

/// Writes the future content of `path` under its temporary name.
pub(super) fn stage(path: &Path, text: &str) -> Result<(), WriteError> {
    let new = unnamed(path);
    let write = || -> io::Result<()> {
        drop_file(&new)?;
        // Do not follow a symbolic link that somebody planted.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| {
        discard(path);
        WriteError::failed(path, &error)
    })
}

/// Renames the staged file to `path`. A symbolic link there is replaced, not its target.
pub(super) fn name(path: &Path) -> Result<(), WriteError> {
    fs::rename(unnamed(path), path).map_err(|error| WriteError::failed(path, &error))
}

/// Removes the staged file.
pub(super) fn discard(path: &Path) {
    if let Err(error) = drop_file(&unnamed(path)) {
        tracing::warn!(path = %path.display(), %error, "a file that was not finished cannot be removed");
    }
}

/// Stages a text and renames it to `path`.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), WriteError> {
    stage(path, text)?;
    name(path).inspect_err(|_| discard(path))
}

/// Removes a file; a missing one is not an error.
pub(super) fn remove(path: &Path) -> Result<(), WriteError> {
    drop_file(path).map_err(|error| WriteError::failed(path, &error))
}

/// Renames a file within its folder.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), WriteError> {
    fs::rename(from, to).map_err(|error| WriteError::failed(to, &error))
}

/// Flushes a folder, so that its names survive a crash.
pub(super) fn flush(folder: &Path) -> Result<(), WriteError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|error| WriteError::failed(folder, &error))
}

/// Creates a folder and its missing parents, durably.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    above.map_or(Ok(()), make_folder)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        // Another process created it first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(above.unwrap_or(Path::new("."))).and_then(|above| above.sync_all()),
    }
}

/// Removes the temporary files of a writer that died.
pub(super) fn sweep(folder: &Path) {
    let left = fs::read_dir(folder).into_iter().flatten().flatten().filter(|e| is_unnamed(&e.file_name()));
    for entry in left {
        if let Err(error) = fs::remove_file(entry.path()) {
            tracing::warn!(path = %entry.path().display(), %error, "an unfinished file cannot be removed");
        }
    }
}

fn drop_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut all: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }

    #[test]
    fn a_file_is_replaced_atomically_and_readable_by_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "what stood there, and was longer").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(dir.path()), ["a.yaml"]);
        let folder = dir.path().join("deep/down");
        make_folder(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a.yaml"), dir.path().join("other"));
        fs::write(&other, "not ours").unwrap();
        symlink(&other, &path).unwrap();
        symlink(&other, unnamed(&path)).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(!path.is_symlink());
        assert_eq!(fs::read_to_string(&other).unwrap(), "not ours");
    }

    #[test]
    fn a_failed_rename_leaves_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::create_dir(&path).unwrap();
        assert!(matches!(replace(&path, "new"), Err(WriteError::Failed { full: false, .. })));
        assert_eq!(names(dir.path()), ["a.yaml"]);
        assert!(matches!(stage(&dir.path().join("none/b"), "new"), Err(WriteError::Failed { .. })));
    }

    #[test]
    fn only_unfinished_files_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let names_before =
            ["a.yaml", ".a.yaml.new", ".pending.json.new", ".a.yaml.swp", ".keep", ".my.new", "b.new"];
        for name in names_before {
            fs::write(dir.path().join(name), "").unwrap();
        }
        sweep(dir.path());
        assert_eq!(names(dir.path()), [".a.yaml.swp", ".keep", ".my.new", "a.yaml", "b.new"]);
        sweep(&dir.path().join("none"));
    }
}
