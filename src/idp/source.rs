//! The sources of key documents: a file, a URL, or the script of a test.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncReadExt as _;
use url::Url;

use crate::model::Digest;
use crate::net::{FetchError, Fetched, Fetcher, FetcherOptions, Limits};

use super::discovery::{Discovery, DiscoveryError, KeysAt};
use super::{KeySource, ProviderSpec};

/// The largest file, in bytes: the same as for documents from the network (`net::Limits`).
const MAX_FILE: u64 = 1024 * 1024;

/// The format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    KeySet,
    PublicKey,
}

/// Identifies one version of a document: an `ETag` (RFC 9110 section 8.8.3), or the digest of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validator {
    /// The URL or path of the document; a validator of another one is not sent.
    pub(super) place: String,
    pub(super) tag: String,
}

/// The result of a fetch.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Document {
        body: Bytes,
        format: Format,
        validator: Option<Validator>,
        max_age: Option<Duration>,
    },
    /// The document still has the known validator.
    Unchanged {
        max_age: Option<Duration>,
    },
}

/// Why a fetch failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    #[error("cannot read {path}: {cause}")]
    File { path: String, cause: String },
}

impl SourceError {
    /// `Retry-After`, if the source sent one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Fetch(error) => error.retry_after(),
            Self::Discovery(error) => error.retry_after(),
            Self::File { .. } => None,
        }
    }
}

/// A source of a key document.
#[async_trait]
pub(super) trait Source: Send + 'static {
    /// Fetches the current document. `known` is the validator of the last accepted one.
    async fn fetch(&mut self, known: Option<&Validator>) -> Result<Answer, SourceError>;
}

/// The source that `spec` names; `None` when the keys are in the configuration itself.
pub(super) fn source_of(spec: &ProviderSpec) -> Option<Box<dyn Source>> {
    let remote = |place| Some(Box::new(Remote { place, fetcher: None, options: options_of(spec) }) as Box<_>);
    match &spec.source {
        KeySource::Inline(_) | KeySource::PublicKey(_) => None,
        KeySource::JwksFile(path) => Some(Box::new(File { path: path.clone(), format: Format::KeySet })),
        KeySource::PublicKeyFile(path) => {
            Some(Box::new(File { path: path.clone(), format: Format::PublicKey }))
        }
        KeySource::JwksUri(url) => remote(Place::Fixed(url.clone())),
        KeySource::Discovery => remote(Place::Discovered(Discovery::new(spec.issuer.clone()))),
    }
}

/// The trust and the way out of fetches from a provider.
#[must_use]
pub fn options_of(spec: &ProviderSpec) -> FetcherOptions {
    FetcherOptions {
        extra_ca: spec.extra_ca.as_deref().map(<[u8]>::to_vec),
        insecure_http: spec.insecure_http,
        proxy: spec.egress_proxy.clone(),
        identity: None,
        kept_connections: 0,
    }
}

struct File {
    path: PathBuf,
    format: Format,
}

#[async_trait]
impl Source for File {
    async fn fetch(&mut self, known: Option<&Validator>) -> Result<Answer, SourceError> {
        let path = self.path.display().to_string();
        let body =
            self.read().await.map_err(|e| SourceError::File { path: path.clone(), cause: e.to_string() })?;
        let validator = Validator { place: path, tag: Digest::of(&body).to_hex() };
        if known == Some(&validator) {
            return Ok(Answer::Unchanged { max_age: None });
        }
        Ok(Answer::Document {
            body: body.into(),
            format: self.format,
            validator: Some(validator),
            max_age: None,
        })
    }
}

impl File {
    async fn read(&self) -> io::Result<Vec<u8>> {
        // Opening a pipe would block until somebody writes to it.
        if !tokio::fs::metadata(&self.path).await?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut body = Vec::new();
        let file = tokio::fs::File::open(&self.path).await?;
        file.take(MAX_FILE + 1).read_to_end(&mut body).await?;
        if body.len() as u64 > MAX_FILE {
            return Err(io::Error::other("over 1 MiB"));
        }
        Ok(body)
    }
}

enum Place {
    Fixed(Url),
    Discovered(Discovery),
}

struct Remote {
    place: Place,
    /// Created with the first fetch: a TLS client costs memory, and a compiled configuration may be discarded.
    fetcher: Option<Fetcher>,
    options: FetcherOptions,
}

#[async_trait]
impl Source for Remote {
    async fn fetch(&mut self, known: Option<&Validator>) -> Result<Answer, SourceError> {
        let fetcher = match &self.fetcher {
            Some(fetcher) => fetcher,
            None => self.fetcher.insert(Fetcher::new(&self.options, Limits::default())?),
        };
        let KeysAt { url, instead_of } = match &mut self.place {
            Place::Fixed(url) => KeysAt { url: url.clone(), instead_of: None },
            Place::Discovered(discovery) => discovery.jwks_uri(fetcher).await?,
        };
        let etag = known.filter(|v| v.place == url.as_str()).map(|v| v.tag.as_str());
        match fetcher.fetch(&url, etag).await {
            Ok(Fetched::NotModified { max_age }) => Ok(Answer::Unchanged { max_age }),
            Ok(Fetched::Document(document)) => Ok(Answer::Document {
                body: document.body,
                format: Format::KeySet,
                validator: document.etag.map(|tag| Validator { place: url.into(), tag }),
                max_age: document.max_age,
            }),
            Err(error) => Err(instead_of.map_or_else(|| error.into(), SourceError::from)),
        }
    }
}

#[cfg(test)]
mod tests;
