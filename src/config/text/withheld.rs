//! Which lines of a text are never shown beside a finding, whatever it is about: rather one too many than a secret in a
//! log.

use crate::authn::KEY_PREFIX;
use crate::model::PRIVATE_JWK_MEMBERS;

/// The word under which values of headers stand.
pub(super) const KEY: &str = "set_headers";

/// Whether `line`, which is number `number` of `text`, may hold a secret.
pub(super) fn is(text: &str, number: usize, line: &str) -> bool {
    may_hold_a_value(text, number) || may_hold_a_secret(line)
}

/// Whether a line of a text may hold such a value: it stands under the word, as far as indentation and brackets tell,
/// whatever else is wrong with the text.
fn may_hold_a_value(text: &str, number: usize) -> bool {
    if !text.contains(KEY) {
        return false;
    }
    let (mut under, mut open): (Option<usize>, i64) = (None, 0);
    for (line, at) in text.split(['\n', '\r']).zip(1..) {
        let indent = line.len() - line.trim_start().len();
        let is_below = |under: usize| open > 0 || line.trim().is_empty() || indent > under;
        if line.contains(KEY) {
            (under, open) = (Some(under.filter(|under| is_below(*under)).unwrap_or(indent)), open.max(0));
        } else if !under.is_some_and(is_below) {
            (under, open) = (None, 0);
        }
        if under.is_some() {
            let count = |brackets: [char; 2]| i64::try_from(line.matches(brackets).count()).unwrap_or(0);
            open = (open + count(['{', '[']) - count(['}', ']'])).max(0);
        }
        if at == number {
            return under.is_some();
        }
    }
    false
}

/// Whether a line may hold what nobody should read in a log, whatever the finding on it is about: a password in a URL,
/// a private key, an API key where its hash belongs. Rather one line too many is left out.
fn may_hold_a_secret(line: &str) -> bool {
    // In a URL no blank follows the first colon, as it does in YAML.
    let tight = line.match_indices(':').find(|(i, _)| line.get(i + 1..).is_some_and(is_tight));
    let password = tight.is_some_and(|(i, _)| line.get(i..).is_some_and(|rest| rest.contains('@')));
    let private = line.contains("kty") && PRIVATE_JWK_MEMBERS.iter().any(|name| names(line, name));
    let hash =
        line.contains("sha256") && !line.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() == 64);
    password || private || hash || line.contains("PRIVATE KEY") || line.contains(KEY_PREFIX)
}

fn is_tight(rest: &str) -> bool {
    rest.chars().next().is_some_and(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '[' | '{'))
}

/// Whether `name` stands before a colon, quoted or not.
fn names(line: &str, name: &str) -> bool {
    line.split([',', '{', '[', '-']).filter_map(|part| part.split_once(':')).any(|(before, _)| {
        before.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) == name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_under_the_word_may_hold_a_value() {
        for (text, hidden) in [
            ("a: 1\nupstream:\n  set_headers:\n    A: x\n\n    B: y\n  host: z\nb: 2\n", &[3, 4, 5, 6][..]),
            ("upstream: { set_headers: {\nA: x,\nB: y }\n}\nb: 2\n", &[1, 2, 3, 4]),
            ("  set_headers: { A: x }\n  b: 1\n", &[1]),
            ("set_headers:\n\tA: x\nb: [\n", &[1, 2]),
            ("a: 1\nb: 2\n", &[]),
        ] {
            let lines: Vec<usize> = (1..=8).filter(|number| may_hold_a_value(text, *number)).collect();
            assert_eq!(lines, hidden, "{text}");
        }
    }
}
