//! The texts of a configuration and places in them. Who reads files is not known here.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::text::shared_file::SharedFile;
use crate::model::ResourceId;

/// How a message names what it must not show.
pub(in crate::config) const FROM_ENV: &str = "the value from the environment";

/// One YAML file, already read. Cheap to clone: a text that did not change is the same one in the next snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(Arc<SourceFile>);

/// What a [`Source`] is.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it came from; relative paths inside are read against its folder.
    pub path: Arc<Path>,
    /// What it says. Shared with who read it: there may be very many.
    pub text: Arc<str>,
    /// The one resource that it holds, without its name; absent for a whole document.
    pub entry: Option<ResourceId>,
    /// The files that it may name, when several members share it: what else a member has may be missing at another one,
    /// or different there. `None` for a text of this member alone, which names any file.
    pub shared: Option<Arc<[SharedFile]>>,
}

impl Source {
    /// A file and its text, which is a whole document.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self::held(None, path.into().into(), text.into(), None)
    }

    /// A file and its text, which is what stands under the name of one resource.
    #[must_use]
    pub fn of(entry: ResourceId, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self::held(Some(entry), path.into().into(), text.into(), None)
    }

    /// The text of one resource in a store that several members share. It may name these files, and nothing else of a
    /// member's own.
    #[must_use]
    pub fn shared(
        entry: ResourceId,
        path: impl Into<PathBuf>,
        text: impl Into<Arc<str>>,
        files: &Arc<[SharedFile]>,
    ) -> Self {
        Self::held(Some(entry), path.into().into(), text.into(), Some(Arc::clone(files)))
    }

    /// The same of what a store holds, which is shared with it.
    #[must_use]
    pub fn held(
        entry: Option<ResourceId>,
        path: Arc<Path>,
        text: Arc<str>,
        shared: Option<Arc<[SharedFile]>>,
    ) -> Self {
        Self(Arc::new(SourceFile { path, text, entry, shared }))
    }

    /// Whether this is the very same as another, and not one of the same content.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
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

    /// The path that `written` in this file means; `None` where it may not be named.
    #[must_use]
    pub fn resolve(&self, written: &str) -> Option<PathBuf> {
        let Some(files) = &self.shared else {
            return Some(self.path.parent().unwrap_or_else(|| Path::new("")).join(written));
        };
        files.iter().find(|file| file.written == written).map(|file| file.path.clone())
    }
}

impl Deref for Source {
    type Target = SourceFile;

    fn deref(&self) -> &SourceFile {
        &self.0
    }
}

/// A place in a source. Every value that was read has one, so it is small; what is larger than a number holds is no
/// place in a file of the size that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    line: u32,
    column: u32,
    width: u32,
}

impl Place {
    /// The whole source; also the place of what nobody wrote.
    pub const WHOLE: Self = Self { line: 0, column: 0, width: 0 };

    /// A line and a column in characters, both counted from 1, and how many characters are meant.
    #[must_use]
    pub fn new(line: usize, column: usize, width: usize) -> Self {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: small(line), column: small(column), width: small(width) }
    }

    /// The line, counted from 1; 0 for the whole file.
    #[must_use]
    pub const fn line(self) -> usize {
        self.line as usize
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub const fn column(self) -> usize {
        self.column as usize
    }

    /// How many characters are meant.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width as usize
    }
}

/// A place in one of several sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The source.
    pub source: Source,
    /// The place in it.
    pub place: Place,
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

impl<T> Deref for Spanned<T> {
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
        assert_eq!(source.resolve("tls/ca.pem"), Some("/etc/portcullis/conf.d/tls/ca.pem".into()));
        assert_eq!(source.resolve("/srv/ca.pem"), Some("/srv/ca.pem".into()));
        assert_eq!(Source::new("a.yaml", "").resolve("b.pem"), Some("b.pem".into()));
    }

    #[test]
    fn a_shared_text_names_shared_files_only() {
        let file = SharedFile { written: "ca.pem".to_owned(), path: "/etc/portcullis/ca.pem".into() };
        let id = ResourceId::parse("agents/a").unwrap();
        let source = Source::shared(id, "etcd:/portcullis/agents/a", "", &Arc::from([file]));
        assert_eq!(source.resolve("ca.pem"), Some("/etc/portcullis/ca.pem".into()));
        for other in ["./ca.pem", "/etc/portcullis/ca.pem", "ca.pem/../key.pem", ""] {
            assert_eq!(source.resolve(other), None, "{other}");
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        let source = Source::new("a", "x\r\ny\n\rz\rw\n");
        let lines: Vec<_> = (0..=6).map(|number| source.line(number)).collect();
        assert_eq!(lines, [None, Some("x"), Some("y"), Some(""), Some("z"), Some("w"), None]);
    }
}
