//! Where those who read one source put what they find in it: they report and go on.

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::findings::Findings;
use super::source::{Place, Source};

/// The findings of one source.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Report<'a> {
    all: &'a Findings,
    source: &'a Source,
}

impl<'a> Report<'a> {
    /// Puts the findings in `source` among all others.
    pub(in crate::config) const fn new(all: &'a Findings, source: &'a Source) -> Self {
        Self { all, source }
    }

    /// The source.
    pub(in crate::config) const fn source(&self) -> &'a Source {
        self.source
    }

    /// The findings in all sources.
    pub(in crate::config) const fn all(&self) -> &'a Findings {
        self.all
    }

    /// Adds a finding; `finish` completes it.
    pub(in crate::config) fn find(
        &self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        finish: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        self.all.note_one();
        if self.all.is_asked(self.source) || !self.all.is_full(code) {
            self.all.push(finish(Diagnostic::at(code, self.source, place, message)));
        }
    }

    /// Adds a finding that consists of a message and what to write instead.
    pub(in crate::config) fn say(
        &self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.find(code, place, message, |finding| finding.help(help));
    }

    /// Adds a finding about two places: `place` is where to fix it, `other` what it clashes with.
    pub(in crate::config) fn clash(
        &self,
        code: Code,
        place: Place,
        other: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.clash_with(code, place, (self.source, other), message, help);
    }

    /// The same where the other place is in another source.
    pub(in crate::config) fn clash_with(
        &self,
        code: Code,
        place: Place,
        (source, other): (&Source, Place),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.find(code, place, message, |finding| {
            finding.help(help).second(source, other, "this is the other place")
        });
    }
}
