//! Rules by operation: one table for the methods, tools, resources and prompts of an MCP agent, and for the operations
//! of an A2A agent.
//!
//! The rules are compiled when the agent is deployed. Each block of what rules ask for is judged once for a verified
//! token, and the outcome is kept as the token's [`Standing`]; a message then only looks its rules up.

use crate::model::{Operation, TargetKind};

use super::block::Block;
use super::login::LoginRule;
use super::rule::{Applied, Rule, RulePlace, RuleTable, Ruling, Standing, Standings, Table, Unlisted};
use super::rules::ScopeRules;
use super::time_span::TimeSpan;
use super::verified_token::VerifiedToken;

/// The rules by operation of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRules {
    /// What becomes of an operation that needs a rule and has none.
    pub unlisted: Unlisted,
    /// Rules for methods, or for operations.
    pub methods: RuleTable,
    /// Rules for tools, by name.
    pub tools: RuleTable,
    /// Rules for resources, by URI.
    pub resources: RuleTable,
    /// Rules for prompts, by name.
    pub prompts: RuleTable,
    /// What the rules that ask for scopes and claims ask for; [`Rule::Needs`] is an index into it.
    pub needs: Box<[Block]>,
}

impl OperationRules {
    /// Whether anything may be done without a credential, so that the message has to be read before one is asked for.
    #[must_use]
    pub fn has_public(&self) -> bool {
        let tables = [&self.methods, &self.tools, &self.resources, &self.prompts];
        tables.into_iter().any(|table| table.rules().any(|rule| rule == Rule::Public))
    }

    /// Whether a method may be used without a credential.
    #[must_use]
    pub fn opens(&self, method: &str) -> bool {
        self.methods.find(method) == Some(Rule::Public)
    }

    /// What a verified token is worth by each block. Narrows `span` to the time in which that is so.
    #[must_use]
    pub fn standings(&self, token: &VerifiedToken<'_>, span: &mut TimeSpan) -> Standings {
        self.needs.iter().map(|block| block.standing(token, span)).collect()
    }

    /// What the rules say of an operation of a caller with these standings.
    #[must_use]
    pub fn rule(&self, operation: &Operation<'_>, standings: &[Standing]) -> Ruling {
        let (mut ruling, mut rules) = (Ruling::Public, 0_usize);
        for applied in self.applied(operation) {
            rules += 1;
            ruling = ruling.and(applied.rule.ruling(standings));
        }
        if rules == 0 { Ruling::Permitted } else { ruling }
    }

    /// The scopes that the rules of an operation ask for, in their order, `all_of` before `any_of` in each.
    pub fn scopes<'s>(&'s self, operation: &'s Operation<'_>) -> impl Iterator<Item = &'s str> {
        self.blocks(operation).flat_map(|block: &Block| ScopeRules::listed(&block.rules.scopes))
    }

    /// The logins that the rules of an operation ask for.
    pub fn logins<'s>(&'s self, operation: &'s Operation<'_>) -> impl Iterator<Item = &'s LoginRule> {
        let required = self.blocks(operation).filter_map(|block| block.requirements.as_deref());
        required.map(|required| &required.login)
    }

    fn blocks<'s>(&'s self, operation: &'s Operation<'_>) -> impl Iterator<Item = &'s Block> {
        self.applied(operation).filter_map(|applied| match applied.rule {
            Rule::Needs(at) => self.needs.get(at),
            Rule::Deny | Rule::Allow | Rule::Public => None,
        })
    }

    /// The rules of an operation: that of its method, where there is one, and those of all that it is about.
    pub fn applied<'s>(&'s self, operation: &'s Operation<'_>) -> impl Iterator<Item = Applied<'s>> {
        let method = self.methods.entry(&operation.method, Table::Methods);
        let unlisted = Applied { place: RulePlace::Unlisted, rule: self.unlisted.rule() };
        let targets = operation.targets.iter().map(move |target| {
            let (rules, table) = match target.kind {
                TargetKind::Tool => (&self.tools, Table::Tools),
                TargetKind::Resource => (&self.resources, Table::Resources),
                TargetKind::Prompt => (&self.prompts, Table::Prompts),
            };
            rules.entry(&target.name, table).unwrap_or(unlisted)
        });
        let alone = method.is_none() && operation.targets.is_empty() && operation.governed;
        method.into_iter().chain(alone.then_some(unlisted)).chain(targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Rules;
    use crate::authz::requirements::tests::token_of;
    use crate::model::{ImpliedScopes, OperationClass, Target};
    use serde_json::json;

    fn needs(scope: &str, role: Option<&str>) -> Block {
        let scopes = ScopeRules { all_of: vec![scope.to_owned()], any_of: Vec::new() };
        let claim = |role: &str| crate::authz::ClaimRule::new("role".to_owned(), false, vec![json!(role)]);
        let rules =
            Rules { scopes, claims_all_of: role.map(claim).into_iter().collect(), ..Rules::default() };
        Block { rules, requirements: None }
    }

    fn table(rules: &[(&str, Rule)]) -> RuleTable {
        RuleTable::new(rules.iter().map(|(name, rule)| ((*name).to_owned(), *rule)))
    }

    fn rules(unlisted: Unlisted) -> OperationRules {
        OperationRules {
            unlisted,
            methods: table(&[
                ("initialize", Rule::Public),
                ("tasks/*", Rule::Deny),
                ("tools/call", Rule::Needs(2)),
            ]),
            tools: table(&[
                ("echo", Rule::Public),
                ("read_*", Rule::Allow),
                ("read_secret*", Rule::Needs(0)),
                ("read_secret_log", Rule::Deny),
                ("admin", Rule::Needs(1)),
            ]),
            resources: table(&[("file:///a/*", Rule::Needs(0)), ("file:///b/*", Rule::Deny)]),
            prompts: table(&[("*", Rule::Public)]),
            needs: [needs("secrets", None), needs("admin", Some("root")), needs("call", None)].into(),
        }
    }

    fn operation<'m>(method: &'m str, targets: &[(TargetKind, &'m str)], governed: bool) -> Operation<'m> {
        let target = |(kind, name): &(TargetKind, &'m str)| Target { kind: *kind, name: (*name).into() };
        let targets = targets.iter().map(target).collect();
        Operation { class: OperationClass::Unknown, method: method.into(), targets, governed }
    }

    #[test]
    fn the_longest_name_wins_and_all_rules_of_an_operation_must_be_met() {
        use TargetKind::{Prompt, Resource, Tool};
        let rules = rules(Unlisted::Deny);
        for (scope, role, method, targets, wanted) in [
            ("", "", "initialize", &[] as &[_], Ruling::Public),
            ("", "", "tasks/get", &[], Ruling::Denied),
            ("call", "", "tools/call", &[(Tool, "echo")], Ruling::Permitted),
            ("", "", "tools/call", &[(Tool, "echo")], Ruling::StepUp),
            ("call", "", "tools/call", &[(Tool, "read_x")], Ruling::Permitted),
            ("call", "", "tools/call", &[(Tool, "read_secrets")], Ruling::StepUp),
            ("call secrets", "", "tools/call", &[(Tool, "read_secrets")], Ruling::Permitted),
            ("call secrets", "", "tools/call", &[(Tool, "read_secret_log")], Ruling::Denied),
            ("call admin", "guest", "tools/call", &[(Tool, "admin")], Ruling::Denied),
            ("call", "guest", "tools/call", &[(Tool, "admin")], Ruling::Denied),
            ("call", "root", "tools/call", &[(Tool, "admin")], Ruling::StepUp),
            ("call admin", "root", "tools/call", &[(Tool, "admin")], Ruling::Permitted),
            ("call", "", "tools/call", &[(Tool, "other")], Ruling::Denied),
            ("", "", "prompts/get", &[(Prompt, "any")], Ruling::Public),
            (
                "secrets",
                "",
                "subscriptions/listen",
                &[(Resource, "file:///a/1"), (Resource, "file:///a/2")],
                Ruling::Permitted,
            ),
            (
                "secrets",
                "",
                "subscriptions/listen",
                &[(Resource, "file:///a/1"), (Resource, "file:///b/2")],
                Ruling::Denied,
            ),
            ("", "", "subscriptions/listen", &[(Resource, "file:///c")], Ruling::Denied),
        ] {
            let claims = json!({"scope": scope, "role": role});
            let standings = rules.standings(&token_of(&claims).token(), &mut TimeSpan::ALWAYS.clone());
            let operation = operation(method, targets, true);
            assert_eq!(rules.rule(&operation, &standings), wanted, "{scope} {role} {operation:?}");
        }
    }

    #[test]
    fn an_implied_scope_meets_a_rule() {
        let implied =
            ImpliedScopes::new(&[("admin".to_owned(), vec!["call".to_owned(), "secrets".to_owned()])]);
        let claims = token_of(&json!({"scope": "admin"}));
        let operation = operation("tools/call", &[(TargetKind::Tool, "read_secrets")], true);
        for (implied, wanted) in [(&implied, Ruling::Permitted), (&ImpliedScopes::default(), Ruling::StepUp)]
        {
            let rules = rules(Unlisted::Deny);
            let token = VerifiedToken { implied, ..claims.token() };
            let standings = rules.standings(&token, &mut TimeSpan::ALWAYS.clone());
            assert_eq!(rules.rule(&operation, &standings), wanted);
        }
    }

    #[test]
    fn what_no_rule_names_is_for_unlisted_where_it_needs_a_rule() {
        for (unlisted, governed, wanted) in [
            (Unlisted::Deny, true, Ruling::Denied),
            (Unlisted::Allow, true, Ruling::Permitted),
            (Unlisted::Deny, false, Ruling::Permitted),
            (Unlisted::Allow, false, Ruling::Permitted),
        ] {
            let operation = operation("resources/list", &[], governed);
            assert_eq!(rules(unlisted).rule(&operation, &[]), wanted, "{unlisted:?} {governed}");
        }
    }

    #[test]
    fn a_caller_without_a_token_meets_no_block() {
        let rules = rules(Unlisted::Allow);
        let operation = operation("tools/call", &[(TargetKind::Tool, "admin")], true);
        assert_eq!(rules.rule(&operation, &[]), Ruling::Denied);
    }

    #[test]
    fn the_scopes_of_an_operation_are_those_of_its_method_and_of_what_it_is_about() {
        let rules = rules(Unlisted::Deny);
        let operation = operation("tools/call", &[(TargetKind::Tool, "admin")], true);
        assert_eq!(rules.scopes(&operation).collect::<Vec<_>>(), ["call", "admin"]);
    }

    #[test]
    fn an_agent_with_a_public_rule_is_known() {
        assert!(rules(Unlisted::Deny).has_public());
        let closed = OperationRules {
            methods: table(&[]),
            tools: table(&[("a", Rule::Allow)]),
            prompts: RuleTable::default(),
            ..rules(Unlisted::Deny)
        };
        assert!(!closed.has_public());
    }
}
