//! The sink of the audit log, which is append-only.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::private_file;

/// The name of the log in a folder.
const NAME: &str = "audit.jsonl";

/// A sink for the lines of the audit log. It is separate from the store: a change is logged once it is live, and the log
/// is never read back.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends one line, including its line break, durably.
    ///
    /// # Errors
    /// The system's error; the line may be missing or truncated.
    async fn append(&self, line: Vec<u8>) -> io::Result<()>;
}

/// The log in a file. It is opened for each line, so that it can be rotated at any time.
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
    private_file::give_to_owner_of_folder(&file, path);
    file.write_all(line)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn lines_are_appended_to_a_file_for_its_owner_only_which_can_be_rotated() {
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
