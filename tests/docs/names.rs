//! Names that pages give in code spans exist: files and functions, items of rooms, targets of the Makefile, commands of
//! the binary. What a page says of them is for its readers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Endings of files that a page can name.
const ENDINGS: [&str; 9] = ["rs", "py", "sh", "mjs", "ts", "tsx", "yaml", "json", "toml"];

/// Folders of this repository.
const OURS: [&str; 10] =
    ["src", "tests", "testkit", "benches", "examples", "docs", "conf", "deploy", "scripts", "console"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(root().join(folder)).expect("a folder of pages");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let mut pages: Vec<_> = [".", "docs", "docs/adr", "tests"].into_iter().flat_map(in_folder).collect();
    // What stood in an older version is what the changelog tells of.
    pages.retain(|page| page.extension().is_some_and(|end| end == "md") && !page.ends_with("CHANGELOG.md"));
    pages
}

/// The code spans of a page, outside of its code blocks, each with its line.
fn spans(page: &str) -> Vec<(usize, &str)> {
    let mut in_block = false;
    let mut spans = Vec::new();
    for (line, text) in page.lines().enumerate() {
        if text.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            spans.extend(text.split('`').skip(1).step_by(2).map(|span| (line + 1, span)));
        }
    }
    spans
}

/// What a span names that can be looked up.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    /// A file, and perhaps a function in it.
    File { path: &'a str, function: Option<&'a str> },
    /// A folder.
    Folder(&'a str),
    /// An item of a room.
    Item { room: &'a str, item: &'a str },
    /// A target of the Makefile.
    Target(&'a str),
    /// A command of the binary.
    Command(&'a str),
}

fn named(span: &str) -> Option<Named<'_>> {
    let is_lower = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-')
    };
    if let Some(rest) = span.strip_prefix("make ") {
        return rest.split(' ').next().filter(|target| is_lower(target)).map(Named::Target);
    }
    if let Some(rest) = span.strip_prefix("portcullis ") {
        return rest
            .split(' ')
            .next()
            .filter(|command| is_lower(command) && !command.starts_with('-'))
            .map(Named::Command);
    }
    if span.contains([' ', '*', '{', '<', '$']) || span.starts_with(['/', '.']) {
        return None;
    }
    let (path, after) = span.split_once("::").map_or((span, None), |(path, after)| (path, Some(after)));
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    // What stands in a store or on a system is no file of ours.
    let is_ours = path.split_once('/').is_some_and(|(first, _)| OURS.contains(&first) || is_room(first));
    if is_ours && ENDINGS.contains(&ending) {
        return Some(Named::File { path, function: after });
    }
    if is_ours && after.is_none() && path.ends_with('/') && path.bytes().all(|b| !b.is_ascii_uppercase()) {
        return Some(Named::Folder(path));
    }
    let item = after?.rsplit("::").next()?;
    is_room(path).then_some(Named::Item { room: path, item })
}

fn is_room(name: &str) -> bool {
    root().join("src").join(name).is_dir() || root().join(format!("src/{name}.rs")).is_file()
}

/// Why the span is wrong, if it is.
fn fault(span: &str, commands: &str, makefile: &str) -> Option<String> {
    let below =
        |path: &str| [root().join(path), root().join("src").join(path)].into_iter().find(|p| p.exists());
    match named(span)? {
        Named::File { path, function } => {
            let Some(file) = below(path) else { return Some(format!("there is no file {path}")) };
            let text = fs::read_to_string(file).expect("a text file");
            let function = function?;
            let has = text.contains(&format!("fn {function}")) || text.contains(&format!("def {function}"));
            (!has).then(|| format!("{path} has no function {function}"))
        }
        Named::Folder(path) => below(path).is_none().then(|| format!("there is no folder {path}")),
        Named::Item { room, item } => {
            let item = item.trim_end_matches("()");
            let kinds = ["struct", "enum", "trait", "fn", "type", "const", "mod", "macro_rules!"];
            let declared = |text: &str| {
                kinds.iter().any(|kind| {
                    let start = format!("{kind} {item}");
                    text.match_indices(&start).any(|(at, _)| {
                        !text[at + start.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                })
            };
            (!sources_of(room).iter().any(|text| declared(text))).then(|| format!("{room} has no {item}"))
        }
        Named::Target(target) => {
            let has = makefile.contains(&format!("\n{target}:"));
            (!has).then(|| format!("the Makefile has no target {target}"))
        }
        Named::Command(command) => {
            let has = commands.lines().any(|line| line.trim_start().starts_with(command));
            (!has).then(|| format!("the binary has no command {command}"))
        }
    }
}

fn sources_of(room: &str) -> Vec<String> {
    fn collect(path: &Path, texts: &mut Vec<String>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).expect("a folder") {
                collect(&entry.expect("an entry").path(), texts);
            }
        } else if let Ok(text) = fs::read_to_string(path) {
            texts.push(text);
        }
    }
    let mut texts = Vec::new();
    collect(&root().join("src").join(room), &mut texts);
    collect(&root().join(format!("src/{room}.rs")), &mut texts);
    texts
}

#[test]
fn what_pages_name_exists() {
    let help =
        Command::new(env!("CARGO_BIN_EXE_portcullis")).arg("--help").output().expect("the binary runs");
    let commands = String::from_utf8(help.stdout).expect("help is text");
    let makefile = fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    let (mut wrong, mut looked_up) = (Vec::new(), 0);
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for (line, span) in spans(&text) {
            looked_up += usize::from(named(span).is_some());
            let fault = fault(span, &commands, &makefile);
            wrong.extend(fault.map(|why| format!("{}:{line}: {why}", page.display())));
        }
    }
    assert!(looked_up > 250, "only {looked_up} names were found");
    assert!(wrong.is_empty(), "{} names do not exist:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_that_do_not_exist_are_found() {
    let (commands, makefile) = ("  check  Checks\n", "help: ##\ntest: setup\n");
    for (span, is_wrong) in [
        ("src/lib.rs", false),
        ("door/front.rs", false),
        ("door/back.rs", true),
        ("tests/docs/names.rs::what_pages_name_exists", false),
        ("tests/docs/names.rs::what_pages_hide", true),
        ("tests/docs/", false),
        ("tests/ducks/", true),
        ("model::Live", false),
        ("model::Liv", true),
        ("make test", false),
        ("make tests", true),
        ("portcullis check -c PATH", false),
        ("portcullis chek", true),
        ("/metrics", false),
        ("http::Method", false),
        ("api://refunds", false),
        ("revisions/pending.json", false),
    ] {
        assert_eq!(fault(span, commands, makefile).is_some(), is_wrong, "{span}");
    }
}
