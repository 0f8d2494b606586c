//! `server.access_log`: where the lines about requests go.

use std::path::PathBuf;

use super::super::super::section::{Settings, section};
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{FilePath, word};
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// `server.access_log`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLog {
    /// Lines on standard output.
    Stdout,
    /// None.
    Off,
    /// Lines in a file.
    File(PathBuf),
}

section! {
    /// `server.access_log` written as a mapping
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct InFile = "`access_log`" {
        /// the file to which lines are added; SIGUSR1 opens the one of this name again
        file: PathBuf as FilePath, required;
    }
}

const WORDS: [&str; 2] = ["stdout", "off"];

impl Value for AccessLog {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(&WORDS), Shape::Section(InFile::SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        if node.is_map() {
            return InFile::read(report, node).map(|written| Self::File(written.file));
        }
        let [stdout, _] = WORDS;
        word(report, node, &WORDS).map(|word| if word == stdout { Self::Stdout } else { Self::Off })
    }

    fn shown(read: &Self) -> Option<String> {
        match read {
            Self::Stdout => Some("stdout".to_owned()),
            Self::Off => Some("off".to_owned()),
            Self::File(_) => None,
        }
    }
}
