//! The documents of the files, each as a tree in which every value knows its line. What they mean is the business of each
//! product's file. A file whose name ends in `.toml` is TOML, any other one YAML.

use std::path::Path;

use crate::config::{Code, Diagnostic, Diagnostics, Node, Source, read_foreign, read_foreign_toml};

/// Exports of a cluster hold some hundred documents. Each is read behind as many empty lines as stand before it, so that a
/// file of nothing but documents would take the square of its length.
const MOST: usize = 1000;

/// Reads all files.
///
/// # Errors
/// What keeps the files from being read, of all files at once.
pub(super) fn read(sources: &[Source]) -> Result<Vec<(String, Node)>, Diagnostics> {
    let mut read = Vec::new();
    let mut broken = Diagnostics::default();
    for source in sources {
        let file = source.path.display().to_string();
        if source.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            match read_foreign_toml(source) {
                Ok(node) => read.extend(node.map(|node| (file, node))),
                Err(findings) => broken.append(findings),
            }
            continue;
        }
        let begins = beginnings(&source.text);
        if begins.len() > MOST {
            broken.push(too_many(&source.path));
            continue;
        }
        for (number, piece) in pieces(&source.text, &begins).filter(|(_, piece)| says_something(piece)) {
            let text = "\n".repeat(number) + piece;
            match read_foreign(&Source::new(source.path.to_path_buf(), text)) {
                Ok(node) => read.extend(node.map(|node| (file.clone(), node))),
                Err(findings) => broken.append(findings),
            }
        }
    }
    if broken.has_errors() { Err(broken) } else { Ok(read) }
}

fn too_many(path: &Path) -> Diagnostic {
    let message = format!("over {MOST} documents");
    Diagnostic::of_file(Code::YamlDocuments, path, message).help("put them into several files")
}

/// Where documents begin: the number of lines before it, and the offset.
fn beginnings(text: &str) -> Vec<(usize, usize)> {
    let mut begins = vec![(0, 0)];
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let is_mark = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with([' ', '\t']));
        if is_mark {
            begins.push((number, offset));
        }
        offset += line.len();
    }
    begins
}

/// The documents, each with the number of lines before it.
fn pieces<'t>(text: &'t str, begins: &'t [(usize, usize)]) -> impl Iterator<Item = (usize, &'t str)> {
    let ends = begins.iter().skip(1).map(|(_, offset)| *offset).chain([text.len()]);
    let whole = begins.iter().zip(ends);
    whole.map(|((number, offset), end)| (*number, text.get(*offset..end).unwrap_or_default()))
}

/// Comments and the marks of documents and of versions say nothing.
fn says_something(piece: &str) -> bool {
    let says = |line: &str| !matches!(line, "" | "---" | "...") && !line.starts_with(['#', '%']);
    piece.lines().any(|line| says(line.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_a_file_stay_on_their_lines() {
        let text =
            "%YAML 1.2\n# first\n---\na: 1\n--- # second\n# none\n---\nb: |\n  --- no mark\nc: 2\n...\n";
        let found = read(&[Source::new("a.yaml", text)]).unwrap();
        assert_eq!(found.iter().map(|(_, node)| node.place.line()).collect::<Vec<_>>(), [4, 8]);
    }

    #[test]
    fn a_mistake_is_told_on_its_line_and_too_many_documents_of_the_file() {
        let told = |text: String| read(&[Source::new("a.yaml", text)]).unwrap_err().to_string();
        assert!(told("a: 1\n---\nb: [\n---\nc: 1\nc: 2\n".to_owned()).contains("a.yaml:6:1: "));
        assert!(
            told("---\na: 1\n".repeat(MOST))
                .contains("a.yaml:1:1: error[yaml-documents]: over 1000 documents")
        );
    }
}
