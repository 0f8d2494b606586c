//! Scopes that hold others: what an identity provider means by a broad scope, as its configuration says it.
//!
//! A token with the broad scope has the narrow ones, and what those imply in turn. It is worked out once, when the
//! configuration is compiled, so that a rule costs one look-up for each scope of a token.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Claims;

/// Every scope that each broad scope implies, directly or through others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImpliedScopes(BTreeMap<Box<str>, BTreeSet<Box<str>>>);

impl ImpliedScopes {
    /// The closure of what is written: broad scopes, and the narrow ones of each. Scopes may imply each other.
    #[must_use]
    pub fn new(written: &[(String, Vec<String>)]) -> Self {
        let direct: BTreeMap<&str, &[String]> =
            written.iter().map(|(broad, narrow)| (broad.as_str(), narrow.as_slice())).collect();
        let closure = |broad: &str| {
            let mut implied = BTreeSet::new();
            let mut open = vec![broad];
            while let Some(scope) = open.pop() {
                for narrow in direct.get(scope).copied().unwrap_or_default() {
                    if implied.insert(Box::from(narrow.as_str())) {
                        open.push(narrow);
                    }
                }
            }
            implied.remove(broad);
            implied
        };
        Self(direct.keys().map(|broad| (Box::from(*broad), closure(broad))).collect())
    }

    /// Whether no scope implies another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token with these claims has a scope, named in it or implied by one that is.
    #[must_use]
    pub fn grants(&self, claims: &Claims, wanted: &str) -> bool {
        let implies = |scope: &str| self.0.get(scope).is_some_and(|implied| implied.contains(wanted));
        claims.scopes().any(|scope| scope == wanted || implies(scope))
    }

    /// The scopes that the token has without naming them, in alphabetical order.
    #[must_use]
    pub fn beyond<'s>(&'s self, claims: &Claims) -> BTreeSet<&'s str> {
        let implied = claims.scopes().filter_map(|scope| self.0.get(scope)).flatten().map(|scope| &**scope);
        implied.filter(|implied| claims.scopes().all(|named| named != *implied)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn implied(written: &[(&str, &[&str])]) -> ImpliedScopes {
        let owned = |narrow: &[&str]| narrow.iter().map(|scope| (*scope).to_owned()).collect();
        let written: Vec<_> =
            written.iter().map(|(broad, narrow)| ((*broad).to_owned(), owned(narrow))).collect();
        ImpliedScopes::new(&written)
    }

    fn claims(scope: &str) -> Claims {
        Claims::new(json!({ "scope": scope }).as_object().cloned().unwrap())
    }

    #[test]
    fn a_broad_scope_has_what_the_narrow_ones_imply_in_turn_also_in_a_circle() {
        let scopes = implied(&[
            ("admin", &["write", "audit"]),
            ("write", &["read"]),
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["a"]),
            ("self", &["self"]),
        ]);
        for (named, beyond) in [
            ("admin", &["audit", "read", "write"] as &[_]),
            ("write", &["read"]),
            ("admin write", &["audit", "read"]),
            ("read", &[]),
            ("Admin", &[]),
            ("adm", &[]),
            ("a", &["b", "c"]),
            ("c", &["a", "b"]),
            ("self", &[]),
            ("", &[]),
        ] {
            let claims = claims(named);
            assert_eq!(scopes.beyond(&claims).into_iter().collect::<Vec<_>>(), beyond, "{named}");
            for wanted in ["admin", "write", "audit", "read", "a", "b", "c", "self", ""] {
                let wants = beyond.contains(&wanted)
                    || named.split(' ').any(|scope| scope == wanted && !scope.is_empty());
                assert_eq!(scopes.grants(&claims, wanted), wants, "{named}: {wanted}");
            }
        }
    }

    #[test]
    fn nothing_written_implies_nothing() {
        let none = implied(&[]);
        assert!(none.is_empty() && none.beyond(&claims("admin")).is_empty());
        assert!(none.grants(&claims("admin"), "admin") && !none.grants(&claims("admin"), "read"));
    }
}
