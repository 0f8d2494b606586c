//! Names of agents and providers after those in a source.

use std::collections::{BTreeMap, BTreeSet};

/// Names are at most so long, with room for a number.
const LONGEST: usize = 55;

/// The names of one kind that are taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// How often each was wanted.
    wanted: BTreeMap<String, u32>,
}

impl Names {
    /// A name that nobody has yet.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let name = name_of(wanted);
        loop {
            let number = self.wanted.entry(name.clone()).or_default();
            *number += 1;
            let free = if *number == 1 { name.clone() } else { format!("{name}-{number}") };
            if self.taken.insert(free.clone()) {
                return free;
            }
        }
    }
}

fn name_of(wanted: &str) -> String {
    let mut name = String::new();
    for c in wanted.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
        if name.len() == LONGEST {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    // A denial says `any` for all providers.
    if name.is_empty() || name == "any" { "imported".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_free_and_of_this_house() {
        let mut names = Names::default();
        for (wanted, name) in [
            ("Refund API", "refund-api"),
            ("refund_api", "refund-api-2"),
            ("refund-api-2", "refund-api-2-2"),
            ("refund/api", "refund-api-3"),
            ("__", "imported"),
            ("any", "imported-2"),
            ("\u{30c4}", "imported-3"),
        ] {
            assert_eq!(names.take(wanted), name);
        }
        assert!(names.take(&"x".repeat(9999)).len() < 63);
    }
}
