//! All findings of one configuration, in the order in which somebody should read them.

use std::fmt;

use super::code::Severity;
use super::diagnostic::Diagnostic;

/// All findings of one configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No findings.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    pub fn push(&mut self, finding: Diagnostic) {
        self.0.push(finding);
    }

    /// Adds those of `other`.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Puts the findings in the order in which somebody should read them: errors first, since nothing works before they
    /// are fixed; then by file and line. What concerns a whole file comes first of that.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let order = |a: &Diagnostic, b: &Diagnostic| {
            (a.severity, &a.path, a.line, a.column).cmp(&(b.severity, &b.path, b.line, b.column))
        };
        self.0.sort_by(order);
        self.0.dedup();
        self
    }

    /// The errors alone, and how many findings there are besides: for a log line about a rejected configuration.
    #[must_use]
    pub fn errors_alone(&self) -> String {
        let errors: Vec<String> = self.0.iter().filter(|d| d.is_error()).map(ToString::to_string).collect();
        let text = errors.join("\n");
        match self.len() - errors.len() {
            0 => text,
            1 => text + "\n(and 1 finding that is no error)",
            more => format!("{text}\n(and {more} findings that are no errors)"),
        }
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// How many errors there are.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    /// How many notes there are.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.count(Severity::Note)
    }

    fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(finding: Diagnostic) -> Self {
        Self(vec![finding])
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::code::Code;
    use super::*;

    #[test]
    fn errors_come_before_warnings_and_stand_alone_in_the_log() {
        let finding = |code, file: &str| Diagnostic::of_file(code, Path::new(file), "m");
        let warnings = ["a.yaml", "c.yaml"].map(|file| finding(Code::PublicAgent, file));
        let errors = ["b.yaml", "d.yaml"].map(|file| finding(Code::UnknownField, file));
        let all = warnings.into_iter().chain(errors).collect::<Diagnostics>().sorted();
        let order: Vec<_> = all.iter().map(|found| found.path.to_str().unwrap()).collect();
        assert_eq!(order, ["b.yaml", "d.yaml", "a.yaml", "c.yaml"]);
        let said = all.errors_alone();
        assert!(
            said.starts_with("b.yaml:1:1: error") && said.ends_with("(and 2 findings that are no errors)"),
            "{said}"
        );
        assert!(!said.contains("a.yaml"), "{said}");
    }
}
