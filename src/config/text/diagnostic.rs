//! What is wrong with a configuration, where, and what to write instead.
//!
//! A finding carries everything it needs to be printed, so it outlives the text it speaks of. Which findings
//! there can be is the closed list in `code`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::code::{Code, Severity};
use super::source::{Place, Source};
use super::withheld;

/// A second place that a finding speaks of, such as the earlier of two equal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What stands there.
    pub label: String,
}

/// One finding. Prints as `FILE:LINE:COL: error[CODE]: message`, the source line with a caret, and the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the configuration can be used all the same.
    pub severity: Severity,
    /// The stable name of the finding.
    pub code: Code,
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1; 0 when the finding concerns the whole file.
    pub line: usize,
    /// The column in characters, counted from 1; 0 when the finding concerns the whole file.
    pub column: usize,
    /// How many characters the caret underlines; at least 1 where there is a line.
    pub width: usize,
    /// Where the caret begins in [`Self::source_line`], in characters from 0.
    pub caret: usize,
    /// What is wrong. Never holds the value of an environment variable.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The line as it stands in the file, of a very long one the part around the place; absent when it may
    /// hold a secret.
    pub source_line: Option<String>,
    /// The other place, where the finding is about two.
    pub second: Option<Second>,
}

impl Diagnostic {
    /// A finding at a place in a source.
    #[must_use]
    pub fn at(code: Code, source: &Source, place: Place, message: impl Into<String>) -> Self {
        let line = source.line(place.line()).filter(|line| !withheld::is(&source.text, place.line(), line));
        let line = line.map(|line| window(line, place.column().saturating_sub(1)));
        Self {
            severity: code.severity(),
            code,
            path: source.path.to_path_buf(),
            line: place.line(),
            column: place.column(),
            width: place.width().max(1),
            message: message.into(),
            help: None,
            caret: line.map_or(0, |(_, caret)| caret),
            source_line: line.map(|(text, _)| text.to_owned()),
            second: None,
        }
    }

    /// A finding about a whole file.
    #[must_use]
    pub fn of_file(code: Code, path: &Path, message: impl Into<String>) -> Self {
        Self {
            severity: code.severity(),
            code,
            path: path.to_path_buf(),
            line: 0,
            column: 0,
            width: 0,
            caret: 0,
            message: message.into(),
            help: None,
            source_line: None,
            second: None,
        }
    }

    /// For the reader of files: the bytes of a configuration file are not UTF-8 from `offset` on.
    #[must_use]
    pub fn not_utf8(path: &Path, offset: usize) -> Self {
        Self::of_file(Code::NotUtf8, path, format!("not UTF-8 text: byte {offset} cannot be read"))
            .help("save the file as UTF-8")
    }

    /// For the reader of files: a configuration file could not be read.
    #[must_use]
    pub fn unreadable(path: &Path, why: &str) -> Self {
        Self::of_file(Code::FileUnreadable, path, format!("cannot be read: {why}"))
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the other place.
    #[must_use]
    pub fn second(mut self, source: &Source, place: Place, label: impl Into<String>) -> Self {
        let path = source.path.to_path_buf();
        self.second = Some(Second { path, line: place.line(), column: place.column(), label: label.into() });
        self
    }

    /// Makes it a note: something else that is written says that it is meant.
    #[must_use]
    pub fn noted(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }

    /// Leaves the source line out, because it may hold a secret.
    #[must_use]
    pub fn without_line(mut self) -> Self {
        self.source_line = None;
        self
    }

    /// Whether the configuration cannot be used.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What concerns a whole file stands at its beginning, so that every finding has the same form.
        write!(f, "{}:{}:{}:", self.path.display(), self.line.max(1), self.column.max(1))?;
        write!(f, " {}[{}]: {}", self.severity, self.code, Plain(&self.message))?;
        if let Some(line) = &self.source_line {
            let offset = self.caret;
            let width = self.width.min(line.chars().count().saturating_sub(offset)).max(1);
            write!(f, "\n{:>5} | {}", self.line, Plain(line))?;
            write!(f, "\n      | {:offset$}{:^<width$}", "", "")?;
        }
        if let Some(second) = &self.second {
            let Second { path, line, column, label } = second;
            write!(f, "\n      = note: {}:{line}:{column}: {}", path.display(), Plain(label))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n      = help: {}", Plain(help))?;
        }
        Ok(())
    }
}

/// The longest part of a source line that is shown, in characters.
const SHOWN: usize = 160;

/// The part of `line` around the character `at`, and where `at` stands in it.
fn window(line: &str, at: usize) -> (&str, usize) {
    let first = if at < SHOWN { 0 } else { at - SHOWN / 2 };
    let byte_of = |n: usize| line.char_indices().nth(n).map_or(line.len(), |(i, _)| i);
    let text = line.get(byte_of(first)..byte_of(first + SHOWN)).unwrap_or_default();
    (text, at - first)
}

/// Text from a file on its way to a terminal: control characters cannot act there, and each character
/// keeps its one column.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        let unseen =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        self.0.chars().try_for_each(|c| match c {
            '\t' => f.write_char(' '),
            c if unseen(c) => f.write_char('\u{fffd}'),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("a.yaml", text)
    }

    #[test]
    fn a_finding_shows_its_line_its_caret_and_the_mend() {
        let source = source("version: 1\nverzion: 2\n");
        let place = Place::new(2, 1, 7);
        let shown = Diagnostic::at(Code::UnknownField, &source, place, "no field `verzion` here")
            .help("did you mean `version`?")
            .second(&source, Place::new(1, 1, 7), "the other one is here")
            .to_string();
        assert_eq!(
            shown,
            "a.yaml:2:1: error[unknown-field]: no field `verzion` here\n    2 | verzion: 2\n      | ^^^^^^^\n      \
             = note: a.yaml:1:1: the other one is here\n      = help: did you mean `version`?"
        );
    }

    #[test]
    fn a_file_cannot_write_control_codes_to_the_terminal() {
        let source = source("a: \u{1b}[31m\u{202e}x\tz");
        let place = Place::new(1, 4, 1);
        let shown = Diagnostic::at(Code::WrongType, &source, place, "bad \u{1b}").to_string();
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\t']), "{shown:?}");
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_left_out_whatever_the_finding_is_about() {
        for (line, shown) in [
            ("  a: { upstream: \"http://127.0.0.1:9\", auth: x }", true),
            ("  a: { owner: me@example.com, auth: x }", true),
            ("  k: { route: /k, auth: { api_key: { header: X-API-Key } } }", true),
            ("  - { kty: OKP, crv: Ed25519, x: AA }", true),
            ("  x: { sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }", true),
            ("  a: { upstream: \"http://u:p@127.0.0.1:9\", auth: x }", false),
            ("  a: { upstream: \"http:/u:p,{@127.0.0.1:9//x\" }", false),
            ("  a: { upstream: http:u:p@127.0.0.1 }", false),
            ("  - { kty: OKP, crv: Ed25519, \"d\": AA }", false),
            ("{\"keys\":[{\"k\":\"AA\",\"kty\":\"oct\"}]}", false),
            ("  x: { sha256: hunter2, agent: nobody }", false),
            ("  x: { agent: nobody, name: pck_Yq3Zk81b_x }", false),
            ("  public_key: \"-----BEGIN PRIVATE KEY-----\\nAA\"", false),
        ] {
            let place = Place::new(1, 1, 1);
            let finding = Diagnostic::at(Code::UnknownField, &source(line), place, "m");
            assert_eq!(finding.source_line.is_some(), shown, "{line}");
        }
    }

    #[test]
    fn a_very_long_line_is_shown_around_the_caret() {
        let source = source(&format!("{}HERE{}", "x".repeat(5000), "y".repeat(5000)));
        let place = Place::new(1, 5001, 4);
        let shown = Diagnostic::at(Code::WrongType, &source, place, "m").to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines[1].len() < 200);
        assert_eq!(lines[1].find("HERE"), lines[2].find("^^^^"));
    }

    #[test]
    fn what_concerns_a_whole_file_stands_at_its_beginning() {
        let shown = Diagnostic::not_utf8(Path::new("a.yaml"), 7).to_string();
        assert!(
            shown.starts_with("a.yaml:1:1: error[not-utf8]: not UTF-8 text: byte 7 cannot be read\n"),
            "{shown}"
        );
        let shown = Diagnostic::unreadable(Path::new("b.yaml"), "permission denied").to_string();
        assert_eq!(shown, "b.yaml:1:1: error[file-unreadable]: cannot be read: permission denied");
    }
}
