//! `server.tracing`: which requests become spans, where these go, and whether the access log goes there as well.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{Count, FilePath, Flag, Part, Time, bad_url, some_text, words};
use super::super::super::web;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

section! {
    /// `server.tracing`
    #[derive(Debug, Clone, PartialEq)]
    pub struct Tracing = "`tracing`" {
        /// the collector; what is left out here is filled by the variables `OTEL_EXPORTER_OTLP_*`
        otlp: Otlp as Otlp = Otlp::default();
        /// which requests are kept
        sample: Sample as Sample = Sample::default();
        /// whose word is believed about the trace of a request and whether it is sampled: of `trusted_proxies`, of everybody,
        /// or of nobody
        parent: ParentSpans as ParentSpans = ParentSpans::Trusted;
        /// the file with the key, of at least 16 bytes, that hashes the subjects of callers; absent names no subject
        subject_key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// whether spans say which method of MCP was called, and of what
        mcp: bool as Flag = false;
        /// whether the collector gets the access log as well, a log record for each request, wherever `server.access_log` goes
        access_log: bool as Flag = false;
    }
    // What was to be hashed or to be left out must not be sent.
    impl { const STRICT: bool = true; }
}

impl Tracing {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &Spanned<PathBuf>> {
        let otlp = &self.otlp;
        let files =
            [&self.subject_key_file, &otlp.headers_file, &otlp.ca_file, &otlp.cert_file, &otlp.key_file];
        files.into_iter().flatten()
    }
}

section! {
    /// `server.tracing.otlp`
    #[derive(Debug, Clone, PartialEq, Default)]
    pub struct Otlp = "`otlp`" {
        /// the URL of the collector, to which `/v1/traces` is added, and `/v1/logs` for the access log; absent is that of
        /// `OTEL_EXPORTER_OTLP_ENDPOINT`
        endpoint: Option<Url> as Collector;
        /// a file with fields for each request to the collector, one `name: value` a line
        headers_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// PEM certificates that sign that of the collector; absent takes those of the system
        ca_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the certificate that is shown to the collector; needs `key_file`
        cert_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// its private key
        key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// whether requests to the collector are compressed; default gzip
        compression: Option<Compression> as Compression;
        /// how long a request to the collector may take; default 10s
        timeout: Option<Duration> as Time<100, MINUTE>;
        /// how long spans and log records gather before they are sent
        interval: Duration as Time<100, MINUTE> = Duration::from_secs(1);
    }
    impl {
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, _read: Option<&Self>) {
            fields.both_or_none("cert_file", "key_file");
        }
    }
}

section! {
    /// `server.tracing.sample`
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Sample = "`sample`", default {
        /// the part of all traces that is kept, where no caller that is believed has decided
        ratio: Part as Part = Part::hundredths(1);
        /// the part of the refused requests that is kept
        refused: Part as Part = Part::WHOLE;
        /// the part of the responses with a 5xx status that is kept
        errors: Part as Part = Part::WHOLE;
        /// requests whose response took longer to begin are kept
        slower_than: Duration as Time<1, { 60 * MINUTE }> = Duration::from_secs(2);
        /// the most spans a second that are kept by the three fields before alone
        keep_per_second: usize as Count<0, 1_000_000> = 100;
    }
}

/// `server.tracing.parent`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentSpans {
    /// Those that trusted proxies name.
    Trusted,
    /// Those that anybody names.
    Follow,
    /// None.
    Ignore,
}

words!(ParentSpans { Trusted = "trusted", Follow = "follow", Ignore = "ignore" });

/// `server.tracing.otlp.compression`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// None.
    None,
}

words!(Compression { Gzip = "gzip", None = "none" });

/// The URL of a collector.
enum Collector {}

impl Value for Collector {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        let bad = |help| bad_url(report, node, &text, "this is not the URL of a collector", help);
        web::collector_url(&text).map_err(bad).ok()
    }
}
