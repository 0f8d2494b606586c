//! The file of a snapshot: written whole for its owner alone, and read only when it is undamaged, private and of the store
//! that is asked for.

use std::fs::DirBuilder;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::{NamedTexts, SnapshotError, SnapshotHead, StoreSnapshot, format};
use crate::private_file::{self, Users};

/// Its name in the folder.
const NAME: &str = "store.snapshot";
/// The buffer, in bytes: texts are small, and a system call each would take longer than the rest.
const BUFFER: usize = 256 << 10;

/// The file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile(PathBuf);

impl SnapshotFile {
    /// The one in this folder, whether it is there or not.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self(folder.join(NAME))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Replaces it. After a crash, the old one or the new one is there. Blocks.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(
        &self,
        head: &SnapshotHead,
        resources: &dyn NamedTexts,
        denials: &dyn NamedTexts,
    ) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        private_file::sweep(&self.0);
        private_file::replace_with(&self.0, |file| {
            let mut buffered = BufWriter::with_capacity(BUFFER, file);
            format::write(&mut buffered, head, resources, denials)?;
            buffered.flush()
        })
    }

    /// Reads it, for the store at `prefix`, which has the id `store_id` if that is known. Blocks.
    ///
    /// # Errors
    /// Why there is none that can be used.
    pub fn load(&self, prefix: &str, store_id: Option<&str>) -> Result<StoreSnapshot, SnapshotError> {
        let path = || self.0.clone();
        let file = private_file::open(&self.0, Users::Owner).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SnapshotError::Absent(path()),
            _ => SnapshotError::Unusable { path: path(), why: error.to_string() },
        })?;
        let read = format::read(&mut BufReader::with_capacity(BUFFER, file));
        let snapshot = read.map_err(|why| SnapshotError::Damaged { path: path(), why })?;
        let of = &snapshot.head;
        if of.prefix != prefix {
            let why = format!("expected the prefix {prefix}, found {}", of.prefix);
            return Err(SnapshotError::Foreign { path: path(), why });
        }
        if let Some(wanted) = store_id.filter(|id| *id != of.store_id) {
            let why = format!("expected the store {wanted}, found {}", of.store_id);
            return Err(SnapshotError::Foreign { path: path(), why });
        }
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn head() -> SnapshotHead {
        SnapshotHead { prefix: "/p/".into(), store_id: "a1".into(), head: "{}".into() }
    }

    fn texts(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), format!("text of {name}\n"))).collect()
    }

    #[test]
    fn a_snapshot_is_kept_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = SnapshotFile::in_folder(&folder.path().join("made/on demand"));
        assert!(matches!(file.load("/p/", None), Err(SnapshotError::Absent(_))));
        let (resources, denials) = (texts(&["agents/a", "agents/b"]), texts(&["k1"]));
        file.save(&head(), &resources, &denials).unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        let read = file.load("/p/", Some("a1")).unwrap();
        assert_eq!(read, StoreSnapshot { head: head(), resources, denials });
        file.save(&head(), &texts(&[]), &texts(&[])).unwrap();
        assert!(file.load("/p/", None).unwrap().resources.is_empty());
        assert_eq!(fs::read_dir(file.path().parent().unwrap()).unwrap().count(), 1, "nothing else is there");
    }

    #[test]
    fn a_snapshot_of_others_of_another_store_or_damaged_is_not_used_and_the_error_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = SnapshotFile::in_folder(folder.path());
        file.save(&head(), &texts(&["agents/a"]), &texts(&[])).unwrap();
        let why = |prefix, id| file.load(prefix, id).unwrap_err().to_string();
        assert!(why("/q/", None).contains("expected the prefix /q/, found /p/"));
        assert!(why("/p/", Some("b2")).contains("expected the store b2, found a1"));
        fs::set_permissions(file.path(), Permissions::from_mode(0o644)).unwrap();
        assert!(why("/p/", None).contains("mode 644"), "{}", why("/p/", None));
        fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
        let whole = fs::read(file.path()).unwrap();
        fs::write(file.path(), whole.get(..whole.len() / 2).unwrap()).unwrap();
        assert!(why("/p/", None).contains("damaged") && why("/p/", None).contains("store.snapshot"));
        fs::remove_file(file.path()).unwrap();
        fs::create_dir(file.path()).unwrap();
        assert!(why("/p/", None).contains("not a regular file"));
    }
}
