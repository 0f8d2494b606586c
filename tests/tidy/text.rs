//! A source file as the laws see it: raw, and with comments, strings and test code blanked out.
//!
//! This is text scanning, not parsing: enough for code that rustfmt has laid out.

/// One file, by its path from the repository's root.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) raw: String,
    /// As `raw`, but comments, strings and characters are blanks; line numbers stay.
    pub(crate) code: String,
    /// `code` up to the unit tests at the file's end.
    pub(crate) product: String,
}

impl File {
    pub(crate) fn new(path: &str, raw: &str) -> Self {
        let code = if path.ends_with(".rs") { blank(raw) } else { raw.to_owned() };
        // A file of unit tests of its own (`mod tests;`) has no product code.
        let only_tests = path.ends_with("/tests.rs");
        let product =
            if only_tests { "" } else { code.split("#[cfg(test)]\nmod ").next().unwrap_or_default() };
        let product = product.to_owned();
        Self { path: path.to_owned(), raw: raw.to_owned(), code, product }
    }

    /// The room that the file belongs to: `src/idp/cache.rs` and `src/idp.rs` to `idp`.
    pub(crate) fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        inside.split('/').next()?.trim_end_matches(".rs").into()
    }

    /// How many `super::` lead from this file's module to the crate's root.
    fn depth(&self) -> usize {
        let inside = self.path.strip_prefix("src/").unwrap_or_default();
        let steps = inside.split('/').count();
        if inside.ends_with("/mod.rs") || ["lib.rs", "main.rs"].contains(&inside) { steps - 1 } else { steps }
    }

    /// The rooms that the product code names, each with its line: `crate::x`, `crate::{x, y::z}`, `super::…` that
    /// reaches the root, and in the binary `portcullis::x`.
    pub(crate) fn rooms_named(&self) -> Vec<(usize, String)> {
        let mut roots = vec!["crate::".to_owned()];
        match self.depth() {
            0 if self.path == "src/main.rs" => roots.push("portcullis::".to_owned()),
            0 => {}
            depth => roots.push("super::".repeat(depth)),
        }
        let mut named = Vec::new();
        for root in roots {
            for (at, _) in self.product.match_indices(&root) {
                let before = self.product[..at].chars().next_back();
                // `$crate::`, `mycrate::` and a longer chain of `super::` are other paths.
                if before.is_some_and(|c| c.is_alphanumeric() || "_:$".contains(c)) {
                    continue;
                }
                let rest = &self.product[at + root.len()..];
                named.extend(heads(rest).into_iter().map(|head| (self.line(at), head)));
            }
        }
        named
    }

    /// The lines of `text` in which the path segment `name` opens a path or a `use`: `name::…`, `use name;`.
    pub(crate) fn crate_named(&self, name: &str) -> Vec<usize> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let text = &self.code;
        text.match_indices(name)
            .filter(|(at, _)| {
                let before = text[..*at].trim_end_matches("::");
                let continues = before.len() < *at && before.ends_with(is_word);
                let after = &text[at + name.len()..];
                // `pingora` stands for pingora_core and its other parts as well.
                let tail = after.trim_start_matches(is_word);
                let whole = tail.len() == after.len() || after.starts_with('_');
                let opened = text[..*at].ends_with("use ") || text[..*at].ends_with("extern crate ");
                !continues
                    && !text[..*at].ends_with(is_word)
                    && !text[..*at].ends_with('.')
                    && whole
                    && (tail.starts_with("::") || opened)
            })
            .map(|(at, _)| self.line(at))
            .collect()
    }

    /// The functions of the product code that have a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let code = &self.product;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let starts = code.match_indices("fn ").filter(|(at, _)| !code[..*at].ends_with(is_word));
        let named = starts.filter_map(|(at, _)| {
            let rest = &code[at + 3..];
            let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
            let lines = code[at..at + 3 + body_end(rest)?].matches('\n').count() + 1;
            (!name.is_empty()).then(|| Function { line: self.line(at), name, lines })
        });
        named.collect()
    }

    /// The lines of the code that hold `needle`.
    pub(crate) fn lines_with(&self, needle: &str) -> Vec<usize> {
        self.code.match_indices(needle).map(|(at, _)| self.line(at)).collect()
    }

    /// The line number of a byte offset; the same in `raw`, `code` and `product`.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// A function with a body.
pub(crate) struct Function {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) lines: usize,
}

/// Where the body that follows a function's name ends; none when it has no body.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_usize, 0_usize);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' if braces == 0 => brackets += 1,
            ')' | ']' if braces == 0 => brackets = brackets.checked_sub(1)?,
            ';' if braces == 0 && brackets == 0 => return None,
            '{' if brackets == 0 => braces += 1,
            '}' if braces > 0 => braces -= 1,
            _ => {}
        }
        if c == '}' && brackets == 0 && braces == 0 {
            return Some(at);
        }
    }
    None
}

fn is_name(head: &str) -> bool {
    !["", "self", "super"].contains(&head)
}

/// The first segments of a use tree: `a::b` gives `a`; `{a, b::{c, d}}` gives `a` and `b`.
fn heads(tree: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(inside) = tree.strip_prefix('{') else {
        return Some(word(tree)).filter(|head| is_name(head)).into_iter().collect();
    };
    let (mut depth, mut found, mut start) = (0_usize, Vec::new(), true);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && !c.is_whitespace() => {
                found.push(word(&inside[at..]));
                start = false;
            }
            _ => {}
        }
    }
    found.retain(|head| is_name(head));
    found
}

/// Blanks out comments, strings and character literals; keeps line ends, so that line numbers stay.
fn blank(raw: &str) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at).unwrap_or(at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends, if one does.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let next = |n: usize| chars.get(at + n).copied().unwrap_or('\0');
    let until = |from: usize, done: &dyn Fn(usize) -> Option<usize>| {
        (from..chars.len()).find_map(done).unwrap_or(chars.len())
    };
    match chars[at] {
        '/' if next(1) == '/' => Some(until(at, &|i| (chars[i] == '\n').then_some(i))),
        '/' if next(1) == '*' => {
            Some(until(at + 2, &|i| (chars[i] == '*' && chars.get(i + 1) == Some(&'/')).then_some(i + 2)))
        }
        'r' if (next(1) == '"' || next(1) == '#') && !after_word(chars, at) => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            let open = at + 1 + hashes;
            if chars.get(open) != Some(&'"') {
                return None;
            }
            Some(until(open + 1, &|i| {
                let closed = chars[i] == '"'
                    && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
                closed.then_some(i + 1 + hashes)
            }))
        }
        '"' => {
            let mut i = at + 1;
            while i < chars.len() && chars[i] != '"' {
                i += if chars[i] == '\\' { 2 } else { 1 };
            }
            Some((i + 1).min(chars.len()))
        }
        '\'' if next(1) == '\\' => Some(until(at + 3, &|i| (chars[i] == '\'').then_some(i + 1))),
        '\'' if next(2) == '\'' => Some(at + 3),
        _ => None,
    }
}

/// Whether `at` continues a word (`for"…"` does not exist, but `br"…"` and `expr#` do).
fn after_word(chars: &[char], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| {
        let c = chars[before];
        (c.is_alphanumeric() || c == '_') && c != 'b'
    })
}

#[test]
fn literals_and_comments_are_blank_and_lines_stay() {
    let file = File::new(
        "src/a.rs",
        "let a = \"crate::x\\\"y\"; // crate::y\n/* crate::z */ let b = r#\"crate::\"q\"#;\nlet c = '\"'; crate::w::q();\n",
    );
    assert_eq!(file.rooms_named(), [(3, "w".to_owned())]);
}

#[test]
fn functions_are_counted_from_their_name_to_their_last_brace() {
    let code = "fn a() {\n    b({ 1 });\n}\nfn b(x: [u8; 2]);\nfn c(f: impl Fn(&str) -> bool)\nwhere T: Y,\n{\n    |x| { x }\n}\n";
    let found = File::new("src/a.rs", code).functions();
    let found: Vec<_> = found.iter().map(|f| (f.line, f.name.as_str(), f.lines)).collect();
    assert_eq!(found, [(1, "a", 3), (5, "c", 5)]);
}

#[test]
fn use_trees_give_their_first_segments() {
    assert_eq!(heads("{a::{b, c}, d, e::f};"), ["a", "d", "e"]);
    assert_eq!(heads("a::b;"), ["a"]);
    assert_eq!(heads("{\n    self,\n    keys::{self, Provider},\n};"), ["keys"]);
}

#[test]
fn super_counts_when_it_reaches_the_root() {
    let at = |path| File::new(path, "use super::super::idp::Provider; use super::view;").rooms_named();
    assert_eq!(at("src/proxy/view.rs"), [(1, "idp".to_owned())]);
    assert_eq!(at("src/proxy/mod.rs"), [(1, "view".to_owned())]);
    assert_eq!(at("src/proxy/http/view.rs"), []);
}
