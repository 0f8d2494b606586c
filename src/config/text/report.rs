//! Where findings are collected while a configuration is read: readers report and go on, so that one run
//! shows everything that is wrong.

use std::cell::{Cell, RefCell};

use super::code::{Code, Severity};
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::source::{Place, Source};
use crate::config::language::known::Found;
use crate::model::ResourceId;

/// So many errors, so many warnings and so many notes are kept: nobody reads more, and a file of nothing but errors must not
/// cost more than reading it.
const MOST: usize = 200;
/// So many words are listed in a help.
const LISTED: usize = 16;

/// The findings so far, and the texts they speak of.
#[derive(Debug)]
pub(in crate::config) struct Report<'a> {
    sources: &'a [Source],
    /// The sources that somebody asks about: they do not count among the many.
    asked: Vec<usize>,
    findings: RefCell<Diagnostics>,
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

impl<'a> Report<'a> {
    pub(in crate::config) fn new(sources: &'a [Source]) -> Self {
        Self {
            sources,
            asked: Vec::new(),
            findings: RefCell::default(),
            errors: Cell::new(0),
            warnings: Cell::new(0),
            notes: Cell::new(0),
            said: Cell::new(0),
        }
    }

    /// For somebody who asks about these resources: what is found in them is kept, however much else there is.
    pub(in crate::config) fn asked(sources: &'a [Source], asked: &[ResourceId]) -> Self {
        let is_asked = |source: &Source| source.entry.as_ref().is_some_and(|entry| asked.contains(entry));
        let asked = sources.iter().enumerate().filter(|(_, source)| is_asked(source)).map(|(i, _)| i);
        Self { asked: asked.collect(), ..Self::new(sources) }
    }

    pub(in crate::config) fn sources(&self) -> &'a [Source] {
        self.sources
    }

    /// Whether somebody asks about this source.
    pub(in crate::config) fn is_asked(&self, source: usize) -> bool {
        self.asked.contains(&source)
    }

    /// This moment.
    pub(in crate::config) fn mark(&self) -> Mark {
        Mark { said: self.said.get(), kept: self.findings.borrow().len() }
    }

    /// What was found since then.
    pub(in crate::config) fn since(&self, mark: Mark) -> Found {
        let findings = self.findings.borrow();
        let said = self.said.get() - mark.said;
        if said == 0 {
            Found::Nothing
        } else if findings.len() - mark.kept == said {
            Found::These(findings.iter().skip(mark.kept).cloned().collect())
        } else {
            Found::Untold
        }
    }

    /// Adds a finding that was made elsewhere.
    pub(in crate::config) fn add(&self, finding: Diagnostic) {
        self.said.set(self.said.get() + 1);
        if !self.is_full(finding.code) {
            self.push(finding);
        }
    }

    fn push(&self, finding: Diagnostic) {
        let count = self.count(finding.severity);
        count.set(count.get() + 1);
        self.findings.borrow_mut().push(finding);
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

    /// Adds a finding; `finish` completes it.
    pub(in crate::config) fn find(
        &self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        finish: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        self.said.set(self.said.get() + 1);
        if self.is_asked(place.source()) || !self.is_full(code) {
            self.push(finish(Diagnostic::at(code, self.sources, place, message)));
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

    /// Adds a finding about two places: `place` is where to mend, `other` what it clashes with.
    pub(in crate::config) fn clash(
        &self,
        code: Code,
        place: Place,
        other: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.find(code, place, message, |finding| {
            finding.help(help).second(self.sources, other, "this is the other place")
        });
    }

    /// What was found, in the order of files and lines.
    pub(in crate::config) fn finish(self) -> Diagnostics {
        let full = self.is_full(Code::TooMany);
        let mut findings = self.findings.into_inner().sorted();
        if full && let Some(source) = self.sources.first() {
            let message = format!("{MOST} errors are shown, and there are more");
            findings.push(Diagnostic::of_file(Code::TooMany, &source.path, message));
        }
        findings
    }
}

/// The word of `known` that `written` was probably meant to be.
pub(in crate::config) fn did_you_mean<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let lower = written.to_lowercase();
    let folded = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    known
        .into_iter()
        .map(|word| {
            let distance = strsim::damerau_levenshtein(&lower, &word.to_lowercase());
            (if folded(&lower) == folded(word) { 0 } else { distance }, word)
        })
        .filter(|(distance, word)| *distance <= word.chars().count().max(lower.chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The help for a word that is not one of `known`.
pub(in crate::config) fn suggest<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> String {
    if let Some(word) = did_you_mean(written, known.clone()) {
        return format!("did you mean `{word}`?");
    }
    let mut words: Vec<_> = known.into_iter().take(LISTED + 1).map(|word| format!("`{word}`")).collect();
    if words.len() > LISTED {
        words.truncate(LISTED);
        words.push("and more".to_owned());
    }
    match words.as_slice() {
        [] => "there is none to choose from".to_owned(),
        [one] => format!("what can stand here: {one}"),
        many => format!("what can stand here: {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_recognised_and_far_ones_are_not() {
        let known = ["identity_providers", "agents", "api_keys", "version", "server"];
        for (written, meant) in [
            ("identity_provider", Some("identity_providers")),
            ("identityProviders", Some("identity_providers")),
            ("api-keys", Some("api_keys")),
            ("verison", Some("version")),
            ("banana", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(written, known), meant, "{written}");
        }
    }
}
