//! The file with the token of the control API: created at the first start, read at every start. A new token needs a
//! restart, which also ends every session.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::Secret;
use crate::private_file;

use super::random;

/// The largest token file, in bytes: a token must fit into a header field, which most programs limit to 8 KiB.
const LARGEST: u64 = 4096;
/// The shortest token, in characters: 128 bits when they are hexadecimal digits.
const SHORTEST: usize = 32;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("the token file {path} {why}", path = path.display())]
pub struct TokenFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, and what to do.
    pub why: String,
}

/// Reads the token, or creates the file with a random one when it is absent.
///
/// # Errors
/// When the file cannot be read or created, or holds no token.
pub fn token(path: &Path) -> Result<Secret, TokenFileError> {
    let error = |why: String| TokenFileError { path: path.to_path_buf(), why };
    match File::open(path) {
        Ok(file) => read(file, path).map_err(error),
        Err(e) if e.kind() == ErrorKind::NotFound => match make(path) {
            Ok(token) => {
                tracing::info!(path = %path.display(), "made the token file of the control API");
                Ok(token)
            }
            Err(why) => Err(error(why)),
        },
        Err(e) => Err(error(format!("cannot be read: {e}"))),
    }
}

/// Reads the token of a running gateway; never creates the file.
///
/// # Errors
/// When the file cannot be read, or holds no token.
pub fn read_token(path: &Path) -> Result<Secret, TokenFileError> {
    let error = |why: String| TokenFileError { path: path.to_path_buf(), why };
    let file = File::open(path).map_err(|e| error(format!("cannot be read: {e}")))?;
    read(file, path).map_err(error)
}

fn read(file: File, path: &Path) -> Result<Secret, String> {
    let unreadable = |e: std::io::Error| format!("cannot be read: {e}");
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    let token = text.trim();
    if token.is_empty() {
        return Err("is empty; remove it, and a new one is made".to_owned());
    }
    // A token with other characters could not be sent in a header field.
    if token.len() < SHORTEST || text.len() as u64 > LARGEST || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "holds no token: one line of {SHORTEST} or more visible characters; remove it, and a new one is made"
        ));
    }
    if about.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            mode = format!("{:o}", about.permissions().mode() & 0o777),
            "others than its owner can read the token of the control API; run `chmod 600` on it"
        );
    }
    tracing::info!(path = %path.display(), "the token of the control API was read");
    Ok(Secret::new(token.to_owned()))
}

fn make(path: &Path) -> Result<Secret, String> {
    let token = random::text().map_err(|e| e.to_string())?;
    let cannot = |e: std::io::Error| format!("cannot be made: {e}");
    private_file::make(path, format!("{token}\n").as_bytes()).map_err(cannot)?;
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_token_file_is_created_once_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        let first = token(&path).unwrap();
        assert_eq!(first.expose_secret().len(), 43);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", first.expose_secret()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(token(&path).unwrap().expose_secret(), first.expose_secret());
    }

    #[test]
    fn a_file_of_the_operator_is_read_and_left_as_it_is_also_when_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        let text = "correct-horse-battery-staple-in-a-file";
        fs::write(&path, format!("{text}\r\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(token(&path).unwrap().expose_secret(), text);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_file_without_a_token_is_an_error_that_does_not_quote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.token");
        let long = "x".repeat(5000);
        for text in [
            "",
            " \n",
            "short",
            "two lines of text\nare not one token",
            "gr\u{fc}n-gr\u{fc}n-gr\u{fc}n-gr\u{fc}n",
            &long,
        ] {
            fs::write(&path, text).unwrap();
            let message = token(&path).unwrap_err().to_string();
            assert!(message.contains("remove it"), "{message}");
            assert!(text.trim().is_empty() || !message.contains(text.trim()), "{message}");
        }
        assert!(token(folder.path()).is_err(), "a folder");
        assert!(token(&folder.path().join("absent/admin.token")).is_err(), "no folder");
    }
}
