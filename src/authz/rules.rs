//! Scope and claim rules of one agent.
//!
//! Empty rules admit every caller with a valid token: that is what the operator wrote.

use std::fmt;

use serde_json::Value;

use crate::model::{Claims, ImpliedScopes, Reason};

use super::explain::{Check, Facts, Trace};
use super::number::Exact;

/// The rules that a verified token must satisfy at one agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Rules over scopes.
    pub scopes: ScopeRules,
    /// Claim rules that must all match.
    pub claims_all_of: Vec<ClaimRule>,
    /// Claim rules of which at least one must match; empty = no such rule.
    pub claims_any_of: Vec<ClaimRule>,
}

/// Rules over the scopes that a token grants (RFC 6749 section 3.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScopeRules {
    /// Scopes that the token must all grant.
    pub all_of: Vec<String>,
    /// Scopes of which the token must grant at least one; empty = no such rule.
    pub any_of: Vec<String>,
}

/// A claim and the values that it may have. An array matches when one of its items does.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRule {
    /// The claim's name; dots walk into objects, as [`Claims::get`] says.
    claim: String,
    /// Whether the rule compares the member names of an object instead of the claim's value.
    keys_of: bool,
    wanted: Vec<Wanted>,
}

/// One value that a claim may have.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    /// This string, number or boolean, compared by JSON type.
    Exactly(Value),
    /// Any string with this prefix.
    Prefix(String),
}

impl Rules {
    /// Applies the rules to a token whose provider says that its scopes imply others: scopes first, then claims.
    ///
    /// # Errors
    /// [`Reason::ScopeMissing`] or [`Reason::ClaimMismatch`]: the first rule that is not satisfied.
    pub fn check(
        &self,
        claims: &Claims,
        implied: &ImpliedScopes,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        self.check_scopes(claims, implied, trace)?;
        self.check_claims(claims, trace)
    }

    pub(super) fn check_scopes(
        &self,
        claims: &Claims,
        implied: &ImpliedScopes,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        let scopes = &self.scopes;
        if scopes.is_empty() {
            return Ok(());
        }
        let ok = match implied.is_empty() {
            true => scopes.are_met(|wanted| claims.scopes().any(|scope| scope == wanted)),
            false => scopes.are_met(|wanted| implied.grants(claims, wanted)),
        };
        trace.check(Check::Scopes, ok, || Facts {
            seen: Some(seen_scopes(claims, implied)),
            wanted: scopes.describe(),
            fix: "ask the identity provider to grant this client the missing scope, or change `scopes` of the agent",
        });
        if ok { Ok(()) } else { Err(Reason::ScopeMissing) }
    }

    pub(super) fn check_claims(&self, claims: &Claims, trace: &mut impl Trace) -> Result<(), Reason> {
        for rule in &self.claims_all_of {
            let ok = rule.matches(claims);
            trace.check(Check::Claim, ok, || rule.facts(claims));
            if !ok {
                return Err(Reason::ClaimMismatch);
            }
        }
        if self.claims_any_of.is_empty() {
            return Ok(());
        }
        if let Some(rule) = self.claims_any_of.iter().find(|rule| rule.matches(claims)) {
            trace.check(Check::Claim, true, || rule.facts(claims));
            return Ok(());
        }
        // None matched: each of them is a way to fix it, so the record lists them all.
        for rule in &self.claims_any_of {
            trace.check(Check::Claim, false, || rule.facts(claims));
        }
        Err(Reason::ClaimMismatch)
    }
}

/// As the settings are read aloud; nothing for rules that ask for nothing.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes = (!self.scopes.is_empty()).then(|| self.scopes.describe());
        let all = self.claims_all_of.iter().map(ClaimRule::describe);
        let any: Vec<String> = self.claims_any_of.iter().map(ClaimRule::describe).collect();
        let any = (!any.is_empty()).then(|| format!("at least one of the claims {}", any.join("; ")));
        f.write_str(&scopes.into_iter().chain(all).chain(any).collect::<Vec<_>>().join("; "))
    }
}

impl ScopeRules {
    fn is_empty(&self) -> bool {
        self.all_of.is_empty() && self.any_of.is_empty()
    }

    /// `all_of` and then `any_of`: the `scope` attribute of a challenge (RFC 6750 section 3).
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        self.all_of.iter().chain(&self.any_of).map(String::as_str)
    }

    fn are_met(&self, has: impl Fn(&str) -> bool) -> bool {
        self.all_of.iter().all(|scope| has(scope))
            && (self.any_of.is_empty() || self.any_of.iter().any(|scope| has(scope)))
    }

    fn describe(&self) -> String {
        match (self.all_of.is_empty(), self.any_of.is_empty()) {
            (false, true) => format!("all of: {}", self.all_of.join(" ")),
            (true, false) => format!("one of: {}", self.any_of.join(" ")),
            _ => format!("all of: {}; one of: {}", self.all_of.join(" "), self.any_of.join(" ")),
        }
    }
}

/// The scopes that the token names, and those that it has beyond them.
fn seen_scopes(claims: &Claims, implied: &ImpliedScopes) -> String {
    let named = claims.scopes().collect::<Vec<_>>().join(" ");
    let beyond: Vec<_> = implied.beyond(claims).into_iter().collect();
    if beyond.is_empty() { named } else { format!("{named}; implied: {}", beyond.join(" ")) }
}

impl ClaimRule {
    /// A rule over the claim of that name. A string in `values` that ends in an asterisk matches by prefix.
    #[must_use]
    pub fn new(claim: String, keys_of: bool, values: Vec<Value>) -> Self {
        Self { claim, keys_of, wanted: values.into_iter().map(Wanted::new).collect() }
    }

    fn matches(&self, claims: &Claims) -> bool {
        let is_wanted = |value: &Value| self.wanted.iter().any(|wanted| wanted.is(value));
        match claims.get(&self.claim) {
            Some(Value::Object(members)) if self.keys_of => {
                members.keys().any(|name| self.wanted.iter().any(|wanted| wanted.is_text(name)))
            }
            Some(_) if self.keys_of => false,
            Some(Value::Array(items)) => items.iter().any(is_wanted),
            Some(value) => is_wanted(value),
            None => false,
        }
    }

    fn describe(&self) -> String {
        let wanted: Vec<String> = self.wanted.iter().map(Wanted::to_string).collect();
        let of = if self.keys_of { "a member named " } else { "" };
        format!("{}: {of}one of {}", self.claim, wanted.join(", "))
    }

    fn facts(&self, claims: &Claims) -> Facts {
        Facts {
            seen: Some(match claims.get(&self.claim) {
                Some(value) => format!("{}: {value}", self.claim),
                None => format!("{}: absent", self.claim),
            }),
            wanted: self.describe(),
            fix: "check that the identity provider puts this claim into the token, or change `claims` of the agent",
        }
    }
}

impl Wanted {
    fn new(value: Value) -> Self {
        match value.as_str().and_then(|text| text.strip_suffix('*')) {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exactly(value),
        }
    }

    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Exactly(wanted) => same(wanted, value),
            Self::Prefix(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix.as_str())),
        }
    }

    fn is_text(&self, text: &str) -> bool {
        match self {
            Self::Exactly(wanted) => wanted.as_str() == Some(text),
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(value) => value.fmt(f),
            Self::Prefix(prefix) => write!(f, "{prefix:?} and any end"),
        }
    }
}

/// Equality by JSON type: `1` is not `"1"`, while `1` and `1.0` are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        // A number that was rounded equals none, itself included: the token's issuer may have meant another.
        (Value::Number(a), Value::Number(b)) => Exact::of(a).zip(Exact::of(b)).is_some_and(|(a, b)| a == b),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Silent;
    use serde_json::json;

    fn claims(value: &Value) -> Claims {
        Claims::new(value.as_object().cloned().unwrap())
    }

    fn rule(claim: &str, values: Value) -> ClaimRule {
        ClaimRule::new(claim.into(), false, values.as_array().unwrap().clone())
    }

    #[test]
    fn a_token_needs_all_scopes_of_all_of_and_one_of_any_of() {
        let rules = Rules {
            scopes: ScopeRules { all_of: vec!["a".into(), "b".into()], any_of: vec!["x".into(), "y".into()] },
            ..Rules::default()
        };
        for (scope, ok) in
            [("a b y", true), ("a b x y", true), ("a b", false), ("a x", false), ("", false), ("ab x", false)]
        {
            assert_eq!(
                rules
                    .check(&claims(&json!({"scope": scope})), &ImpliedScopes::default(), &mut Silent)
                    .is_ok(),
                ok,
                "{scope}"
            );
        }
    }

    #[test]
    fn a_scope_that_another_implies_is_had_and_shown() {
        let implied = ImpliedScopes::new(&[
            ("admin".to_owned(), vec!["write".to_owned()]),
            ("write".to_owned(), vec!["read".to_owned()]),
        ]);
        let rules = |all_of: &[&str], any_of: &[&str]| {
            let owned = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect();
            Rules { scopes: ScopeRules { all_of: owned(all_of), any_of: owned(any_of) }, ..Rules::default() }
        };
        for (scope, all_of, any_of, ok, seen) in [
            ("admin", &["read", "write"] as &[_], &[] as &[_], true, "admin; implied: read write"),
            ("admin", &["read"], &["write", "x"], true, "admin; implied: read write"),
            ("write x", &["read"], &["x"], true, "write x; implied: read"),
            ("write", &["admin"], &[], false, "write; implied: read"),
            ("read", &["read"], &["write"], false, "read"),
        ] {
            let mut transcript = crate::authz::Transcript::default();
            let result =
                rules(all_of, any_of).check(&claims(&json!({"scope": scope})), &implied, &mut transcript);
            assert_eq!(result.is_ok(), ok, "{scope}: {all_of:?} {any_of:?}");
            assert_eq!(transcript.lines[0].seen.as_deref(), Some(seen));
        }
    }

    #[test]
    fn claims_compare_by_json_type_and_arrays_match_on_overlap() {
        let cases = [
            (json!({"t": "1"}), json!([1]), false),
            (json!({"t": 1}), json!([1]), true),
            (json!({"t": 1.0}), json!([1]), true),
            (json!({"t": 1e2}), json!([100]), true),
            (json!({"t": 1.5}), json!([1.5]), true),
            (json!({"t": true}), json!(["true"]), false),
            (json!({"t": ["a", "b"]}), json!(["b", "c"]), true),
            (json!({"t": []}), json!(["b"]), false),
            (json!({"t": {"b": 1}}), json!(["b"]), false),
            (json!({"t": null}), json!(["null"]), false),
            (json!({}), json!(["b"]), false),
            (json!({"t": 9_007_199_254_740_993_u64}), json!([9_007_199_254_740_992_u64]), false),
        ];
        for (token, values, ok) in cases {
            let rules = Rules { claims_all_of: vec![rule("t", values.clone())], ..Rules::default() };
            assert_eq!(
                rules.check(&claims(&token), &ImpliedScopes::default(), &mut Silent).is_ok(),
                ok,
                "{token} {values}"
            );
        }
    }

    #[test]
    fn an_asterisk_at_the_end_of_a_value_matches_by_prefix_and_any_other_asterisk_is_literal() {
        for (claim, value, ok) in [
            (json!("repo:org/a"), "repo:org/*", true),
            (json!("repo:org/"), "repo:org/*", true),
            (json!(["x", "repo:org/a"]), "repo:org/*", true),
            (json!("repo:org"), "repo:org/*", false),
            (json!("REPO:org/a"), "repo:org/*", false),
            (json!("x repo:org/a"), "repo:org/*", false),
            (json!("anything"), "*", true),
            (json!(""), "*", true),
            (json!(1), "*", false),
            (json!(true), "t*", false),
            (json!({"repo:org/a": 1}), "repo:org/*", false),
            (json!("a*"), "a**", true),
            (json!("ab"), "a**", false),
            (json!("axb"), "a*b", false),
            (json!("a*b"), "a*b", true),
        ] {
            let rules = Rules { claims_all_of: vec![rule("t", json!([value]))], ..Rules::default() };
            assert_eq!(
                rules.check(&claims(&json!({"t": claim})), &ImpliedScopes::default(), &mut Silent).is_ok(),
                ok,
                "{claim} {value}"
            );
        }
    }

    #[test]
    fn keys_of_compares_member_names_and_nothing_else() {
        let name = "urn:zitadel:iam:org:project:roles";
        for (claim, value, ok) in [
            (json!({"admin": {"17": "acme.test"}, "user": {}}), "admin", true),
            (json!({"admin": null}), "admin", true),
            (json!({"administrator": 1}), "admin", false),
            (json!({"administrator": 1}), "admin*", true),
            (json!({"role": "admin"}), "admin", false),
            (json!({"x": {"admin": 1}}), "admin", false),
            (json!({}), "*", false),
            (json!("admin"), "admin", false),
            (json!(["admin"]), "admin", false),
            (json!(null), "admin", false),
        ] {
            let rule = ClaimRule::new(name.into(), true, vec![json!(value)]);
            let rules = Rules { claims_any_of: vec![rule], ..Rules::default() };
            let claims = claims(&json!({ name: claim }));
            assert_eq!(
                rules.check(&claims, &ImpliedScopes::default(), &mut Silent).is_ok(),
                ok,
                "{claims:?} {value}"
            );
        }
    }

    #[test]
    fn a_rounded_number_matches_no_rule() {
        let (token, other) = ("18446744073709551616", "18446744073709551617");
        for (claim, wanted) in [(token, token), (token, other), (token, "18446744073709551615")] {
            let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            let rules = Rules { claims_all_of: vec![rule("t", json!([value(wanted)]))], ..Rules::default() };
            let claims = claims(&json!({"t": value(claim)}));
            assert_eq!(
                rules.check(&claims, &ImpliedScopes::default(), &mut Silent),
                Err(Reason::ClaimMismatch),
                "{claim} {wanted}"
            );
        }
    }

    #[test]
    fn one_of_several_claims_is_enough_for_any_of() {
        let rules =
            Rules { claims_any_of: vec![rule("a", json!([1])), rule("b.c", json!([2]))], ..Rules::default() };
        assert!(
            rules.check(&claims(&json!({"b": {"c": 2}})), &ImpliedScopes::default(), &mut Silent).is_ok()
        );
        assert_eq!(
            rules.check(&claims(&json!({"b": 2})), &ImpliedScopes::default(), &mut Silent),
            Err(Reason::ClaimMismatch)
        );
    }
}
