//! From the stores to a compiled snapshot, once: used at start, at every reload, and by `portcullis check`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Code, Compiled, Diagnostic, Diagnostics, Files, Outline, Snapshot, Source};
use crate::model::{Clock as _, Instant, ResourceId, SystemClock};
use crate::private_file::{self, Users};
use crate::store::{StoreError, Unreadable};
use crate::telemetry::Metrics;

use super::aside::{Aside, Difference};
use super::stores::{Standing, Stores, of_documents, of_resources};

/// The largest referenced file, in bytes: the same as for a document.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Its content is invalid.
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
            Self::Store(error @ (StoreError::Wrong { .. } | StoreError::NotUnderstood { .. })) => {
                Diagnostic::unreadable(Path::new("the store"), &error.to_string()).into()
            }
            Self::Store(StoreError::Damaged { path, why }) => {
                Diagnostic::unreadable(&path, &format!("it is damaged: {why}")).into()
            }
            Self::Store(StoreError::Unavailable(why)) => {
                Diagnostic::unreadable(Path::new("the store"), &why).into()
            }
        }
    }
}

/// Reads a referenced file for the compiler.
type Read<'r> = dyn Fn(&PathBuf) -> Result<Vec<u8>, String> + 'r;

/// Reads, parses and compiles. Also returns the content of referenced files, so that they can be watched.
///
/// # Errors
/// When the stores cannot be read or their content is invalid.
pub async fn load(stores: &Stores, metrics: &Metrics) -> Result<(Compiled, Files), LoadError> {
    let sources = stores.read().await?.whole()?;
    match compile(&[], &sources, None, metrics, (SystemClock.now(), &read_file)) {
        Ok(loaded) => Ok(loaded),
        Err(findings) => Err(LoadError::Invalid(with_last_good(findings, &sources, stores).await)),
    }
}

/// The settings of the process in its documents, unless something is wrong with these whatever a store of resources holds.
/// A resource that they name may be in there, so that one that is missing is no error.
///
/// # Errors
/// What is wrong.
pub async fn own(stores: &Stores, metrics: &Metrics) -> Result<Outline, Diagnostics> {
    let read = stores.documents.read().await;
    let sources = of_documents(read.map_err(|error| LoadError::Store(error).into_diagnostics())?);
    if let Err(findings) = compile(&[], &sources, None, metrics, (SystemClock.now(), &read_file)) {
        let is_of_the_store = |f: &Diagnostic| matches!(f.code, Code::UnknownProvider | Code::UnknownAgent);
        let own: Diagnostics = findings.iter().filter(|f| !is_of_the_store(f)).cloned().collect();
        if own.has_errors() {
            return Err(own);
        }
    }
    config::outline(&sources, &|name| std::env::var(name).ok()).ok_or_else(Diagnostics::default)
}

/// Adds a help to the first error in a resource of the store: the revision with its last good text.
async fn with_last_good(findings: Diagnostics, sources: &[Source], stores: &Stores) -> Diagnostics {
    let wrong: BTreeSet<&Path> = findings.iter().filter(|f| f.is_error()).map(|f| f.path.as_path()).collect();
    let resource = |source: &Source| Some((source.entry.clone()?, source.clone()));
    let wrong: BTreeMap<ResourceId, Source> =
        sources.iter().filter(|source| wrong.contains(&*source.path)).filter_map(resource).collect();
    let ids = wrong.keys().cloned().collect();
    let latest = stores.resources.latest(Some(&ids)).await.unwrap_or_default();
    let mut good: BTreeMap<PathBuf, u64> = BTreeMap::new();
    for (id, source) in wrong {
        if let Some((number, Some(text))) = latest.get(&id)
            && **text != *source.text
        {
            good.insert(source.path.to_path_buf(), *number);
        }
    }
    let told = findings.iter().cloned().map(|mut finding| {
        if finding.is_error()
            && let Some(number) = good.remove(&finding.path)
        {
            let where_from = format!("the text before this edit is in revision {number} of the store");
            finding.help = Some(match finding.help.take() {
                Some(help) => format!("{help}; {where_from}"),
                None => where_from,
            });
        }
        finding
    });
    told.collect()
}

/// Parses and compiles the content of the stores, present or proposed. This is the only way from texts to a snapshot.
/// Findings in the resources of the request are never cut off by the limit on findings.
pub(super) fn compile(
    asked: &[ResourceId],
    sources: &[Source],
    previous: Option<&Snapshot>,
    metrics: &Metrics,
    (now, read): (Instant, &Read<'_>),
) -> Result<(Compiled, Files), Diagnostics> {
    let document = config::parse_after(previous, asked, sources, &|name| std::env::var(name).ok())?;
    let private = document.server.sealing_key_file.as_ref().map(|file| file.value.as_path());
    let content = |path: &PathBuf| match private == Some(path.as_path()) {
        true => is_private(path).and_then(|()| read(path)),
        false => read(path),
    };
    let files = document.files().into_iter().map(|path| (path.clone(), content(&path))).collect();
    let mut compiled = config::compile(&document, &files, previous, metrics)?;
    let ending = config::ending_certificates(&compiled.snapshot, now);
    if !ending.is_empty() {
        compiled.warnings.append(ending);
        compiled.warnings = compiled.warnings.sorted();
        compiled.snapshot.warnings = compiled.warnings.clone();
    }
    Ok((compiled, files))
}

/// The result of a look at the stores. With neither part, the content is live already.
#[derive(Default)]
pub(super) struct Looked {
    /// The new snapshot, and the content of its referenced files.
    pub(super) taken: Option<(Box<Compiled>, Files)>,
    /// The part that cannot go live.
    pub(super) wrong: Option<Wrong>,
}

/// The errors in the content of the stores.
pub(super) struct Wrong {
    pub(super) findings: Diagnostics,
    pub(super) sources: Vec<Source>,
    pub(super) aside: Aside,
}

/// The state that a look compares the stores with.
pub(super) struct Running {
    pub(super) live: Arc<Snapshot>,
    /// The live content of referenced files.
    pub(super) files: Arc<Files>,
    /// The documents set aside at the last look.
    pub(super) aside: Arc<Aside>,
}

/// Compiles the content of the stores, unless it is live already.
///
/// Everything changed since the last look is one change, applied whole or not at all. An invalid change is set aside
/// whole; it does not block later changes.
pub(super) fn look(
    standing: Result<Standing, StoreError>,
    Running { live, files, aside }: &Running,
    metrics: &Metrics,
    now: Instant,
) -> Looked {
    let standing = match standing {
        Ok(standing) => standing,
        Err(error) => {
            let findings = LoadError::Store(error).into_diagnostics();
            return Looked::refused(findings, Vec::new(), Aside::clone(aside));
        }
    };
    let Seen { standing, unreadable, mut findings } = Seen::of(standing, live);
    let files_now: Files = files.keys().map(|path| (path.clone(), read_file(path))).collect();
    if findings.is_empty() && *standing == *live.sources && files_now == **files {
        return Looked::default();
    }
    let sources = with_stand_ins(&standing, &unreadable, live);
    match compile(&[], &sources, Some(live), metrics, (now, &read_file)) {
        Ok(compiled) if findings.is_empty() => return Looked::taken(compiled, None),
        Ok(_) => {}
        Err(errors) => findings.append(errors),
    }
    let difference = Difference::between(&standing, &unreadable, live, (files, &files_now));
    let (held, fresh) = aside.split(&difference);
    let all = difference.set_aside(aside, now);
    if held.is_empty() || fresh.is_empty() || !fresh.is_readable() {
        return Looked::refused(findings, sources.into_owned(), all);
    }
    let read = |path: &PathBuf| match held.files.contains_key(path) {
        true => files.get(path).cloned().unwrap_or_else(|| read_file(path)),
        false => read_file(path),
    };
    match compile(&[], &fresh.applied_to(live), Some(live), metrics, (now, &read)) {
        Ok(compiled) => {
            Looked::taken(compiled, Some(Wrong { findings, sources: sources.into_owned(), aside: held }))
        }
        Err(_) => Looked::refused(findings, sources.into_owned(), all),
    }
}

impl Looked {
    fn taken((compiled, files): (Compiled, Files), wrong: Option<Wrong>) -> Self {
        Self { taken: Some((Box::new(compiled), files)), wrong }
    }

    fn refused(findings: Diagnostics, sources: Vec<Source>, aside: Aside) -> Self {
        Self { taken: None, wrong: Some(Wrong { findings, sources, aside }) }
    }
}

/// The result of a reading, in the order of the reader.
struct Seen {
    standing: Vec<Source>,
    unreadable: Vec<Unreadable>,
    /// Resources that cannot be read.
    findings: Diagnostics,
}

impl Seen {
    /// Unreadable documents keep their live text.
    fn of(Standing { documents, resources, shared }: Standing, live: &Snapshot) -> Self {
        let faults = resources.unreadable.iter().map(|file| file.why.clone());
        let faults = faults.chain(documents.as_ref().err().cloned());
        let findings = faults
            .flat_map(|why| LoadError::Store(why).into_diagnostics().iter().cloned().collect::<Vec<_>>());
        let findings = findings.collect();
        let mut standing = match documents {
            Ok(texts) => of_documents(texts),
            Err(_) => live.sources.iter().filter(|source| source.entry.is_none()).cloned().collect(),
        };
        standing.extend(of_resources(&resources, live, &shared));
        Self { standing, unreadable: resources.unreadable, findings }
    }
}

/// The same, with the live text, if any, in place of unreadable resources, which are reported separately.
fn with_stand_ins<'s>(
    standing: &'s [Source],
    unreadable: &[Unreadable],
    live: &Snapshot,
) -> Cow<'s, [Source]> {
    if unreadable.is_empty() {
        return standing.into();
    }
    let mut sources = standing.to_vec();
    sources.extend(unreadable.iter().filter_map(|file| live.source_of(&file.id).cloned()));
    sources.sort_by(|a, b| a.entry.cmp(&b.entry));
    sources.into()
}

/// Whether nobody else may use a file that a member of a fleet shares with the others alone.
fn is_private(path: &Path) -> Result<(), String> {
    private_file::open(path, Users::OwnerAndReadersInGroup).map(drop).map_err(|error| error.to_string())
}

pub(super) fn read_file(path: &PathBuf) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it is larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(bytes)
}
