//! Parser events to a tree, within bounds.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::super::code::Code;
use super::super::environment::{Expanded, Unexpanded, expand};
use super::super::report::Report;
use super::super::source::Place;
use super::node::{Key, Kind, Node, Scalar, measure};
use super::{MAX_DEPTH, MAX_NODES, syntax};

/// Answers for `${NAME}`.
type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// In so many entries a key is found by looking at each.
const FEW: usize = 16;

/// Reading cannot go on; why has been reported.
pub(super) struct Stop;

pub(super) struct Tree<'r, 's, 'e> {
    report: &'r Report<'s>,
    /// Absent when values are wanted as they were written.
    env: Option<&'e Environment<'e>>,
    parser: Parser<'s, StrInput<'s>>,
    /// Anchored values that are complete, with their height.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'r, 's, 'e> Tree<'r, 's, 'e> {
    /// A tree of the source of `report`; `env` answers for `${NAME}`.
    pub(super) fn new(report: &'r Report<'s>, env: &'e Environment<'e>) -> Self {
        Self::of(report, Some(env))
    }

    /// A tree whose values are those that were written.
    pub(super) fn as_written(report: &'r Report<'s>) -> Self {
        Self::of(report, None)
    }

    fn of(report: &'r Report<'s>, env: Option<&'e Environment<'e>>) -> Self {
        let mut options = granit_parser::options! {
            disallow_directives: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        options.set_emit_comments(false);
        let parser = Parser::new_from_str_with_options(&report.source().text, options);
        Self { report, env, parser, anchors: HashMap::new(), nodes: 0 }
    }

    fn next(&mut self) -> Result<(Event<'s>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    pub(super) fn document(&mut self) -> Result<Option<Node>, Stop> {
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
            // Most mappings are small, and there are many of them.
            let first = if entries.len() < FEW {
                entries.iter().find(|(key, _)| key.text == text).map(|(key, _)| key.place)
            } else {
                if seen.is_empty() {
                    seen.extend(entries.iter().map(|(key, _)| (key.text.clone(), key.place)));
                }
                seen.insert(text.clone(), place)
            };
            if let Some(first) = first {
                let message = format!("the key `{text}` stands twice in one mapping");
                self.report.clash(Code::DuplicateKey, place, first, message, "remove one of them");
                continue;
            }
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
        let expanded = self.env.map_or(Ok(None), |env| expand(text, env));
        let is_shared = self.report.source().shared.is_some();
        let (text, from_env) = match expanded {
            Ok(Some(Expanded { replaced: true, .. })) | Err(Unexpanded::Unset(_)) if is_shared => {
                let message = "the environment is that of one member, and this is shared by all";
                let help = "write the value itself, or `$${` for a literal `${`";
                self.report.say(Code::LocalReference, place, message, help);
                broken = true;
                (String::new(), true)
            }
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
        if self.report.all().is_full(Code::EnvUnset) {
            return place;
        }
        let line = self.line(place.line());
        let start = line.char_indices().nth(place.column().saturating_sub(1)).map_or(line.len(), |(i, _)| i);
        let Some((before, _)) = line.get(start..).and_then(|rest| rest.split_once(part)) else {
            return place;
        };
        let column = place.column() + before.chars().count();
        Place::new(place.line(), column, part.chars().count() + 1)
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
        let place = Place::new(line, column, 1);
        let (code, message, help) = syntax::explain(error, self.line(line));
        self.report.say(code, place, message, help);
        Stop
    }

    fn line(&self, number: usize) -> &'s str {
        self.report.source().line(number).unwrap_or_default()
    }

    fn place(&self, span: &Span) -> Place {
        let width = match span.start.line() == span.end.line() {
            true => span.end.col().saturating_sub(span.start.col()),
            false => 1,
        };
        let (line, column) = (span.start.line().max(1), span.start.col() + 1);
        Place::new(line, column, width.max(1))
    }
}
