//! The last good key sets on disk, one file per provider, so that the gateway can start while a provider is down.
//!
//! Only public keys are written. A file is replaced atomically, and records its provider and when that last confirmed
//! the keys, so that they serve no other provider and expire across restarts.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Instant;
use crate::private_file;

use super::{KeySet, KeySetError, ProviderSpec, parse_key_set};

/// The version of the file format; there is one so far, and files of others are rejected.
const VERSION: u32 = 1;
/// How far a confirmation may be in the future: clocks drift by minutes, and a larger gap means that one of the clocks
/// was wrong, so that the age of the keys is not known.
const AHEAD: Duration = Duration::from_secs(300);
/// The largest file, in bytes: above a set of 1,000 RSA keys of 8192 bits at under 2 kB each.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A folder with the last good key sets.
#[derive(Debug)]
pub struct StateDir(PathBuf);

/// Why the state folder, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// The system call failed.
    #[error("{path}: {cause}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file is damaged or not one of ours.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The content of a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    issuer: String,
    source: String,
    insecure_http: bool,
    /// Milliseconds since the epoch.
    last_success: u64,
    jwks: Value,
}

impl StateDir {
    /// Opens the folder `keys` inside `path`, and creates both if they are missing, with mode 0700.
    ///
    /// # Errors
    /// When the folder cannot be created or is not writable.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StateDirError> {
        let keys = path.as_ref().join("keys");
        let io = |cause| StateDirError::Io { path: keys.clone(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(&keys).map_err(io)?;
        fs::set_permissions(&keys, Permissions::from_mode(0o700)).map_err(io)?;
        let this = Self(keys.clone());
        // A read-only folder is an error at start, not at the first fetch.
        let probe = keys.join(".probe");
        private_file::replace(&probe, b"").map_err(io)?;
        fs::remove_file(&probe).map_err(io)?;
        Ok(this)
    }

    /// The stored keys of a provider, and when they were last confirmed. `None` when there are none, or only those of
    /// another issuer or source.
    pub(super) fn load(
        &self,
        spec: &ProviderSpec,
        now: Instant,
    ) -> Result<Option<(KeySet, Instant)>, StateDirError> {
        let path = self.file_of(spec);
        let text = match private_file::read(&path, MAX_FILE) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(StateDirError::Io { path, cause }),
        };
        let damaged = |why: String| StateDirError::Damaged { path: path.clone(), why };
        let kept: Kept = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        if kept.version != VERSION {
            return Err(damaged(format!("version {} is not known", kept.version)));
        }
        let whose = (kept.issuer.as_str(), kept.source, kept.insecure_http);
        if whose != (spec.issuer.as_str(), spec.source.to_string(), spec.insecure_http) {
            return Ok(None);
        }
        let at = Instant::from_duration(Duration::from_millis(kept.last_success));
        if at > now.plus(AHEAD) {
            // Clamping to `now` would make the keys new with each start, so that they never expire.
            return Err(damaged(format!("it was confirmed at {at}, and now it is {now}")));
        }
        match parse_key_set(kept.jwks.to_string().as_bytes(), spec.algorithms) {
            Ok(parsed) => Ok(Some((parsed.keys, at.min(now)))),
            // The policy allows fewer algorithms than when the file was written.
            Err(KeySetError::NoUsableKey(_)) => Ok(None),
            Err(error) => Err(damaged(error.to_string())),
        }
    }

    /// Writes the keys of a provider, confirmed at `last_success`.
    pub(super) fn save(
        &self,
        spec: &ProviderSpec,
        keys: &KeySet,
        last_success: Instant,
    ) -> Result<(), StateDirError> {
        let path = self.file_of(spec);
        let kept = Kept {
            version: VERSION,
            issuer: spec.issuer.to_string(),
            source: spec.source.to_string(),
            insecure_http: spec.insecure_http,
            last_success: u64::try_from(last_success.since_epoch().as_millis()).unwrap_or(u64::MAX),
            jwks: keys.to_jwks(),
        };
        serde_json::to_vec(&kept)
            .map_err(io::Error::other)
            .and_then(|text| private_file::replace(&path, &text))
            .map_err(|cause| StateDirError::Io { path, cause })
    }

    fn file_of(&self, spec: &ProviderSpec) -> PathBuf {
        // The grammar of names excludes every character with a meaning in paths.
        self.0.join(format!("{}.json", spec.name))
    }
}

#[cfg(test)]
mod tests;
