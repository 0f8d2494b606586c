//! The texts of a configuration and places in them. Who reads files is not known here.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::model::ResourceId;

/// How a message names what it must not show.
pub(super) const FROM_ENV: &str = "the value from the environment";

/// One YAML file, already read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it came from; relative paths inside are read against its folder.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// The one resource that it holds, without its name; absent for a whole document.
    pub entry: Option<ResourceId>,
}

impl Source {
    /// A file and its text, which is a whole document.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), entry: None }
    }

    /// A file and its text, which is what stands under the name of one resource.
    #[must_use]
    pub fn of(entry: ResourceId, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), entry: Some(entry) }
    }

    /// The line of that number, counted from 1, without its line break. Lines end where YAML ends them (section 5.4):
    /// at a line feed, a carriage return, or both.
    #[must_use]
    pub fn line(&self, number: usize) -> Option<&str> {
        let lines = self.text.split_inclusive('\n').flat_map(|line| {
            let line = line.strip_suffix('\n').unwrap_or(line);
            line.strip_suffix('\r').unwrap_or(line).split('\r')
        });
        lines.into_iter().nth(number.checked_sub(1)?)
    }

    /// The path that `written` in this file means.
    #[must_use]
    pub fn resolve(&self, written: &str) -> PathBuf {
        self.path.parent().unwrap_or_else(|| Path::new("")).join(written)
    }
}

/// A place in one of several sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Index of the source.
    pub source: usize,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
}

/// A value and where it was written. Two are equal when their values are.
#[derive(Debug, Clone, Copy)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
    /// Whether part of it came from the environment and must not be shown.
    pub from_env: bool,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T> Spanned<T> {
    /// A value at a place.
    #[must_use]
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place, from_env: false }
    }

    /// Marks what must not be shown.
    #[must_use]
    pub const fn hidden(mut self, from_env: bool) -> Self {
        self.from_env = from_env;
        self
    }

    /// The value as a message may show it.
    #[must_use]
    pub fn shown(&self) -> String
    where
        T: fmt::Display,
    {
        if self.from_env { FROM_ENV.to_owned() } else { format!("`{}`", self.value) }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_read_against_the_file_that_names_them() {
        let source = Source::new("/etc/portcullis/conf.d/a.yaml", "");
        assert_eq!(source.resolve("tls/ca.pem"), Path::new("/etc/portcullis/conf.d/tls/ca.pem"));
        assert_eq!(source.resolve("/srv/ca.pem"), Path::new("/srv/ca.pem"));
        assert_eq!(Source::new("a.yaml", "").resolve("b.pem"), Path::new("b.pem"));
    }

    #[test]
    fn lines_are_counted_from_one() {
        let source = Source::new("a", "x\r\ny\n\rz\rw\n");
        let lines: Vec<_> = (0..=6).map(|number| source.line(number)).collect();
        assert_eq!(lines, [None, Some("x"), Some("y"), Some(""), Some("z"), Some("w"), None]);
    }
}
