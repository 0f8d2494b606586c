//! The rule of a router, as far as it is hosts, paths and methods that all must hold.

use super::super::neighbour::Reach;

/// What a rule asks for: all of it must hold.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rule {
    pub(super) hosts: Vec<String>,
    /// With how far each goes.
    pub(super) paths: Vec<(String, Reach)>,
    pub(super) methods: Vec<String>,
}

/// Parentheses may stand so deep.
const DEEPEST: usize = 16;

/// What a rule consists of.
#[derive(Debug, PartialEq)]
enum Term {
    /// `Name(values)`.
    Call(String, Vec<String>),
    All(Vec<Term>),
    Any(Vec<Term>),
}

/// What hosts, paths and methods have to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Host,
    Path,
    Method,
}

impl Rule {
    /// Reads a rule; `None` for what is more.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let term = reader.any(0)?;
        if !reader.rest.trim().is_empty() {
            return None;
        }
        let mut rule = Self::default();
        let mut kinds = Vec::new();
        let mut conjuncts = Vec::new();
        flatten(term, &mut conjuncts);
        for conjunct in conjuncts {
            let mut kind = None;
            rule.alternatives(conjunct, &mut kind)?;
            // Of two hosts that both must hold, one would be lost.
            if kinds.contains(&kind?) {
                return None;
            }
            kinds.extend(kind);
        }
        Some(rule)
    }

    /// Puts alternatives in, which must all be of one kind.
    fn alternatives(&mut self, term: Term, kind: &mut Option<Kind>) -> Option<()> {
        match term {
            Term::All(_) => None,
            Term::Any(terms) => terms.into_iter().try_for_each(|term| self.alternatives(term, kind)),
            Term::Call(name, values) => {
                let own = match name.as_str() {
                    "Host" => Kind::Host,
                    "Path" | "PathPrefix" => Kind::Path,
                    "Method" => Kind::Method,
                    _ => return None,
                };
                if *kind.get_or_insert(own) != own {
                    return None;
                }
                match own {
                    Kind::Host => self.hosts.extend(values),
                    Kind::Method => self.methods.extend(values),
                    Kind::Path => {
                        let reach = if name == "Path" { Reach::Exact } else { Reach::Text };
                        self.paths.extend(values.into_iter().map(|value| (value, reach)));
                    }
                }
                Some(())
            }
        }
    }
}

fn flatten(term: Term, conjuncts: &mut Vec<Term>) {
    match term {
        Term::All(terms) => terms.into_iter().for_each(|term| flatten(term, conjuncts)),
        Term::Any(_) | Term::Call(..) => conjuncts.push(term),
    }
}

/// Reads terms: `||` binds less than `&&`.
struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Option<Term> {
        let mut terms = vec![self.all(depth)?];
        while self.skip("||") {
            terms.push(self.all(depth)?);
        }
        if terms.len() == 1 { terms.pop() } else { Some(Term::Any(terms)) }
    }

    fn all(&mut self, depth: usize) -> Option<Term> {
        let mut terms = vec![self.one(depth)?];
        while self.skip("&&") {
            terms.push(self.one(depth)?);
        }
        if terms.len() == 1 { terms.pop() } else { Some(Term::All(terms)) }
    }

    fn one(&mut self, depth: usize) -> Option<Term> {
        if self.skip("(") {
            let term = if depth < DEEPEST { self.any(depth + 1)? } else { return None };
            return self.skip(")").then_some(term);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric())?;
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if !self.skip("(") {
            return None;
        }
        let mut values = vec![self.value()?];
        while self.skip(",") {
            values.push(self.value()?);
        }
        self.skip(")").then(|| Term::Call(name.to_owned(), values))
    }

    /// A text in quotes.
    fn value(&mut self) -> Option<String> {
        let quote = ['`', '"'].into_iter().find(|quote| self.skip(&quote.to_string()))?;
        let (value, rest) = self.rest.split_once(quote)?;
        self.rest = rest;
        (!value.is_empty() && !value.contains('\\')).then(|| value.to_owned())
    }

    fn skip(&mut self, what: &str) -> bool {
        let rest = self.rest.trim_start();
        self.rest = rest.strip_prefix(what).map_or(rest, str::trim_start);
        self.rest.len() < rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_hosts_paths_and_methods_are_read() {
        let paths = |paths: &[(&str, Reach)]| -> Vec<(String, Reach)> {
            paths.iter().map(|(path, reach)| ((*path).to_owned(), *reach)).collect()
        };
        for (text, hosts, wanted) in [
            ("Host(`a.example`) && PathPrefix(`/x`)", 1, paths(&[("/x", Reach::Text)])),
            (
                "(Host(`a`) || Host(`b`)) && (PathPrefix(`/x`) || Path(`/y`))",
                2,
                paths(&[("/x", Reach::Text), ("/y", Reach::Exact)]),
            ),
            ("Host(`a`, `b`)", 2, paths(&[])),
            ("Host(`a`) || Host(\"b\")", 2, paths(&[])),
            ("Host(`a`)&&Method(`GET`)", 1, paths(&[])),
            ("((Host(`a`)) && (PathPrefix(`/x)&&(`)))", 1, paths(&[("/x)&&(", Reach::Text)])),
        ] {
            let read = Rule::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((read.hosts.len(), read.paths), (hosts, wanted), "{text}");
        }
    }

    #[test]
    fn more_than_that_is_not_guessed_at() {
        let deep = format!("{}Host(`a`){}", "(".repeat(40), ")".repeat(40));
        for text in [
            "",
            "HostRegexp(`a`)",
            "Host(`a`) || PathPrefix(`/x`)",
            "Host(`a`) || Host(`b`) && PathPrefix(`/x`)",
            "Host(`a`) && Host(`b`)",
            "!Host(`a`)",
            "Host(a)",
            "Host(`a`",
            "Host(`a`) PathPrefix(`/x`)",
            "(Host(`a`)",
            "Host(`a`))",
            "Host(``)",
            "Path(`/a`) && PathPrefix(`/`)",
            "Header(`a`, `b`)",
            &deep,
        ] {
            assert_eq!(Rule::read(text), None, "{text}");
        }
    }
}
