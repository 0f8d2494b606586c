//! What compiling works on.

use std::path::{Path, PathBuf};

use http::HeaderName;

use super::Files;
use crate::config::language::document::Document;
use crate::config::snapshot::Snapshot;
use crate::config::text::code::Code;
use crate::config::text::findings::Findings;
use crate::config::text::report::Report;
use crate::config::text::source::{Source, Spanned};
use crate::telemetry::Metrics;

/// What compiling works on.
pub(super) struct Input<'a> {
    pub(super) findings: &'a Findings,
    pub(super) document: &'a Document,
    pub(super) files: &'a Files,
    pub(super) previous: Option<&'a Snapshot>,
    pub(super) metrics: &'a Metrics,
}

/// The mention of a file.
#[derive(Clone, Copy)]
pub(super) struct Mention<'a> {
    pub(super) path: &'a Spanned<PathBuf>,
    /// The source in which it stands.
    pub(super) source: &'a Source,
}

impl<'a> Input<'a> {
    /// Where findings in a source go.
    pub(super) const fn report(&self, source: &'a Source) -> Report<'a> {
        Report::new(self.findings, source)
    }

    /// What a file holds; reported when it could not be read.
    pub(super) fn file(&self, file: Mention<'a>) -> Option<&'a [u8]> {
        let why = match self.files.get(&file.path.value) {
            Some(Ok(bytes)) => return Some(bytes),
            Some(Err(why)) => why.as_str(),
            None => "it was not looked for",
        };
        let message = format!("{} cannot be read: {why}", file.shown());
        let help = "relative paths are read against the folder of the file that names them";
        self.report(file.source).say(Code::FileUnreadable, file.path.place, message, help);
        None
    }

    /// The longest token: as with all limits, a change takes effect on restart.
    pub(super) fn token_bytes(&self) -> usize {
        self.previous.map_or(&self.document.server, |snapshot| &*snapshot.server).limits.token_bytes
    }

    /// The header in which proxies give certificates of clients: a change of it takes effect on restart as well.
    pub(super) fn certificate_header(&self) -> Option<&HeaderName> {
        let server = self.previous.map_or(&self.document.server, |snapshot| &*snapshot.server);
        server.client_certificate_header.as_ref().map(|header| &header.name.value)
    }

    /// Reports a file that does not hold what it should.
    pub(super) fn bad_file(&self, file: Mention<'a>, message: &str, help: &str) {
        let message = format!("{}: {message}", file.shown());
        self.report(file.source).say(Code::FileContent, file.path.place, message, help);
    }
}

impl<'a> Mention<'a> {
    /// A file that is named in `source`.
    pub(super) const fn new(source: &'a Source, path: &'a Spanned<PathBuf>) -> Self {
        Self { path, source }
    }

    /// Its path.
    pub(super) fn path(self) -> &'a Path {
        &self.path.value
    }

    /// Its path as a message may show it.
    pub(super) fn shown(self) -> String {
        if self.path.from_env { "this file".to_owned() } else { self.path().display().to_string() }
    }
}
