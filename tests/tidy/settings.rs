//! How many places a setting has: its declaration, and where it is used.

use super::text::File;

/// The readers of values that mean nothing but themselves, so that the compiler only hands them on.
const PLAIN: [&str; 5] = ["Bytes<", "Count<", "Flag", "Size<", "Time<"];

/// Settings that are plain and yet are named in more places, each with why.
const ELSEWHERE: [(&str, &str); 14] = [
    ("any", "an ordinary word, which names other things"),
    ("base", "an ordinary word, which names other things"),
    ("entries", "an ordinary word, which names other things"),
    ("interval", "health checks have one, and polls for events"),
    ("max_age", "cross-origin rules have one, and proofs"),
    ("max_in_flight", "agents have one, and their upstreams"),
    ("mcp", "a section of agents has the same name"),
    ("insecure_http", "decides besides which URLs may be written"),
    ("required", "an ordinary word, which names other things"),
    ("response_timeout", "is a part of what makes a target"),
    ("strip_path", "decides besides whether a proof fits the path that an agent receives"),
    ("timeout", "health checks have one, and introspection"),
    ("token_bytes", "follows a change only on restart, so that both snapshots are asked for it"),
    ("window", "an ordinary word, which names other things"),
];

/// The plain settings that the file declares: lines of a `section!` such as `drain: Duration as Time<0, HOUR> = …;`.
fn declared(file: &File) -> Vec<&str> {
    let fields = file.product.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("        ")?.split_once(": ")?;
        let (_, reader) = rest.split_once(" as ")?;
        (line.ends_with(';') && PLAIN.iter().any(|plain| reader.starts_with(plain))).then_some(name)
    });
    fields.collect()
}

fn names(file: &File, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    file.product.match_indices(name).any(|(at, _)| {
        !file.product[..at].ends_with(is_word) && !file.product[at + name.len()..].starts_with(is_word)
    })
}

/// The plain settings, each with the files under `src/config` that name it and do not declare it.
pub(crate) fn places(tree: &[File]) -> Vec<(String, Vec<&str>)> {
    let config: Vec<&File> = tree.iter().filter(|file| file.path.starts_with("src/config/")).collect();
    let mut all: Vec<&str> = config.iter().flat_map(|file| declared(file)).collect();
    all.retain(|name| ELSEWHERE.iter().all(|(other, _)| other != name));
    all.sort_unstable();
    all.dedup();
    let used = |name: &str| -> Vec<&str> {
        let others = config.iter().filter(|file| !declared(file).contains(&name) && names(file, name));
        others.map(|file| file.path.as_str()).collect()
    };
    all.into_iter().map(|name| (name.to_owned(), used(name))).collect()
}
