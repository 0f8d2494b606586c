//! Where configuration documents live. A store reads texts and says when they may have changed; what the texts
//! mean is for `config`, what happens then is for `control`.

mod file;
mod watch;

use std::path::PathBuf;

use async_trait::async_trait;

pub use file::FileStore;
pub use watch::FileWatch;

/// One document, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it stands.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// Why a store cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The place is not there or not readable.
    #[error("{path} cannot be read: {why}", path = path.display())]
    Unreadable {
        /// Which place.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A document is not text.
    #[error("{path} is not UTF-8 (at byte {offset})", path = path.display())]
    NotUtf8 {
        /// Which document.
        path: PathBuf,
        /// Where its first bad byte is.
        offset: usize,
    },
    /// A document is too large.
    #[error("{path} is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// Which document.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A directory holds no document.
    #[error("{path} holds no *.yaml file", path = path.display())]
    Empty {
        /// Which directory.
        path: PathBuf,
    },
}

/// A place that holds the configuration.
#[async_trait]
pub trait ConfigStore: Send + Sync {
    /// Reads everything, now. A watch is only a doorbell; this is the truth.
    ///
    /// # Errors
    /// When something cannot be read.
    fn read(&self) -> Result<Vec<Text>, StoreError>;

    /// Waits until something may have changed. `files` are what the documents refer to.
    async fn changed(&mut self, files: &[PathBuf]);
}
