//! Which files import each other in a circle, as their paths say (`use`, `crate::`, `super::`).
//!
//! A path leads to the file that declares the name, through the `use` of every module on its way. The root of a module
//! may name what is below it, since it puts it together; a file below may name its root.

use std::collections::{BTreeMap, BTreeSet};

use super::text::File;

type Module = Vec<String>;

/// The circles of a tree, each as the paths of its files.
pub(crate) fn circles(tree: &[File]) -> Vec<Vec<String>> {
    let modules = Modules::of(tree);
    let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, file) in &modules.files {
        let named = paths(&file.product).into_iter().filter(|path| !path.handed_on);
        let named = named.filter_map(|path| modules.declares(&modules.absolute(module, &path.segments)?, 0));
        edges.insert(module, named.filter(|other| !other.starts_with(module)).collect());
    }
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        edges.keys().map(|module| (*module, reachable(&edges, module))).collect();
    let mut found = BTreeSet::new();
    for (module, far) in &reach {
        let back = |other: &&&Module| reach.get(**other).is_some_and(|theirs| theirs.contains(module));
        if far.contains(module) {
            found.insert(far.iter().filter(back).map(|other| modules.files[*other].path.clone()).collect());
        }
    }
    found.into_iter().collect()
}

fn reachable<'m>(edges: &BTreeMap<&'m Module, BTreeSet<&'m Module>>, from: &Module) -> BTreeSet<&'m Module> {
    let (mut seen, mut next) = (BTreeSet::new(), edges[from].iter().copied().collect::<Vec<_>>());
    while let Some(module) = next.pop() {
        if seen.insert(module) {
            next.extend(edges.get(module).into_iter().flatten().copied());
        }
    }
    seen
}

struct Modules<'t> {
    files: BTreeMap<Module, &'t File>,
    /// What a `use` brings into a module, by the name that it has there.
    brought: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl<'t> Modules<'t> {
    fn of(tree: &'t [File]) -> Self {
        let sources = tree.iter().filter(|file| file.path.ends_with(".rs") && file.path.starts_with("src/"));
        let product = sources.filter(|file| {
            let tests = ["/tests.rs", "/fixtures.rs"].iter().any(|end| file.path.ends_with(end));
            !tests && !file.path.contains("/tests/") && file.path != "src/main.rs"
        });
        let files = product.map(|file| (module(&file.path), file)).collect();
        let mut modules = Self { files, brought: BTreeMap::new() };
        let mut brought = BTreeMap::new();
        for (module, file) in &modules.files {
            let uses = paths(&file.product)
                .into_iter()
                .filter_map(|path| Some((path.brings?, modules.absolute(module, &path.segments)?)));
            brought.insert(module.clone(), uses.collect());
        }
        modules.brought = brought;
        modules
    }

    /// A path from the root of the crate; none when it leads into another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut base = module.clone();
        match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" => {}
            "super" => {
                base.pop()?;
                let mut rest = rest;
                while let Some((first, further)) = rest.split_first().filter(|(first, _)| *first == "super") {
                    let _super = first;
                    base.pop()?;
                    rest = further;
                }
                base.extend_from_slice(rest);
                return Some(base);
            }
            child => {
                base.push(child.to_owned());
                self.files.get(&base)?;
            }
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// The module that declares what the path leads to.
    fn declares(&self, path: &[String], hops: usize) -> Option<&Module> {
        // A name that leads back to itself declares nothing.
        if hops > 8 {
            return None;
        }
        let (module, rest) = (0..=path.len()).rev().find_map(|at| {
            let (module, rest) = path.split_at(at);
            Some((self.files.get_key_value(module)?.0, rest))
        })?;
        let through = rest.first().and_then(|name| self.brought.get(module)?.get(name));
        match through {
            Some(target) if target != path => {
                self.declares(&[target.as_slice(), &rest[1..]].concat(), hops + 1)
            }
            _ => Some(module),
        }
    }
}

/// `src/idp/cache.rs` and `src/idp/cache/mod.rs` are both `idp::cache`.
fn module(path: &str) -> Module {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    inside.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
}

/// A path in the code.
struct Named {
    segments: Vec<String>,
    /// The name that a `use` gives it here.
    brings: Option<String>,
    /// Whether a `pub use` only hands it on.
    handed_on: bool,
}

/// The paths that a `use` has, and those that begin with `crate`, `super` or a module.
fn paths(code: &str) -> Vec<Named> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut found, mut rest) = (Vec::new(), code);
    let mut body = String::new();
    while let Some(at) = rest.find("use ") {
        let before = &rest[..at];
        let opens = !before.ends_with(is_word) && rest[at..].contains(';');
        body.push_str(before);
        if !opens {
            rest = &rest[at + 4..];
            continue;
        }
        let visibility = before.rsplit(['\n', '{', '}', ';']).next().unwrap_or_default().trim();
        let end = rest[at..].find(';').unwrap_or_default() + at;
        for segments in trees(&rest[at + 4..end]) {
            let (segments, brings) = renamed(segments);
            found.push(Named { brings, segments, handed_on: visibility.starts_with("pub") });
        }
        rest = &rest[end..];
    }
    body.push_str(rest);
    for (at, _) in body.match_indices("::") {
        let head = body[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        let first = head == at || body[..head].ends_with("::") || body[..head].ends_with(['.', '$']);
        if !first && body[head..at].starts_with(|c: char| c.is_ascii_lowercase()) {
            let path: String = body[head..].chars().take_while(|c| is_word(*c) || *c == ':').collect();
            let segments = path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            found.push(Named { segments, brings: None, handed_on: false });
        }
    }
    found
}

/// `a::B as C` is known as `C`, `a::self` as `a`.
fn renamed(mut segments: Vec<String>) -> (Vec<String>, Option<String>) {
    let Some(last) = segments.pop() else { return (segments, None) };
    let (name, known_as) = last.split_once(" as ").unwrap_or((&last, &last));
    if name != "self" {
        segments.push(name.to_owned());
    }
    let brings = if known_as == "self" { segments.last().cloned() } else { Some(known_as.to_owned()) };
    (segments, brings)
}

/// The paths of a use tree: `a::{b, c::{self, d}}` has `a::b`, `a::c::self` and `a::c::d`.
fn trees(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let (before, inside) = match tree.split_once('{') {
        None if tree.is_empty() => return Vec::new(),
        None => return vec![segments(tree)],
        Some((before, inside)) => (segments(before), inside.rsplit_once('}').map_or(inside, |(i, _)| i)),
    };
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let below = parts.into_iter().flat_map(trees);
    below.map(|path| before.iter().cloned().chain(path).collect()).collect()
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[test]
fn planted_circles_are_found_and_what_looks_like_one_is_not() {
    let files =
        |files: &[(&str, &str)]| files.iter().map(|(path, text)| File::new(path, text)).collect::<Vec<_>>();
    let two = ["src/a/one.rs".to_owned(), "src/a/two.rs".to_owned()];
    for circle in [
        &[("src/a/one.rs", "use super::two::Two;"), ("src/a/two.rs", "use super::one::One;")][..],
        &[
            ("src/a/one.rs", "fn f() { super::two::f() }"),
            ("src/a/two.rs", "use crate::a::one::{self, One};"),
        ],
        // The root hands a name on, in public or not.
        &[
            ("src/a/mod.rs", "mod one;\nmod two;\npub use one::One;\nuse two::{Two as Second};"),
            ("src/a/one.rs", "use super::Second;"),
            ("src/a/two.rs", "use {super::One, std::fmt};"),
        ],
    ] {
        assert_eq!(circles(&files(circle)), [two.to_vec()], "{circle:?}");
    }
    for fine in [
        &[("src/a/one.rs", "use super::two::Two;"), ("src/a/two.rs", "")][..],
        &[("src/a/mod.rs", "mod one;\nuse one::One;\nstruct A;"), ("src/a/one.rs", "use super::A;")],
        &[
            ("src/a/one.rs", "use super::two::Two;"),
            ("src/a/two.rs", "// use super::one::One;\n#[cfg(test)]\nmod tests { use super::one::One; }"),
        ],
        &[("src/a/one.rs", "use two::Two;\nfn f() { std::mem::take(x) }"), ("src/a/two.rs", "use one::One;")],
    ] {
        assert_eq!(circles(&files(fine)), Vec::<Vec<String>>::new(), "{fine:?}");
    }
}

#[test]
fn a_circle_of_three_has_all_of_its_files() {
    let tree = [("one", "two"), ("two", "three"), ("three", "one"), ("four", "one")];
    let tree = tree.map(|(name, other)| {
        File::new(&format!("src/a/{name}.rs"), &format!("use crate::a::{other}::of_{other};"))
    });
    assert_eq!(
        circles(&tree),
        [["src/a/one.rs", "src/a/three.rs", "src/a/two.rs"].map(str::to_owned).to_vec()]
    );
}
