//! Spans, from the settings of `server.tracing` and the variables of the process.

use std::path::{Path, PathBuf};

use crate::config::{self, Compression, ParentSpans, Sample};
use crate::spans::{
    BadSubjectKey, CollectorError, Options, OptionsError, Parents, Sampling, SpansGuard, SubjectKey, Tls,
    Tracer, fields,
};
use crate::telemetry::Metrics;

/// Why no spans can be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracingError {
    /// A file that cannot be read.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file that holds something else.
    #[error("{file}: {why}")]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The settings, or the variables.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The collector.
    #[error("otlp: {0}")]
    Collector(#[from] CollectorError),
}

/// Starts what makes spans and sends them.
pub(super) fn start(
    written: &config::Tracing,
    metrics: &Metrics,
) -> Result<(Tracer, SpansGuard), TracingError> {
    let options = options(written)?.filled(&|name| std::env::var(name).ok())?;
    if let Some(endpoint) = &options.endpoint {
        tracing::info!(collector = %config::without_passwords(endpoint.as_str()), "spans are sent");
    }
    Ok(Tracer::start(options, metrics.spans())?)
}

fn options(written: &config::Tracing) -> Result<Options, TracingError> {
    let otlp = &written.otlp;
    let file =
        |path: &Option<_>| path.as_ref().map(|path: &config::Spanned<PathBuf>| read(&path.value)).transpose();
    let content = |path: &Path, why: String| TracingError::Content { file: path.to_owned(), why };
    let headers = match &otlp.headers_file {
        Some(path) => fields(&read(&path.value)?)
            .map_err(|line| content(&path.value, format!("line {line} is no field: write `name: value`")))?,
        None => http::HeaderMap::new(),
    };
    let subject_key = match &written.subject_key_file {
        Some(path) => Some(
            SubjectKey::parse(&read(&path.value)?)
                .map_err(|bad: BadSubjectKey| content(&path.value, bad.to_string()))?,
        ),
        None => None,
    };
    let parents = match written.parent {
        ParentSpans::Trusted => Parents::Trusted,
        ParentSpans::Follow => Parents::Follow,
        ParentSpans::Ignore => Parents::Ignore,
    };
    Ok(Options {
        endpoint: otlp.endpoint.clone(),
        headers,
        tls: Tls { ca: file(&otlp.ca_file)?, identity: file(&otlp.cert_file)?.zip(file(&otlp.key_file)?) },
        gzip: otlp.compression.map(|compression| compression == Compression::Gzip),
        timeout: otlp.timeout,
        interval: otlp.interval,
        sampling: sampling(&written.sample),
        parents,
        subject_key,
        mcp: written.mcp,
        resource: Vec::new(),
    })
}

fn sampling(written: &Sample) -> Sampling {
    Sampling {
        ratio: written.ratio.millionths(),
        refused: written.refused.millionths(),
        errors: written.errors.millionths(),
        slower_than: written.slower_than,
        keep_per_second: written.keep_per_second as u64,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TracingError> {
    std::fs::read(path).map_err(|error| TracingError::File { file: path.to_owned(), error })
}
