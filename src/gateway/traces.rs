//! Spans and the access log at the collector, from the settings of `server.tracing` and the variables of the process.

use std::path::{Path, PathBuf};

use crate::config::{self, Compression, Files, ParentSpans, Sample, Spanned, Tracing};
use crate::spans::{
    CollectorError, Environment, Options, OptionsError, Parents, Sampling, Signal, SpansGuard, SubjectKey,
    Tls, Tracer, Written, fields, resource,
};
use crate::telemetry::Metrics;

/// Why no spans can be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracingError {
    /// A file that cannot be read, or holds something else.
    #[error("{file}: {why}")]
    File {
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

/// Starts what makes spans and sends them, and the access log where the collector gets it. `files` are those that the configuration names.
pub(super) fn start(
    written: &Tracing,
    files: &Files,
    metrics: &Metrics,
) -> Result<(Tracer, SpansGuard), TracingError> {
    let options = options(written, files, &|name| std::env::var(name).ok())?;
    let endpoint = config::without_passwords(options.spans.endpoint.as_str());
    tracing::info!(collector = %endpoint, "spans are sent");
    if let Some(logs) = &options.logs {
        let endpoint = config::without_passwords(logs.endpoint.as_str());
        tracing::info!(collector = %endpoint, "the access log is sent");
    }
    let (tracer, guard) = Tracer::start(options, metrics)?;
    let told = tracer.clone();
    metrics.follow_tasks(move |ended| told.task_ended(ended));
    Ok((tracer, guard))
}

fn options(written: &Tracing, files: &Files, environment: Environment<'_>) -> Result<Options, TracingError> {
    let otlp = &written.otlp;
    let read = |path| read(files, path);
    let bytes = |path| Ok::<_, TracingError>(read(path)?.map(|(_, bytes)| bytes.to_owned()));
    let headers = match read(&otlp.headers_file)? {
        Some((path, bytes)) => fields(bytes)
            .map_err(|line| bad(path, format!("line {line} is no field: write `name: value`")))?,
        None => http::HeaderMap::new(),
    };
    let subject_key = match read(&written.subject_key_file)? {
        Some((path, bytes)) => Some(SubjectKey::parse(bytes).map_err(|error| bad(path, error.to_string()))?),
        None => None,
    };
    let collector = Written {
        endpoint: otlp.endpoint.clone(),
        headers,
        tls: Tls { ca: bytes(&otlp.ca_file)?, identity: bytes(&otlp.cert_file)?.zip(bytes(&otlp.key_file)?) },
        gzip: otlp.compression.map(|compression| compression == Compression::Gzip),
        timeout: otlp.timeout,
    };
    let logs = written.access_log.then(|| collector.clone().filled(Signal::Logs, environment)).transpose()?;
    Ok(Options {
        spans: collector.filled(Signal::Traces, environment)?,
        logs,
        interval: otlp.interval,
        sampling: sampling(&written.sample),
        parents: match written.parent {
            ParentSpans::Trusted => Parents::Trusted,
            ParentSpans::Follow => Parents::Follow,
            ParentSpans::Ignore => Parents::Ignore,
        },
        subject_key,
        mcp: written.mcp,
        resource: resource(environment),
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

/// A file that the settings may name, and what it holds.
fn read<'a>(
    files: &'a Files,
    path: &'a Option<Spanned<PathBuf>>,
) -> Result<Option<(&'a Path, &'a [u8])>, TracingError> {
    let Some(Spanned { value: path, .. }) = path else { return Ok(None) };
    match files.get(path) {
        Some(Ok(bytes)) => Ok(Some((path, bytes))),
        Some(Err(why)) => Err(bad(path, why.clone())),
        None => Err(bad(path, "it was not read".to_owned())),
    }
}

fn bad(path: &Path, why: String) -> TracingError {
    TracingError::File { file: path.to_owned(), why }
}
