//! The key of sessions in `state_dir`: made at the first start, read at every start, so that sessions outlive the process.
//! A gateway without such a folder has a key for its own life.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::authn::SessionKeys;
use crate::private_file;

/// Its name in `state_dir`.
const NAME: &str = "session.key";
/// The most that is read, in bytes: two keys take 130, and what is longer is none of ours.
const LARGEST: u64 = 1024;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the session key {path} {why}", path = path.display())]
pub struct SessionKeyError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, and what to do.
    pub why: String,
}

/// The keys in `state_dir`, or one for the life of the process.
pub(super) fn keys(state_dir: Option<&Path>) -> Result<SessionKeys, SessionKeyError> {
    let path = state_dir.map(|folder| folder.join(NAME)).unwrap_or_default();
    let in_file = || match File::open(&path) {
        Ok(file) => read(file, &path),
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path),
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    let generated = || SessionKeys::generate().map_err(|error| error.to_string());
    let keys = if state_dir.is_some() { in_file() } else { generated() };
    keys.map_err(|why| SessionKeyError { path: path.clone(), why })
}

fn read(file: File, path: &Path) -> Result<SessionKeys, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    let keys = SessionKeys::parse(&text)
        .map_err(|bad| format!("{bad}; restore it, or remove it, which ends every session"))?;
    if about.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            mode = format!("{:o}", about.permissions().mode() & 0o777),
            "others than its owner can read the session key; run `chmod 600` on it"
        );
    }
    Ok(keys)
}

fn make(path: &Path) -> Result<SessionKeys, String> {
    let text = SessionKeys::new_text().map_err(|error| error.to_string())?;
    let cannot = |error: std::io::Error| format!("cannot be made: {error}");
    let bytes = text.expose_secret().as_bytes();
    private_file::make(path, bytes).map_err(cannot)?;
    SessionKeys::parse(bytes).map_err(|bad| bad.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_made_once_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = keys(Some(folder.path())).unwrap();
        let path = folder.path().join("session.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SessionKeys::parse(&fs::read(&path).unwrap()), Ok(first.clone()));
        assert_eq!(keys(Some(folder.path())).unwrap(), first);
        let (one, other) = (keys(None).unwrap(), keys(None).unwrap());
        assert!(one != other && one != first, "without a folder each process has its own");
    }

    #[test]
    fn a_key_of_the_operator_is_read_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{}\n{}\n", "02".repeat(32), "01".repeat(32));
        fs::write(folder.path().join("session.key"), &text).unwrap();
        assert_eq!(keys(Some(folder.path())).unwrap(), SessionKeys::new(&[2; 32], Some(&[1; 32])));
        assert_eq!(fs::read_to_string(folder.path().join("session.key")).unwrap(), text);
    }

    #[test]
    fn a_damaged_key_is_an_error_that_says_what_to_do_and_does_not_quote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.key");
        let half = "5e".repeat(16);
        for text in ["", "\n", &half, &format!("{half}{half}\n").repeat(64)] {
            fs::write(&path, text).unwrap();
            let message = keys(Some(folder.path())).unwrap_err().to_string();
            assert!(message.contains("session.key") && message.contains("ends every session"), "{message}");
            assert!(!message.contains("5e5e"), "{message}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(keys(Some(folder.path())).is_err(), "a folder");
        assert!(keys(Some(&folder.path().join("absent"))).is_err(), "no folder");
    }
}
