//! Where findings are collected while a configuration is read: readers report and go on, so that one run
//! shows everything that is wrong.

use std::cell::RefCell;

use super::code::Code;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::{Place, Source};

/// The findings so far, and the texts they speak of.
#[derive(Debug)]
pub(super) struct Report<'a> {
    sources: &'a [Source],
    findings: RefCell<Diagnostics>,
}

impl<'a> Report<'a> {
    pub(super) fn new(sources: &'a [Source]) -> Self {
        Self { sources, findings: RefCell::default() }
    }

    pub(super) fn sources(&self) -> &'a [Source] {
        self.sources
    }

    /// Adds a finding.
    pub(super) fn add(&self, finding: Diagnostic) {
        self.findings.borrow_mut().push(finding);
    }

    /// Adds a finding that consists of a message and what to write instead.
    pub(super) fn say(&self, code: Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.add(Diagnostic::at(code, self.sources, place, message).help(help));
    }

    /// Adds a finding about two places: `place` is where to mend, `other` what it clashes with.
    pub(super) fn clash(
        &self,
        code: Code,
        place: Place,
        other: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let finding = Diagnostic::at(code, self.sources, place, message).help(help);
        self.add(finding.second(self.sources, other, "the other one is here"));
    }

    /// What was found, in the order of files and lines.
    pub(super) fn finish(self) -> Diagnostics {
        self.findings.into_inner().sorted()
    }
}

/// The word of `known` that `written` was probably meant to be.
pub(super) fn did_you_mean<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
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
pub(super) fn suggest<'k>(written: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    if let Some(word) = did_you_mean(written, known.clone()) {
        return format!("did you mean `{word}`?");
    }
    let words: Vec<_> = known.into_iter().map(|word| format!("`{word}`")).collect();
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
