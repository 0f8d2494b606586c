//! YAML text to a tree in which every key and value knows its place. What the tree means is not known here.
//!
//! The tree is built from parser events and not through serde: serde stops at the first error and loses
//! places and the difference between `1` and `"1"`; here a bad spot is reported and the reading goes on.
//! Depth and size are bounded, aliases included, so no text can cost more than its length allows.

mod node;
mod syntax;
mod tree;

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::findings::Findings;
use super::report::Report;
use super::source::Source;
use tree::{Stop, Tree};

pub(crate) use node::{Key, Kind, Node, Scalar};

/// The largest configuration file, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// The most values in a file, aliases written out.
pub(super) const MAX_NODES: usize = 200_000;
/// The deepest nesting, aliases written out.
pub(super) const MAX_DEPTH: usize = 32;

/// Reads the one document of a source; `None` when nothing can be made of it, which has then been reported.
pub(in crate::config) fn read(report: &Report<'_>, env: &dyn Fn(&str) -> Option<String>) -> Option<Node> {
    document(report, Tree::new(report, env))
}

/// The same, with references to the environment as they are.
pub(in crate::config) fn read_raw(report: &Report<'_>) -> Option<Node> {
    document(report, Tree::as_written(report))
}

fn document(report: &Report<'_>, mut tree: Tree<'_, '_, '_>) -> Option<Node> {
    let file = report.source();
    if file.text.len() > MAX_BYTES {
        report.all().add(Diagnostic::of_file(Code::FileTooLarge, &file.path, "over 8 MiB"));
        return None;
    }
    match tree.document() {
        Ok(Some(node)) if !matches!(&node.kind, Kind::Scalar(s) if s.is_null()) => Some(node),
        Ok(_) => {
            let finding = Diagnostic::of_file(Code::EmptyFile, &file.path, "this file holds nothing");
            report.all().add(finding.help(match &file.entry {
                None => "begin with `version: 1`".to_owned(),
                Some(entry) => format!("write the fields of the {}, or remove the file", entry.kind().noun()),
            }));
            None
        }
        Err(Stop) => None,
    }
}

/// Reads a source as it was written: references to the environment stay what they are. `None` for what is no
/// YAML.
pub(in crate::config) fn read_as_written(source: &Source) -> Option<Node> {
    let findings = Findings::default();
    let report = Report::new(&findings, source);
    let mut tree = Tree::as_written(&report);
    let node = tree.document().ok().flatten()?;
    (!findings.has_errors()).then_some(node)
}

/// Reads a text that another product understands: as it was written, and `None` when it holds nothing.
///
/// # Errors
/// Everything that keeps it from being read.
pub(crate) fn read_foreign(source: &Source) -> Result<Option<Node>, Diagnostics> {
    let findings = Findings::default();
    let node = if source.text.len() > MAX_BYTES {
        findings.add(Diagnostic::of_file(Code::FileTooLarge, &source.path, "over 8 MiB"));
        None
    } else {
        Tree::as_written(&Report::new(&findings, source)).document().ok().flatten()
    };
    if findings.has_errors() {
        return Err(findings.finish(std::slice::from_ref(source)));
    }
    Ok(node.filter(|node| !matches!(&node.kind, Kind::Scalar(scalar) if scalar.is_null())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<Code> {
        let (findings, source) = (Findings::default(), Source::new("a.yaml", text));
        let _ = read(&Report::new(&findings, &source), &|_| None);
        findings.finish(&[]).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        assert_eq!(codes(&format!("a: {}", "x".repeat(MAX_BYTES))), [Code::FileTooLarge]);
        assert_eq!(codes(&format!("a: {}", "x".repeat(MAX_BYTES - 3))), []);
    }

    #[test]
    fn nesting_and_aliases_are_bounded_together() {
        let flow = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(codes(&flow(MAX_DEPTH - 1)), []);
        assert_eq!(codes(&flow(MAX_DEPTH)), [Code::TooComplex]);
        let both = format!("- &a {}\n- {}*a{}\n", flow(20), "[".repeat(20), "]".repeat(20));
        assert_eq!(codes(&both), [Code::TooComplex]);
        let many = format!("- &a [{}]\n{}", "1,".repeat(1000), "- *a\n".repeat(300));
        assert_eq!(codes(&many), [Code::TooComplex]);
    }

    #[test]
    fn keys_and_values_know_their_place() {
        let source = Source::new("a.yaml", "a: 1\nbü:\n  - \"x\"\n  - c: d\n");
        let root = read(&Report::new(&Findings::default(), &source), &|_| None).unwrap();
        let Kind::Map(entries) = root.kind else { panic!("a mapping") };
        let (key, value) = &entries[1];
        assert_eq!((key.place.line(), key.place.column(), key.place.width()), (2, 1, 2));
        let Kind::List(items) = &value.kind else { panic!("a list") };
        assert_eq!((items[0].place.line(), items[0].place.column(), items[0].place.width()), (3, 5, 3));
        assert!(matches!(&items[0].kind, Kind::Scalar(s) if !s.plain && s.text == "x"));
    }
}
