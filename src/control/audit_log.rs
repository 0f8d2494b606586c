//! Where the audit log goes: lines that are added and never changed.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

/// The name of the log in a folder.
const NAME: &str = "audit.jsonl";

/// A place that takes the lines of the audit log. It is no part of a store: a change that is live is logged, and what is
/// logged is never read back.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds one line, which ends with a line break, and sees to it that it stays.
    ///
    /// # Errors
    /// What the system says; the line may be missing then, or cut.
    async fn append(&self, line: Vec<u8>) -> io::Result<()>;
}

/// The log in a file. It is opened anew for each line, so that it may be moved away at any time.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
}

impl AuditFile {
    /// The log in this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(NAME) }
    }
}

#[async_trait]
impl AuditLog for AuditFile {
    async fn append(&self, line: Vec<u8>) -> io::Result<()> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || append(&path, &line)).await?
    }
}

fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(line)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn lines_are_added_to_a_file_that_is_its_owners_alone_and_that_may_be_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let (log, path) = (AuditFile::in_folder(folder.path()), folder.path().join("audit.jsonl"));
        for line in ["1\n", "2\n"] {
            log.append(line.into()).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::rename(&path, folder.path().join("audit.jsonl.1")).unwrap();
        log.append("3\n".into()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "3\n");
        assert!(AuditFile::in_folder(&folder.path().join("none")).append(Vec::new()).await.is_err());
    }
}
