//! Stores that are moved as a whole: which ones a configuration means, whether what they are to hold is valid, and what
//! would change. It is for commands; a running gateway changes a store through its editor.

mod difference;
mod proposed;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::config::{self, Compiled, Outline};
use crate::model::ResourceId;
use crate::store::{DirectoryStore, Documents, EtcdMoving, Movable, StoreError, StoreKind, Text, Writer};
use crate::telemetry::Metrics;

use super::etcd;
use super::load::{LoadError, load};
use super::stores::{Stores, outline};

pub use difference::Difference;
use proposed::Proposed;

/// One end of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The store in etcd that the configuration names.
    Etcd,
    /// The store in this folder.
    Directory(PathBuf),
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration names none.
    #[error(
        "the configuration names no store; write `store: {{ directory: PATH }}` or `store: {{ etcd: … }}`"
    )]
    NoStore,
    /// The configuration names another kind.
    #[error("the configuration names no store in etcd; write `store: {{ etcd: {{ endpoints: [URL] }} }}`")]
    NoEtcd,
    /// The store itself.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "etcd" => Ok(Self::Etcd),
            Some(("directory", path)) if !path.is_empty() => Ok(Self::Directory(PathBuf::from(path))),
            Some(_) | None => Err("expected `etcd` or `directory:PATH`".to_owned()),
        }
    }
}

impl Side {
    /// Opens it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(&self, outline: &Outline, writer: Writer) -> Result<Box<dyn Movable>, OpenError> {
        match self {
            Self::Directory(folder) => Ok(Box::new(DirectoryStore::open(folder.clone(), writer).await?)),
            Self::Etcd => Ok(Box::new(named_in_etcd(outline)?)),
        }
    }
}

/// Opens the store that the configuration names.
///
/// # Errors
/// [`OpenError`].
pub async fn named(outline: &Outline, writer: Writer) -> Result<Box<dyn Movable>, OpenError> {
    match &outline.store {
        None => Err(OpenError::NoStore),
        Some(config::Store::Directory(folder)) => {
            Side::Directory(folder.value.clone()).open(outline, writer).await
        }
        Some(config::Store::Etcd(settings)) => Ok(Box::new(etcd::moving(settings))),
    }
}

/// The store in etcd that the configuration names.
///
/// # Errors
/// When it names none there.
pub fn named_in_etcd(outline: &Outline) -> Result<EtcdMoving, OpenError> {
    match &outline.store {
        Some(config::Store::Etcd(settings)) => Ok(etcd::moving(settings)),
        Some(config::Store::Directory(_)) | None => Err(OpenError::NoEtcd),
    }
}

/// Compiles the documents together with what a store is to hold, as `portcullis check` would afterwards.
///
/// # Errors
/// What is wrong.
pub async fn try_out(
    documents: Box<dyn Documents>,
    target: &dyn Movable,
    resources: &BTreeMap<ResourceId, String>,
    metrics: &Metrics,
) -> Result<Compiled, LoadError> {
    let texts = resources.iter().map(|(id, text)| {
        let text = Text { path: target.place(id).into(), text: text.as_str().into() };
        (id.clone(), text)
    });
    let proposed = Proposed::new(texts.collect(), target.describe());
    let store = outline(documents.as_ref()).await?.and_then(|outline| outline.store);
    let stores = Stores::new(documents, Box::new(proposed), None);
    // What members share names nothing of one of them, except for the files that they share.
    let stores = match (target.describe().kind, store) {
        (StoreKind::Etcd, Some(config::Store::Etcd(etcd))) => stores.sharing(etcd.shared_files.into()),
        (StoreKind::Etcd, _) => stores.sharing(Arc::from([])),
        (StoreKind::Directory | StoreKind::File, _) => stores,
    };
    load(&stores, metrics).await.map(|(compiled, _)| compiled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_etcd_or_a_folder() {
        let folder = |path: &str| Ok(Side::Directory(PathBuf::from(path)));
        for (text, wanted) in [
            ("etcd", Ok(Side::Etcd)),
            ("directory:config", folder("config")),
            ("directory:/a:b", folder("/a:b")),
        ] {
            assert_eq!(text.parse::<Side>(), wanted, "{text}");
        }
        for bad in ["", "directory", "directory:", "etcd:", "config", "file:x"] {
            assert!(bad.parse::<Side>().is_err(), "{bad}");
        }
    }
}
