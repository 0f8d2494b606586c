//! Everything that is found wrong while a configuration is read or compiled, so that one run shows it all.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::code::{Code, Severity};
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::source::Source;
use crate::model::ResourceId;

/// So many errors, so many warnings and so many notes are kept: nobody reads more, and a file of nothing but errors must
/// not cost more than reading it.
const MOST: usize = 200;

/// The findings so far.
#[derive(Debug, Default)]
pub(in crate::config) struct Findings {
    /// The resources that somebody asks about: they do not count among the many.
    asked: Vec<ResourceId>,
    found: RefCell<Diagnostics>,
    /// How many errors, warnings and notes are among them.
    errors: Cell<usize>,
    warnings: Cell<usize>,
    notes: Cell<usize>,
    /// How many findings there were, those among them that were one too many.
    said: Cell<usize>,
}

/// A moment in the reading.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Mark {
    said: usize,
    kept: usize,
}

/// What was found since a moment.
#[derive(Debug, Clone)]
pub(in crate::config) enum Found {
    /// Nothing.
    Nothing,
    /// These.
    These(Arc<[Diagnostic]>),
    /// There were more than are told, and these were not kept.
    Untold,
}

impl Findings {
    /// For somebody who asks about these resources: what is found in them is kept, however much else there is.
    pub(in crate::config) fn asked(asked: &[ResourceId]) -> Self {
        Self { asked: asked.to_vec(), ..Self::default() }
    }

    /// Whether somebody asks about this source.
    pub(in crate::config) fn is_asked(&self, source: &Source) -> bool {
        !self.asked.is_empty() && source.entry.as_ref().is_some_and(|entry| self.asked.contains(entry))
    }

    /// This moment.
    pub(in crate::config) fn mark(&self) -> Mark {
        Mark { said: self.said.get(), kept: self.found.borrow().len() }
    }

    /// What was found since then.
    pub(in crate::config) fn since(&self, mark: Mark) -> Found {
        let found = self.found.borrow();
        let said = self.said.get() - mark.said;
        if said == 0 {
            Found::Nothing
        } else if found.len() - mark.kept == said {
            Found::These(found.iter().skip(mark.kept).cloned().collect())
        } else {
            Found::Untold
        }
    }

    /// Adds a finding that was made elsewhere.
    pub(in crate::config) fn add(&self, finding: Diagnostic) {
        self.note_one();
        if !self.is_full(finding.code) {
            self.push(finding);
        }
    }

    /// Counts a finding, whether or not it is kept.
    pub(super) fn note_one(&self) {
        self.said.set(self.said.get() + 1);
    }

    /// Keeps a finding.
    pub(super) fn push(&self, finding: Diagnostic) {
        let count = self.count(finding.severity);
        count.set(count.get() + 1);
        self.found.borrow_mut().push(finding);
    }

    /// Whether an error was found.
    pub(in crate::config) fn has_errors(&self) -> bool {
        self.errors.get() > 0
    }

    /// Whether no more findings of this severity are taken. What costs time to say can be left out then.
    pub(in crate::config) fn is_full(&self, code: Code) -> bool {
        self.count(code.severity()).get() >= MOST
    }

    const fn count(&self, severity: Severity) -> &Cell<usize> {
        match severity {
            Severity::Error => &self.errors,
            Severity::Warning => &self.warnings,
            Severity::Note => &self.notes,
        }
    }

    /// What was found, in the order of files and lines.
    pub(in crate::config) fn finish(self, sources: &[Source]) -> Diagnostics {
        let full = self.is_full(Code::TooMany);
        let mut found = self.found.into_inner().sorted();
        if full && let Some(source) = sources.first() {
            let message = format!("{MOST} errors are shown, and there are more");
            found.push(Diagnostic::of_file(Code::TooMany, &source.path, message));
        }
        found
    }
}
