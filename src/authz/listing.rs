//! Which entries of a server's lists a caller sees.
//!
//! A list gives nothing away that could be used: each call is decided by itself. Hiding what is out of reach keeps models
//! from trying it; hiding what a scope would open keeps people from asking for the scope.

use crate::model::TargetKind;

use super::{OperationRules, Rule, Ruling, Standing};

/// Which entries an agent's lists show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// All.
    All,
    /// Those that the caller may use, and those that it could use with more scopes or after another login.
    #[default]
    Obtainable,
    /// Those that the caller may use.
    Permitted,
}

/// The caller whom a list is for, by the agent's own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Viewer {
    /// They admit it.
    #[default]
    Admitted,
    /// It has no credential, or one that lacks a scope: another credential could open more than what is public.
    CouldBeAdmitted,
    /// They refuse it whatever scopes it has.
    Barred,
}

/// What an entry of a list names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'n> {
    /// One thing.
    One(&'n str),
    /// All things whose names begin so.
    Beginning(&'n str),
}

impl OperationRules {
    /// Whether a list shows an entry to a caller with these standings. One that names many things is shown when any of
    /// them is: what cannot be told from its beginning is taken for possible.
    #[must_use]
    pub fn shows(
        &self,
        listing: Listing,
        kind: TargetKind,
        named: Named<'_>,
        viewer: (Viewer, &[Standing]),
    ) -> bool {
        let (method, table) = match kind {
            TargetKind::Tool => ("tools/call", &self.tools),
            TargetKind::Resource => ("resources/read", &self.resources),
            TargetKind::Prompt => ("prompts/get", &self.prompts),
        };
        let method = self.methods.find(method).map(|rule| ruling(rule, viewer));
        let is_shown = |rule: Option<Rule>| {
            let ruling = ruling(rule.unwrap_or(self.unlisted.rule()), viewer);
            is_shown(listing, viewer.0, method.map_or(ruling, |method| ruling.and(method)))
        };
        match named {
            Named::One(name) => is_shown(table.find(name)),
            Named::Beginning(start) => {
                is_shown(table.find_beginning(start)) || table.behind(start).any(|rule| is_shown(Some(rule)))
            }
        }
    }
}

/// What one rule says to a caller.
fn ruling(rule: Rule, (viewer, standings): (Viewer, &[Standing])) -> Ruling {
    match (rule, viewer) {
        // Whose token it would be is not known, so its claims are not either.
        (Rule::Needs(_), Viewer::CouldBeAdmitted | Viewer::Barred) => Ruling::StepUp,
        (Rule::Deny | Rule::Allow | Rule::Public | Rule::Needs(_), _) => rule.ruling(standings),
    }
}

fn is_shown(listing: Listing, viewer: Viewer, ruling: Ruling) -> bool {
    match (listing, ruling) {
        (Listing::All, _) | (_, Ruling::Public) => true,
        (_, Ruling::Denied) => false,
        (Listing::Obtainable, Ruling::Permitted | Ruling::StepUp | Ruling::LogIn(_)) => {
            viewer != Viewer::Barred
        }
        (Listing::Permitted, Ruling::Permitted) => viewer == Viewer::Admitted,
        (Listing::Permitted, Ruling::StepUp | Ruling::LogIn(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::{LoginFault, RuleTable, Unlisted};

    const NEEDS_A: Rule = Rule::Needs(0);

    fn table(rules: &[(&str, Rule)]) -> RuleTable {
        RuleTable::new(rules.iter().map(|(name, rule)| ((*name).to_owned(), *rule)))
    }

    fn rules(methods: &[(&str, Rule)], unlisted: Unlisted) -> OperationRules {
        OperationRules {
            unlisted,
            methods: table(methods),
            tools: table(&[
                ("open", Rule::Public),
                ("read", Rule::Allow),
                ("write", NEEDS_A),
                ("admin", Rule::Needs(1)),
                ("never", Rule::Deny),
            ]),
            resources: table(&[
                ("file:///public/*", Rule::Public),
                ("file:///team/*", NEEDS_A),
                ("file:///team/secret/*", Rule::Deny),
                ("file:///one", Rule::Allow),
            ]),
            prompts: table(&[("*", Rule::Allow)]),
            needs: Box::default(),
        }
    }

    fn shown<'n>(
        rules: &OperationRules,
        listing: Listing,
        viewer: (Viewer, &[Standing]),
        (kind, names): (TargetKind, &[Named<'n>]),
    ) -> Vec<Named<'n>> {
        names.iter().copied().filter(|name| rules.shows(listing, kind, *name, viewer)).collect()
    }

    #[test]
    fn a_list_shows_what_the_caller_may_use_or_could() {
        use Listing::{All, Obtainable, Permitted};
        use Standing::{ClaimMismatch, LogIn, Met, ScopeMissing};
        use Viewer::{Admitted, Barred, CouldBeAdmitted};
        let tools = ["open", "read", "write", "admin", "never", "other"].map(Named::One);
        for (listing, viewer, standings, wanted) in [
            (All, Barred, &[] as &[Standing], "open read write admin never other"),
            (Obtainable, Admitted, &[ScopeMissing, ClaimMismatch], "open read write"),
            (Obtainable, Admitted, &[Met, ScopeMissing], "open read write admin"),
            (Obtainable, Admitted, &[LogIn(LoginFault::Age), ClaimMismatch], "open read write"),
            (Permitted, Admitted, &[LogIn(LoginFault::Class), Met], "open read admin"),
            (Obtainable, Admitted, &[], "open read"),
            (Obtainable, CouldBeAdmitted, &[], "open read write admin"),
            (Obtainable, Barred, &[], "open"),
            (Permitted, Admitted, &[ScopeMissing, ClaimMismatch], "open read"),
            (Permitted, Admitted, &[Met, ScopeMissing], "open read write"),
            (Permitted, CouldBeAdmitted, &[], "open"),
            (Permitted, Barred, &[], "open"),
        ] {
            let rules = rules(&[], Unlisted::Deny);
            let wanted: Vec<_> = wanted.split(' ').map(Named::One).collect();
            let found = shown(&rules, listing, (viewer, standings), (TargetKind::Tool, &tools));
            assert_eq!(found, wanted, "{listing:?} {viewer:?} {standings:?}");
        }
        let allows = rules(&[], Unlisted::Allow);
        assert!(allows.shows(Permitted, TargetKind::Tool, Named::One("other"), (Admitted, &[])));
    }

    #[test]
    fn the_rule_of_the_method_holds_for_every_entry() {
        let tools = ["open", "read"].map(Named::One);
        for (methods, wanted) in [
            (&[("tools/call", Rule::Deny)] as &[_], &[] as &[Named<'_>]),
            (&[("tools/*", NEEDS_A)], &[]),
            (&[("tools/call", Rule::Public)], &tools),
            (&[("prompts/*", Rule::Deny)], &tools),
        ] {
            let rules = rules(methods, Unlisted::Deny);
            let viewer = (Viewer::Admitted, &[Standing::ScopeMissing] as &[_]);
            let found = shown(&rules, Listing::Permitted, viewer, (TargetKind::Tool, &tools));
            assert_eq!(found, wanted, "{methods:?}");
        }
    }

    #[test]
    fn a_template_is_shown_when_anything_that_it_may_name_is() {
        use Named::Beginning;
        let templates = [
            Beginning("file:///"),
            Beginning("file:///public/a/"),
            Beginning("file:///team/"),
            Beginning("file:///team/secret/"),
            Beginning("file:///o"),
            Beginning("https://"),
            Beginning(""),
        ];
        for (listing, viewer, wanted) in [
            (
                Listing::Obtainable,
                (Viewer::Admitted, &[Standing::ScopeMissing] as &[_]),
                &["file:///", "file:///public/a/", "file:///team/", "file:///o", ""] as &[_],
            ),
            (
                Listing::Permitted,
                (Viewer::Admitted, &[Standing::ScopeMissing]),
                &["file:///", "file:///public/a/", "file:///o", ""],
            ),
            (Listing::Permitted, (Viewer::Barred, &[]), &["file:///", "file:///public/a/", ""]),
        ] {
            let found =
                shown(&rules(&[], Unlisted::Deny), listing, viewer, (TargetKind::Resource, &templates));
            let wanted: Vec<_> = wanted.iter().map(|start| Beginning(start)).collect();
            assert_eq!(found, wanted, "{listing:?}");
        }
    }
}
