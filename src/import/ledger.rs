//! What becomes of each line of a source: nothing is dropped silently. A value that nobody has looked at is told as one
//! that cannot be imported.
//!
//! Texts here name keys, and never show what stands under one that may hold a secret.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use crate::config::{Kind, Node};
use crate::model::inert;

/// What is told of a line is at most so long, in characters; names in it are those of the source.
const LONGEST: usize = 400;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It means the same in the output.
    Kept,
    /// The output has something else for it.
    Changed,
    /// The output has nothing for it.
    Cannot,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Changed => "changed",
            Self::Cannot => "cannot",
        }
    }
}

struct Told {
    verdict: Verdict,
    text: String,
}

impl Told {
    fn line(&self) -> String {
        match self.text.as_str() {
            "" => self.verdict.word().to_owned(),
            text => format!("{}: {text}", self.verdict.word()),
        }
    }
}

/// What was said about the values of a source so far; values are known by where they lie in memory.
#[derive(Default)]
pub(super) struct Ledger {
    told: RefCell<HashMap<usize, Vec<Told>>>,
    weak: Cell<bool>,
}

impl Ledger {
    /// Says what became of a value, and of what stands in it and is not spoken of by itself.
    pub(super) fn tell(&self, node: &Node, verdict: Verdict, text: String) {
        let mut told = self.told.borrow_mut();
        let told = told.entry(address(node)).or_default();
        // What many things refer to is looked at as often.
        if !told.iter().any(|known| known.verdict == verdict && known.text == text) {
            told.push(Told { verdict, text });
        }
    }

    /// The same of what weakens, or is weak in the source itself.
    pub(super) fn tell_weak(&self, node: &Node, verdict: Verdict, text: &str) {
        self.weak.set(true);
        self.tell(node, verdict, format!("weak: {text}"));
    }

    /// Whether nothing was said of anything.
    pub(super) fn is_empty(&self) -> bool {
        self.told.borrow().is_empty()
    }

    /// Whether something was said of a value, or of what stands in it.
    pub(super) fn is_told(&self, node: &Node) -> bool {
        let told = self.told.borrow();
        told.contains_key(&address(node)) || is_told_below(&told, node)
    }

    /// Whether something weakens, or the source is itself weak.
    pub(super) fn is_weak(&self) -> bool {
        self.weak.get()
    }

    /// The lines of a source that say something, in order, with what became of each.
    pub(super) fn lines(&self, root: &Node) -> Vec<(usize, String)> {
        let mut lines = Lines::default();
        let told = self.told.borrow();
        Walk { told: &told, lines: &mut lines }.node(root, "", root.place.line(), None);
        lines.finish()
    }
}

/// The lines that say something, each with what is told about it.
#[derive(Default)]
struct Lines {
    told: BTreeMap<usize, Vec<String>>,
    /// Lines that only hold what follows, with what is told of them.
    holders: BTreeMap<usize, String>,
}

impl Lines {
    fn add(&mut self, line: usize, text: &str) {
        let text = inert(text, LONGEST).into_string();
        let told = self.told.entry(line).or_default();
        if !told.contains(&text) {
            told.push(text);
        }
    }

    fn hold(&mut self, line: usize, text: String) {
        let held = self.holders.entry(line).or_insert_with(|| text.clone());
        if text == Verdict::Kept.word() {
            *held = text;
        }
    }

    fn finish(mut self) -> Vec<(usize, String)> {
        for (line, text) in std::mem::take(&mut self.holders) {
            self.told.entry(line).or_insert_with(|| vec![text]);
        }
        for texts in self.told.values_mut() {
            let explained: Vec<String> = texts.iter().filter(|text| text.contains(": ")).cloned().collect();
            let is_said = |word: &str| explained.iter().any(|text| text.starts_with(&format!("{word}: ")));
            // A word alone adds nothing to the same with a reason, and `kept` nothing to what has changed.
            let is_idle = |word: &str| {
                is_said(word) || (word == Verdict::Kept.word() && is_said(Verdict::Changed.word()))
            };
            texts.retain(|text| text.contains(": ") || !is_idle(text));
        }
        let each = |(line, texts): (usize, Vec<String>)| texts.into_iter().map(move |text| (line, text));
        self.told.into_iter().flat_map(each).collect()
    }
}

struct Walk<'a> {
    told: &'a HashMap<usize, Vec<Told>>,
    lines: &'a mut Lines,
}

impl Walk<'_> {
    /// Whether something in `node` is of use. `above`: what was said of the nearest value around it, and on which line.
    fn node(&mut self, node: &Node, path: &str, line: usize, above: Option<(Verdict, usize)>) -> bool {
        let own = self.told.get(&address(node)).map(Vec::as_slice).unwrap_or_default();
        for told in own {
            self.lines.add(line, &told.line());
        }
        let covers = |told: &&Told| told.verdict == Verdict::Cannot || told.text.is_empty();
        let said =
            own.iter().rfind(covers).or_else(|| own.last().filter(|_| !is_told_below(self.told, node)));
        let said = said.map(|told| (told.verdict, line)).or(above);
        let mut of_use = own.iter().any(|told| told.verdict != Verdict::Cannot);
        match &node.kind {
            Kind::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    let path =
                        if path.is_empty() { key.text.clone() } else { format!("{path}.{}", key.text) };
                    of_use |= self.node(value, &path, key.place.line(), said);
                }
            }
            Kind::List(items) if !items.is_empty() => {
                for item in items {
                    of_use |= self.node(item, &format!("{path}[]"), item.place.line(), said);
                }
            }
            Kind::Scalar(_) | Kind::Map(_) | Kind::List(_) => {
                if own.is_empty() {
                    let (verdict, text) = inherited(path, line, above);
                    of_use |= verdict != Verdict::Cannot;
                    self.lines.add(line, &text);
                }
                return of_use;
            }
        }
        let text = if of_use {
            Verdict::Kept.word().to_owned()
        } else {
            said.map_or_else(|| Verdict::Cannot.word().to_owned(), |_| inherited(path, line, said).1)
        };
        self.lines.hold(line, text);
        of_use
    }
}

/// Whether something was said of what stands in a value: then what was said of the value itself is about it as a whole, and
/// not about each part.
fn is_told_below(told: &HashMap<usize, Vec<Told>>, node: &Node) -> bool {
    let is_told = |node: &Node| told.contains_key(&address(node)) || is_told_below(told, node);
    match &node.kind {
        Kind::Map(entries) => entries.iter().any(|(_, value)| is_told(value)),
        Kind::List(items) => items.iter().any(is_told),
        Kind::Scalar(_) => false,
    }
}

/// What is said of a value of which nobody has spoken.
fn inherited(path: &str, line: usize, above: Option<(Verdict, usize)>) -> (Verdict, String) {
    match above {
        Some((Verdict::Kept, _)) => (Verdict::Kept, Verdict::Kept.word().to_owned()),
        Some((verdict, at)) if at == line => (verdict, verdict.word().to_owned()),
        Some((verdict, at)) => (verdict, format!("{}: with line {at}", verdict.word())),
        None => (Verdict::Cannot, format!("cannot: `{path}` has no counterpart here")),
    }
}

fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Source, read_foreign};

    fn read(text: &str) -> Node {
        read_foreign(&Source::new("a.yaml", text)).unwrap().unwrap()
    }

    #[test]
    fn each_line_that_says_something_is_spoken_of() {
        let root =
            read("# a comment\na:\n  b: 1\n  c:\n    - 2\n    - d: 3\n\ne: { f: 4, g: [] }\nh:\n  i: 5\n");
        let ledger = Ledger::default();
        ledger.tell(root.member("a").unwrap().member("b").unwrap(), Verdict::Kept, String::new());
        ledger.tell(root.member("a").unwrap().member("c").unwrap(), Verdict::Changed, "why".to_owned());
        ledger.tell(root.member("h").unwrap(), Verdict::Cannot, "not that".to_owned());
        assert!(!ledger.is_weak());
        let lines: Vec<String> =
            ledger.lines(&root).iter().map(|(line, text)| format!("{line} {text}")).collect();
        assert_eq!(
            lines,
            [
                "2 kept",
                "3 kept",
                "4 changed: why",
                "5 changed: with line 4",
                "6 changed: with line 4",
                "8 cannot: `e.f` has no counterpart here",
                "8 cannot: `e.g` has no counterpart here",
                "9 cannot: not that",
                "10 cannot: with line 9",
            ]
        );
    }

    #[test]
    fn what_is_said_of_a_whole_hides_no_part_that_nobody_looked_at() {
        let root = read("a:\n  b: 1\n  c: 2\n");
        let (ledger, a) = (Ledger::default(), root.member("a").unwrap());
        ledger.tell_weak(a, Verdict::Kept, "no audiences");
        ledger.tell(a.member("b").unwrap(), Verdict::Kept, String::new());
        assert!(ledger.is_weak());
        let lines: Vec<String> = ledger.lines(&root).into_iter().map(|(_, text)| text).collect();
        assert_eq!(lines, ["kept: weak: no audiences", "kept", "cannot: `a.c` has no counterpart here"]);
    }
}
