//! Where the gateway keeps the keys that it makes: a file for its owner alone, or the memory of the process.
//!
//! Several processes may use the file, such as `portcullis jwks rotate` beside a gateway. Who changes it reads it first, under a
//! lock, so that no key is lost; nobody needs one to read.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::key_error::KeyError;
use super::key_plan::{KeyPlan, NextKey};
use super::key_ring::KeyRing;
use super::private_set::{self, DatedKey};
use crate::model::{Instant, SigningAlgorithm};
use crate::private_file;

/// The name of the file in the folder for state.
const NAME: &str = "signing.json";
/// The largest file, in bytes: three keys have under 1 KiB.
const MAX_FILE: u64 = 1024 * 1024;
/// The longest wait for another process that changes the file, which takes it some milliseconds: one that was stopped halfway
/// must hold nobody up for long.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Where the keys are.
#[derive(Debug)]
pub enum KeyStore {
    /// In this file, whose lock stands beside it.
    File(PathBuf),
    /// In memory, for the life of the process.
    Memory(Mutex<Vec<DatedKey>>),
}

/// Why the keys cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The system call failed.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file does not hold keys. It is left as it is.
    #[error("{path}: {cause}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: KeyError,
    },
    /// No key could be made.
    #[error("{0}")]
    Key(KeyError),
}

impl KeyStore {
    /// The store in a folder, or in memory where there is none.
    #[must_use]
    pub fn of(folder: Option<&Path>) -> Self {
        folder.map_or_else(|| Self::Memory(Mutex::default()), |folder| Self::File(folder.join(NAME)))
    }

    /// The keys, after those are made and dropped that the plan says. Waits for at most some seconds for another process that
    /// changes them, and where nothing is to change for nobody.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn follow(&self, plan: &KeyPlan, now: Instant) -> Result<KeyRing, KeyStoreError> {
        let mut keys = self.read()?;
        if !plan.is_met(&keys, now) {
            // Another process may have changed them meanwhile.
            keys = self.change(|keys| plan.succeed(keys, now).map(|()| keys.clone()))?;
        }
        Ok(KeyRing::planned(&keys, plan, now))
    }

    /// Makes the next key of each of these algorithms ahead of its time, but where one waits already.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn add_next(
        &self,
        plan: &KeyPlan,
        algorithms: &BTreeSet<SigningAlgorithm>,
        now: Instant,
    ) -> Result<Vec<NextKey>, KeyStoreError> {
        self.change(|keys| plan.add_next(keys, algorithms, now))
    }

    /// The keys that are there, in the order of their times.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self) -> Result<Vec<DatedKey>, KeyStoreError> {
        match self {
            Self::Memory(keys) => Ok(keys.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Self::File(path) => read(path),
        }
    }

    /// Changes the keys. Nobody else does so between reading and writing them.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<DatedKey>) -> Result<T, KeyError>,
    ) -> Result<T, KeyStoreError> {
        match self {
            Self::Memory(keys) => {
                change(&mut keys.lock().unwrap_or_else(PoisonError::into_inner)).map_err(KeyStoreError::Key)
            }
            Self::File(path) => {
                let _held = hold(path)?;
                let mut keys = read(path)?;
                let before = kids(&keys);
                let done = change(&mut keys).map_err(KeyStoreError::Key)?;
                if kids(&keys) != before {
                    write(path, &keys)?;
                }
                Ok(done)
            }
        }
    }
}

impl KeyStoreError {
    fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io { path: path.to_owned(), cause }
    }
}

fn read(path: &Path) -> Result<Vec<DatedKey>, KeyStoreError> {
    let text = match private_file::read(path, MAX_FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(KeyStoreError::io(path, cause)),
    };
    let mut keys =
        private_set::read(&text).map_err(|cause| KeyStoreError::Damaged { path: path.to_owned(), cause })?;
    keys.sort_by_key(|dated| dated.made);
    Ok(keys)
}

/// The right to change the file, whose folder is made where there is none.
fn hold(path: &Path) -> Result<private_file::Lock, KeyStoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| KeyStoreError::io(folder, cause))?;
    let lock = path.with_extension("lock");
    private_file::lock(&lock, LOCK_WAIT).map_err(|cause| KeyStoreError::io(&lock, cause))
}

fn write(path: &Path, keys: &[DatedKey]) -> Result<(), KeyStoreError> {
    let text = private_set::write(keys);
    let write = |file: &mut fs::File| {
        // Root may have asked for the next key, and the gateway runs as another user.
        private_file::give_to_owner_of_folder(file, path);
        file.write_all(text.expose_secret().as_bytes())
    };
    private_file::replace_with(path, write).map_err(|cause| KeyStoreError::io(path, cause))
}

fn kids(keys: &[DatedKey]) -> Vec<String> {
    keys.iter().map(|dated| dated.key.kid().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::schedule::Schedule;
    use super::*;

    const DAY: u64 = 86_400;
    const SCHEDULE: Schedule =
        Schedule { rotate: Duration::from_secs(30 * DAY), publish_before: Duration::from_secs(DAY) };

    fn plan() -> KeyPlan {
        KeyPlan { schedule: SCHEDULE, algorithms: BTreeSet::from([SigningAlgorithm::Es256]) }
    }

    fn kid(ring: &KeyRing) -> String {
        ring.signer(SigningAlgorithm::Es256).unwrap().kid().to_owned()
    }

    fn published(ring: &KeyRing) -> Vec<String> {
        let set: serde_json::Value = serde_json::from_str(ring.published()).unwrap();
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn keys_follow_each_other_and_each_is_published_before_and_after_it_signs() {
        let folder = tempfile::tempdir().unwrap();
        for store in [KeyStore::of(Some(&folder.path().join("state"))), KeyStore::of(None)] {
            let at = |days: u64| store.follow(&plan(), Instant::from_unix(days * DAY)).unwrap();
            let first = kid(&at(100));
            assert_eq!((kid(&at(129)), published(&at(129)).len()), (first.clone(), 1));
            let second = published(&at(130)).pop().unwrap();
            assert_eq!(
                (kid(&at(130)), published(&at(130))),
                (first.clone(), vec![first.clone(), second.clone()])
            );
            assert_eq!(
                (kid(&at(131)), published(&at(131))),
                (second.clone(), vec![first.clone(), second.clone()])
            );
            let third = published(&at(160)).pop().unwrap();
            assert_eq!(published(&at(160)), [first, second.clone(), third.clone()]);
            assert_eq!((kid(&at(161)), published(&at(161))), (third.clone(), vec![second, third]));
        }
    }

    #[test]
    fn the_file_is_for_its_owner_alone_and_another_process_goes_on_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::from_unix(100 * DAY);
        let one = KeyStore::of(Some(folder.path())).follow(&plan(), now).unwrap();
        let other = KeyStore::of(Some(folder.path())).follow(&plan(), now).unwrap();
        assert_eq!(one, other);
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["signing.json", "signing.lock"], "nothing else is left there");
    }

    #[test]
    fn the_next_key_is_made_ahead_of_its_time_once() {
        let (store, now) = (KeyStore::of(None), Instant::from_unix(100 * DAY));
        let first = store.follow(&plan(), now).unwrap();
        let add = || store.add_next(&plan(), &plan().algorithms, now).unwrap();
        let next = add().pop().unwrap();
        assert!(add().is_empty());
        assert_eq!(kid(&store.follow(&plan(), now).unwrap()), kid(&first));
        let later = store.follow(&plan(), now.plus(SCHEDULE.publish_before)).unwrap();
        assert_eq!(kid(&later), next.key.kid());
    }

    /// As root, who may give files away, the owner of the folder is another one than who writes.
    #[test]
    fn the_file_belongs_to_the_owner_of_its_folder_whoever_writes_it() {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let folder = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
        }
        let (store, now) = (KeyStore::of(Some(folder.path())), Instant::from_unix(100 * DAY));
        store.follow(&plan(), now).unwrap();
        assert_eq!(store.add_next(&plan(), &plan().algorithms, now).unwrap().len(), 1);
        let owner = |path: &Path| fs::metadata(path).unwrap().uid();
        for name in [NAME, "signing.lock"] {
            assert_eq!(owner(&folder.path().join(name)), owner(folder.path()), "{name}");
        }
    }

    /// Each holds what it has read for a while, as a slow disk would have it.
    #[test]
    fn of_writers_at_once_none_loses_the_key_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let add = |nth: u64| {
            let store = KeyStore::of(Some(folder.path()));
            let added = store.change(|keys| {
                let next = DatedKey::generate(SigningAlgorithm::EdDsa, Instant::from_unix(nth))?;
                keys.push(next.clone());
                std::thread::yield_now();
                Ok(next.key.kid().to_owned())
            });
            added.unwrap()
        };
        let mut added: Vec<String> = std::thread::scope(|scope| {
            let writers: Vec<_> = (1..=8).map(|nth| scope.spawn(move || add(nth))).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let mut kept = kids(&KeyStore::of(Some(folder.path())).read().unwrap());
        added.sort();
        kept.sort();
        assert_eq!(kept, added);
    }

    #[test]
    fn a_look_waits_for_nobody_while_nothing_is_to_change() {
        let folder = tempfile::tempdir().unwrap();
        let (store, now) = (KeyStore::of(Some(folder.path())), Instant::from_unix(100 * DAY));
        let first = store.follow(&plan(), now).unwrap();
        let _held = hold(&folder.path().join(NAME)).unwrap();
        assert_eq!(store.follow(&plan(), now).unwrap(), first);
    }

    #[test]
    fn a_damaged_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, "{").unwrap();
        let store = KeyStore::of(Some(folder.path()));
        let now = Instant::from_unix(100 * DAY);
        assert!(matches!(store.follow(&plan(), now), Err(KeyStoreError::Damaged { .. })));
        let added = store.add_next(&plan(), &plan().algorithms, now);
        assert!(matches!(added, Err(KeyStoreError::Damaged { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }
}
