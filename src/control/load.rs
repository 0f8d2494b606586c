//! From a store to a compiled snapshot, once: used at start, at every reload, and by `portcullis check`.

use std::path::PathBuf;

use crate::config::{self, Compiled, Diagnostic, Diagnostics, Files, Snapshot, Source};
use crate::model::{Clock as _, Instant, ResourceId, SystemClock};
use crate::store::{ConfigStore, StoreError};
use crate::telemetry::Metrics;

use super::editor::sources;

/// The largest referenced file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// What it holds is wrong.
    #[error("{0}")]
    Invalid(Diagnostics),
}

impl LoadError {
    /// The findings, for a person.
    #[must_use]
    pub fn into_diagnostics(self) -> Diagnostics {
        match self {
            Self::Invalid(findings) => findings,
            Self::Store(StoreError::NotUtf8 { path, offset }) => Diagnostic::not_utf8(&path, offset).into(),
            Self::Store(StoreError::Unreadable { path, why }) => Diagnostic::unreadable(&path, &why).into(),
            Self::Store(StoreError::TooLarge { path, limit }) => {
                Diagnostic::unreadable(&path, &format!("it is larger than {limit} bytes")).into()
            }
            Self::Store(StoreError::Empty { path }) => {
                Diagnostic::unreadable(&path, "the directory holds no *.yaml file").into()
            }
            Self::Store(StoreError::Unmade { path, why }) => {
                Diagnostic::unreadable(&path, &format!("it cannot be made: {why}")).into()
            }
            Self::Store(StoreError::Locked { folder }) => {
                Diagnostic::unreadable(&folder, "another portcullis holds it and writes to it").into()
            }
            Self::Store(StoreError::Damaged { path, why }) => {
                Diagnostic::unreadable(&path, &format!("it is damaged: {why}")).into()
            }
        }
    }
}

/// Reads, parses and compiles. Also says which files the documents refer to, so that they can be watched.
///
/// # Errors
/// When the store cannot be read or the documents are wrong.
pub fn load(
    store: &dyn ConfigStore,
    previous: Option<&Snapshot>,
    metrics: &Metrics,
) -> Result<(Compiled, Vec<PathBuf>), LoadError> {
    let now = SystemClock.now();
    compile(&[], &sources(store.read()?, previous), previous, metrics, now).map_err(LoadError::Invalid)
}

/// Parses and compiles what a store holds, or is to hold. This is the one way from texts to a snapshot. What is found
/// in the resources that are asked about is told, however much else there is.
pub(super) fn compile(
    asked: &[ResourceId],
    sources: &[Source],
    previous: Option<&Snapshot>,
    metrics: &Metrics,
    now: Instant,
) -> Result<(Compiled, Vec<PathBuf>), Diagnostics> {
    let document = config::parse_after(previous, asked, sources, &|name| std::env::var(name).ok())?;
    let paths = document.files();
    let files = read_files(&paths);
    let mut compiled = config::compile(&document, &files, previous, metrics)?;
    let ending = config::ending_certificates(&compiled.snapshot, now);
    if !ending.is_empty() {
        compiled.warnings.append(ending);
        compiled.warnings = compiled.warnings.sorted();
        compiled.snapshot.warnings = compiled.warnings.clone();
    }
    Ok((compiled, paths))
}

/// What came of a look at the store.
pub(super) enum Looked {
    /// It holds what is live.
    Live,
    /// It holds something else, which refers to these files.
    Compiled(Box<Compiled>, Vec<PathBuf>),
    /// What these texts say is wrong, or the store cannot be read.
    Wrong(Diagnostics, Vec<Source>),
}

/// Reads the store, and compiles what it holds unless that is live already. `files` are what the live documents refer
/// to.
pub(super) fn look(
    store: &dyn ConfigStore,
    files: &[PathBuf],
    live: &Snapshot,
    metrics: &Metrics,
    now: Instant,
) -> Looked {
    let sources = match store.read() {
        Ok(texts) => sources(texts, Some(live)),
        Err(error) => return Looked::Wrong(LoadError::Store(error).into_diagnostics(), Vec::new()),
    };
    if is_live(&sources, files, live) {
        return Looked::Live;
    }
    match compile(&[], &sources, Some(live), metrics, now) {
        Ok((compiled, files)) => Looked::Compiled(Box::new(compiled), files),
        Err(findings) => Looked::Wrong(findings, sources),
    }
}

/// Whether these texts, with the files that they name, are what `live` was made of. Reading and hashing is all that
/// this takes.
fn is_live(sources: &[Source], files: &[PathBuf], live: &Snapshot) -> bool {
    *sources == *live.sources && config::revision(sources, &read_files(files)) == live.revision
}

fn read_files(paths: &[PathBuf]) -> Files {
    paths.iter().map(|path| (path.clone(), read_file(path))).collect()
}

fn read_file(path: &PathBuf) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it is larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(bytes)
}
