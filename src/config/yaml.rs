//! YAML text to a tree in which every key and value knows its place. What the tree means is not known here.
//!
//! The tree is built from parser events and not through serde: serde stops at the first error and loses
//! places and the difference between `1` and `"1"`; here a bad spot is reported and the reading goes on.
//! Depth and size are bounded, aliases included, so no text can cost more than its length allows.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::environment::{Unexpanded, expand};
use super::report::Report;
use super::source::{FROM_ENV, Place, Spanned};

/// The largest configuration file, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// The most values in a file, aliases written out.
const MAX_NODES: usize = 200_000;
/// The deepest nesting, aliases written out.
const MAX_DEPTH: usize = 32;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A single value, as text.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Written without quotes, so that it could be a number, a truth value or nothing.
    pub(super) plain: bool,
    /// Part of the text came from the environment and must not be shown.
    pub(super) from_env: bool,
    /// The text could not be completed, which has been reported; there is no more to say about it.
    pub(super) broken: bool,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

impl Node {
    /// A value read from this node.
    pub(super) fn spanned<T>(&self, value: T) -> Spanned<T> {
        let from_env = matches!(&self.kind, Kind::Scalar(scalar) if scalar.from_env);
        Spanned::new(value, self.place).hidden(from_env)
    }

    /// The value as a message may show it.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Scalar(s) if s.from_env => FROM_ENV.to_owned(),
            Kind::Scalar(s) if s.is_null() => "nothing".to_owned(),
            Kind::Scalar(s) if s.text.chars().count() > 60 => {
                format!("`{}...`", s.text.chars().take(57).collect::<String>())
            }
            Kind::Scalar(s) => format!("`{}`", s.text),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }
}

impl Scalar {
    /// Whether this is YAML for "no value".
    pub(super) fn is_null(&self) -> bool {
        self.plain && !self.from_env && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// Reads the one document of source number `source`; `None` when nothing can be made of it, which has then
/// been reported.
pub(super) fn read(report: &Report<'_>, source: usize, env: &dyn Fn(&str) -> Option<String>) -> Option<Node> {
    let file = report.sources().get(source)?;
    if file.text.len() > MAX_BYTES {
        report.add(Diagnostic::of_file(Code::FileTooLarge, &file.path, "over 8 MiB"));
        return None;
    }
    let mut options = granit_parser::options! {
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(&file.text, options);
    let mut tree = Tree { report, source, env, parser, anchors: HashMap::new(), nodes: 0 };
    match tree.document() {
        Ok(Some(node)) if !matches!(&node.kind, Kind::Scalar(s) if s.is_null()) => Some(node),
        Ok(_) => {
            let finding = Diagnostic::of_file(Code::EmptyFile, &file.path, "this file holds nothing");
            report.add(finding.help("begin with `version: 1`"));
            None
        }
        Err(Stop) => None,
    }
}

/// Reading cannot go on; why has been reported.
struct Stop;

struct Tree<'r, 's, 'e> {
    report: &'r Report<'s>,
    source: usize,
    env: &'e dyn Fn(&str) -> Option<String>,
    parser: Parser<'s, granit_parser::StrInput<'s>>,
    /// Anchored values that are complete, with their height.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'s> Tree<'_, 's, '_> {
    fn next(&mut self) -> Result<(Event<'s>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let help = "put each document into a file of its own, in one directory";
                    let message = "a second YAML document begins here";
                    self.report.say(Code::YamlDocuments, self.place(&span), message, help);
                    return Err(Stop);
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, &span, 1)?);
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'s>, span: &Span, depth: usize) -> Result<Node, Stop> {
        let place = self.place(span);
        self.count(1, depth, place)?;
        if let Some(tag) = event.tag() {
            let at = span.tag_span().map_or(place, |s| self.place(&s));
            let message = format!("the tag `{}` is not read", tag.original());
            self.report.say(Code::YamlTag, at, message, "remove it; quotes make a text of any value");
        }
        let anchor = event.anchor_id().filter(|_| !event.is_alias());
        let kind = match event {
            Event::Alias(id) => return self.alias(id, depth, place),
            Event::Scalar(text, style, ..) => Kind::Scalar(self.scalar(&text, style, place)),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => Kind::List(Vec::new()),
        };
        let node = Node { kind, place };
        if let Some(id) = anchor {
            let height = measure(&node).1;
            self.anchors.insert(id, (node.clone(), height));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Kind::List(items));
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Stop> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            let place = self.place(&span);
            let text = match event {
                Event::MappingEnd => return Ok(Kind::Map(entries)),
                Event::Scalar(text, ..) => Some(text.into_owned()),
                event => {
                    self.node(event, &span, depth + 1)?;
                    None
                }
            };
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            let Some(text) = text else {
                self.report.say(Code::WrongType, place, "a key must be text", "write the key as a word");
                continue;
            };
            if text == "<<" {
                let help = "write the fields out";
                self.report.say(Code::YamlTag, place, "merge keys (`<<`) are not read", help);
                continue;
            }
            if let Some(first) = seen.get(&text) {
                let message = format!("the key `{text}` stands twice in one mapping");
                self.report.clash(Code::DuplicateKey, place, *first, message, "remove one of them");
                continue;
            }
            seen.insert(text.clone(), place);
            entries.push((Key { text, place }, value));
        }
    }

    fn alias(&mut self, id: usize, depth: usize, place: Place) -> Result<Node, Stop> {
        let Some((node, height)) = self.anchors.get(&id) else {
            let help = "write the value out";
            self.report.say(Code::YamlAlias, place, "this alias stands for a value that holds it", help);
            return Err(Stop);
        };
        let (node, height) = (node.clone(), *height);
        self.count(measure(&node).0, depth + height, place)?;
        Ok(node)
    }

    fn count(&mut self, nodes: usize, depth: usize, place: Place) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES && depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = match depth > MAX_DEPTH {
            true => format!("nested deeper than {MAX_DEPTH} levels"),
            false => format!("more than {MAX_NODES} values, aliases written out"),
        };
        self.report.say(Code::TooComplex, place, message, "no configuration needs this; look for a mistake");
        Err(Stop)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, place: Place) -> Scalar {
        let plain = matches!(style, ScalarStyle::Plain);
        let mut broken = false;
        let (text, from_env) = match expand(text, self.env) {
            Ok(None) => (text.to_owned(), false),
            Ok(Some(expanded)) => (expanded.text, expanded.replaced),
            Err(Unexpanded::Unset(name)) => {
                let message = format!("the environment variable `{name}` is not set");
                let help = format!("set it, or give a default: `${{{name}:-default}}`");
                let place = self.narrowed(place, &format!("${{{name}"));
                self.report.say(Code::EnvUnset, place, message, help);
                broken = true;
                (String::new(), true)
            }
            Err(Unexpanded::Malformed) => {
                let help = "write `${NAME}`, `${NAME:-default}`, or `$${` for a literal `${`";
                let place = self.narrowed(place, "${");
                self.report.say(Code::EnvSyntax, place, "`${` begins no variable here", help);
                broken = true;
                (String::new(), true)
            }
        };
        Scalar { text, plain, from_env, broken }
    }

    /// The place of `part` when it stands on the line where the value begins, else the value's place.
    fn narrowed(&self, place: Place, part: &str) -> Place {
        if self.report.is_full(Code::EnvUnset) {
            return place;
        }
        let line = self.line(place.line);
        let start = line.char_indices().nth(place.column.saturating_sub(1)).map_or(line.len(), |(i, _)| i);
        let Some((before, _)) = line.get(start..).and_then(|rest| rest.split_once(part)) else {
            return place;
        };
        Place { column: place.column + before.chars().count(), width: part.chars().count() + 1, ..place }
    }

    fn line(&self, number: usize) -> &'s str {
        self.report.sources().get(self.source).and_then(|source| source.line(number)).unwrap_or_default()
    }

    fn place(&self, span: &Span) -> Place {
        let width = match span.start.line() == span.end.line() {
            true => span.end.col().saturating_sub(span.start.col()),
            false => 1,
        };
        let (line, column) = (span.start.line().max(1), span.start.col() + 1);
        Place { source: self.source, line, column, width: width.max(1) }
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        use ErrorKind as K;
        let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
        let place = Place { source: self.source, line, column, width: 1 };
        let (code, message, help) = match error.kind() {
            K::TabNotAllowed
            | K::TabInBlockIndentation
            | K::TabInIndentation
            | K::TabAtBlockScalarStart
            | K::TabInPlainScalar => {
                (Code::YamlTab, "a tab stands where YAML allows only spaces".to_owned(), "indent with spaces")
            }
            K::RecursionLimitExceeded => (
                Code::TooComplex,
                format!("nested deeper than {MAX_DEPTH} levels"),
                "no configuration needs this; look for a mistake",
            ),
            K::UnknownAnchor => {
                let help = "define the anchor above, in this file";
                (Code::YamlAlias, "this alias stands for nothing".to_owned(), help)
            }
            K::UndeclaredTagHandle => (
                Code::YamlTag,
                "YAML tags are not read".to_owned(),
                "remove it; quotes make a text of any value",
            ),
            K::DirectiveDisallowed => {
                (Code::YamlSyntax, "YAML directives (`%`) are not read".to_owned(), "remove the line")
            }
            _ if self.line(line).contains("${") => {
                let help = "inside `{ }` and `[ ]`, `${NAME}` wants quotes: \"${NAME}\"";
                (Code::YamlSyntax, format!("not YAML: {}", error.info()), help)
            }
            _ => {
                let help = "look at the indentation, the quotes and the brackets on this line and above";
                (Code::YamlSyntax, format!("not YAML: {}", error.info()), help)
            }
        };
        self.report.say(code, place, message, help);
        Stop
    }
}

/// How many values a tree holds and how high it is.
fn measure(node: &Node) -> (usize, usize) {
    let join = |(count, height): (usize, usize), child: &Node| {
        let (c, h) = measure(child);
        (count + c, height.max(h))
    };
    let (count, height) = match &node.kind {
        Kind::Scalar(_) => (0, 0),
        Kind::List(items) => items.iter().fold((0, 0), join),
        Kind::Map(entries) => entries.iter().map(|(_, value)| value).fold((0, 0), join),
    };
    (count + 1, height + 1)
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    fn codes(text: &str) -> Vec<Code> {
        let sources = [Source::new("a.yaml", text)];
        let report = Report::new(&sources);
        let _ = read(&report, 0, &|_| None);
        report.finish().iter().map(|finding| finding.code).collect()
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
        let sources = [Source::new("a.yaml", "a: 1\nbü:\n  - \"x\"\n  - c: d\n")];
        let report = Report::new(&sources);
        let root = read(&report, 0, &|_| None).unwrap();
        let Kind::Map(entries) = root.kind else { panic!("a mapping") };
        let (key, value) = &entries[1];
        assert_eq!((key.place.line, key.place.column, key.place.width), (2, 1, 2));
        let Kind::List(items) = &value.kind else { panic!("a list") };
        assert_eq!((items[0].place.line, items[0].place.column, items[0].place.width), (3, 5, 3));
        assert!(matches!(&items[0].kind, Kind::Scalar(s) if !s.plain && s.text == "x"));
    }
}
