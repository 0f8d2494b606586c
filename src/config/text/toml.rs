//! TOML text of other products to the same tree as YAML. Nothing of ours is TOML, so no reference to the environment is looked
//! for here.
//!
//! Nesting and size are bounded as in YAML.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::findings::Findings;
use super::report::Report;
use super::source::{Place, Source};
use super::yaml::{Key, Kind, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Scalar};

/// Characters are counted in pieces of so many bytes, so that a place in a long line costs no more than one piece.
const PIECE: usize = 4096;

/// Reads a text that another product understands; `None` when it holds nothing.
///
/// # Errors
/// What keeps it from being read: the first place that is no TOML.
pub(crate) fn read_foreign_toml(source: &Source) -> Result<Option<Node>, Diagnostics> {
    if source.text.len() > MAX_BYTES {
        return Err(Diagnostic::of_file(Code::FileTooLarge, &source.path, "over 8 MiB").into());
    }
    let places = Places::of(&source.text);
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let root = DeTable::parse(text).map_err(|error| {
        let place = places.place(&error.span().unwrap_or_default());
        // A line may hold a secret, and is not known to be none.
        let finding =
            Diagnostic::at(Code::TomlSyntax, source, place, format!("not TOML: {}", error.message()));
        finding
            .without_line()
            .help("look at the quotes and the brackets on this line, and for a key that stands twice")
    })?;
    let findings = Findings::default();
    let mut tree = Tree { report: Report::new(&findings, source), places, nodes: 0 };
    let first = root.get_ref().keys().map(|key| key.span()).min_by_key(|span| span.start).unwrap_or_default();
    let place = tree.places.place(&first);
    let node = tree.table(root.get_ref(), place, 1);
    if findings.has_errors() {
        return Err(findings.finish(std::slice::from_ref(source)));
    }
    Ok(node.filter(|node| !matches!(&node.kind, Kind::Map(entries) if entries.is_empty())))
}

struct Tree<'a> {
    report: Report<'a>,
    places: Places<'a>,
    nodes: usize,
}

impl Tree<'_> {
    /// `None` beyond the bounds, which has been reported.
    fn table(&mut self, table: &DeTable<'_>, place: Place, depth: usize) -> Option<Node> {
        self.count(depth, place)?;
        // A table has the order of its names; here it has that of the text.
        let mut each: Vec<_> = table.iter().collect();
        each.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::with_capacity(each.len());
        for (key, value) in each {
            let key = Key { text: key.get_ref().clone().into_owned(), place: self.places.place(&key.span()) };
            let value = self.value(value, key.place, depth + 1)?;
            entries.push((key, value));
        }
        Some(Node { kind: Kind::Map(entries), place })
    }

    /// A value. `around`: where it is said to be when it stands nowhere, as a table does that only its parts name.
    fn value(&mut self, value: &Spanned<DeValue<'_>>, around: Place, depth: usize) -> Option<Node> {
        let span = value.span();
        let place = if span.is_empty() { around } else { self.places.place(&span) };
        let scalar = match value.get_ref() {
            DeValue::Table(table) => return self.table(table, place, depth),
            DeValue::Array(items) => {
                self.count(depth, place)?;
                let items =
                    items.iter().map(|item| self.value(item, place, depth + 1)).collect::<Option<_>>()?;
                return Some(Node { kind: Kind::List(items), place });
            }
            DeValue::String(text) => {
                Scalar { text: text.to_string(), plain: false, from_env: false, broken: false }
            }
            DeValue::Integer(number) => {
                let whole = i128::from_str_radix(number.as_str(), number.radix());
                plain(whole.map_or_else(|_| number.to_string(), |number| number.to_string()))
            }
            DeValue::Float(number) => plain(number.to_string()),
            DeValue::Boolean(truth) => plain(truth.to_string()),
            DeValue::Datetime(time) => plain(time.to_string()),
        };
        self.count(depth, place)?;
        Some(Node { kind: Kind::Scalar(scalar), place })
    }

    fn count(&mut self, depth: usize, place: Place) -> Option<()> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES && depth <= MAX_DEPTH {
            return Some(());
        }
        let message = match depth > MAX_DEPTH {
            true => format!("nested deeper than {MAX_DEPTH} levels"),
            false => format!("more than {MAX_NODES} values"),
        };
        self.report.say(Code::TooComplex, place, message, "no configuration needs this; look for a mistake");
        None
    }
}

const fn plain(text: String) -> Scalar {
    Scalar { text, plain: true, from_env: false, broken: false }
}

/// Offsets as lines and columns.
struct Places<'t> {
    text: &'t [u8],
    /// Where lines begin.
    lines: Vec<usize>,
    /// How many characters stand before each piece.
    before: Vec<usize>,
    /// What stands before the text that is read: the mark of its encoding.
    skipped: usize,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let text = text.as_bytes();
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let lines = [0].into_iter().chain(ends).collect();
        let counts = text.chunks(PIECE).scan(0, |sum, piece| {
            let before = *sum;
            *sum += characters(piece);
            Some(before)
        });
        Self { text, lines, before: counts.collect(), skipped }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let (start, end) = (span.start + self.skipped, span.end + self.skipped);
        let line = self.lines.partition_point(|begin| *begin <= start).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or_default().max(self.skipped);
        let end = self.lines.get(line).map_or(end, |next| end.min(next.saturating_sub(1)));
        let (first, at, past) = (self.up_to(begin), self.up_to(start), self.up_to(end));
        Place::new(line, at.saturating_sub(first) + 1, past.saturating_sub(at).max(1))
    }

    /// How many characters stand before this offset.
    fn up_to(&self, offset: usize) -> usize {
        let piece = offset / PIECE;
        let rest = self.text.get(piece * PIECE..offset.min(self.text.len())).unwrap_or_default();
        let before = self.before.get(piece).or(self.before.last()).copied().unwrap_or_default();
        before + characters(rest)
    }
}

/// The characters that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        read_foreign_toml(&Source::new("a.toml", text)).unwrap().unwrap()
    }

    fn told(text: &str) -> String {
        read_foreign_toml(&Source::new("a.toml", text)).unwrap_err().to_string()
    }

    #[test]
    fn keys_and_values_know_their_place_and_stand_in_the_order_of_the_text() {
        let root = read(
            "\u{feff}# ü\n[b.\"ü\".c]\nz = 1\n\"ä\" = [\"x\", { y = 0x1F }]\n\n[[a]]\nn = true\n[[a]]\n",
        );
        let place = |node: &Node| (node.place.line(), node.place.column());
        let Kind::Map(entries) = &root.kind else { panic!("a mapping") };
        assert_eq!(entries.iter().map(|(key, _)| key.text.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let inner = root.member("b").unwrap().member("ü").unwrap().member("c").unwrap();
        let Kind::Map(entries) = &inner.kind else { panic!("a mapping") };
        let keys: Vec<_> = entries
            .iter()
            .map(|(key, _)| (key.text.as_str(), key.place.line(), key.place.column()))
            .collect();
        assert_eq!(keys, [("z", 3, 1), ("ä", 4, 1)]);
        let Kind::List(items) = &inner.member("ä").unwrap().kind else { panic!("a list") };
        assert_eq!(items.iter().map(place).collect::<Vec<_>>(), [(4, 8), (4, 13)]);
        let number = items[1].member("y").unwrap();
        assert!(matches!(&number.kind, Kind::Scalar(scalar) if scalar.plain && scalar.text == "31"));
        let Kind::List(items) = &root.member("a").unwrap().kind else { panic!("a list") };
        assert_eq!(items.iter().map(|item| item.place.line()).collect::<Vec<_>>(), [6, 8]);
        assert!(items[0].member("n").unwrap().is_true());
    }

    #[test]
    fn a_column_counts_characters_also_behind_many() {
        let long = format!("a = [{}]", "\"ü\", ".repeat(3000));
        let root = read(&long);
        let Kind::List(items) = &root.member("a").unwrap().kind else { panic!("a list") };
        assert_eq!(items.last().unwrap().place.column(), 6 + 5 * 2999);
    }

    #[test]
    fn what_is_no_toml_is_told_where_it_stands_and_without_its_line() {
        for (text, at) in [
            ("a = 1\nb = \"hunter2\n", "a.toml:2:"),
            ("a = 1\nb = 2\na = 3\n", "a.toml:3:1: "),
            ("[a]\nb = 1\n[a]\n", "a.toml:3:"),
            ("a: 1\n", "a.toml:1:4: "),
            ("ü = 1", "a.toml:1:1: "),
            (&format!("a = {}1{}", "[".repeat(40), "]".repeat(40)), "a.toml:1:"),
            (&format!("{}a = 1", "a.".repeat(40)), "a.toml:1:"),
            (&format!("{}a = 1", "a.".repeat(100_000)), "a.toml:1:"),
            (&format!("a = {}", "[".repeat(100_000)), "a.toml:1:"),
            (&format!("a = [{}]", "1,".repeat(MAX_NODES)), "a.toml:1:"),
        ] {
            let told = told(text);
            assert!(
                told.starts_with(at) && !told.contains("hunter2"),
                "{}: {told}",
                text.get(..40).unwrap_or(text)
            );
        }
    }

    #[test]
    fn nothing_is_nothing() {
        for text in ["", "# a comment\n", "\n\n"] {
            assert!(read_foreign_toml(&Source::new("a.toml", text)).unwrap().is_none(), "{text:?}");
        }
    }
}
