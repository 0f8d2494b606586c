//! The rules that apply to one operation, as people read them: each with its setting, and what it means for the caller.

use crate::model::Operation;

use super::operations::OperationRules;
use super::rule::{Applied, Rule, RulePlace, Ruling, Standing, Table};
use super::rule_line::{RuleLine, RuleOutcome};

/// The words in which a protocol names its rules in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct RuleWords {
    /// The setting that holds them, below the agent.
    pub setting: &'static str,
    /// The table of methods.
    pub methods: &'static str,
}

impl RulePlace<'_> {
    /// The setting, below the agent.
    fn setting(self, words: RuleWords) -> String {
        let RuleWords { setting, methods } = words;
        match self {
            Self::Unlisted => format!("{setting}.unlisted"),
            Self::Named { table, name, is_beginning } => {
                let table = match table {
                    Table::Methods => methods,
                    Table::Tools => "tools",
                    Table::Resources => "resources",
                    Table::Prompts => "prompts",
                };
                let name = if is_beginning { format!("{name}*") } else { name.to_owned() };
                format!("{setting}.{table}.{name:?}")
            }
        }
    }
}

impl OperationRules {
    /// The rules of an operation for people, with what each rule means for a caller with these standings.
    #[must_use]
    pub fn lines(
        &self,
        operation: &Operation<'_>,
        standings: &[Standing],
        words: RuleWords,
    ) -> Vec<RuleLine> {
        let line = |Applied { place, rule }| RuleLine {
            setting: place.setting(words),
            says: match rule {
                Rule::Deny => "deny".to_owned(),
                Rule::Allow => "allow".to_owned(),
                Rule::Public => "public".to_owned(),
                Rule::Needs(at) => self.needs.get(at).map(ToString::to_string).unwrap_or_default(),
            },
            outcome: match (rule, rule.ruling(standings)) {
                (Rule::Needs(at), Ruling::Denied) if standings.get(at).is_none() => RuleOutcome::NotJudged,
                (_, Ruling::Public) => RuleOutcome::Public,
                (_, Ruling::Permitted) => RuleOutcome::Permitted,
                (_, Ruling::StepUp | Ruling::LogIn(_)) => RuleOutcome::StepUp,
                (_, Ruling::Denied) => RuleOutcome::Denied,
            },
        };
        self.applied(operation).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::authz::{Block, ClaimRule, LoginFault, RuleTable, Rules, ScopeRules, Unlisted};
    use crate::model::{OperationClass, Target, TargetKind};

    const WORDS: RuleWords = RuleWords { setting: "mcp.rules", methods: "methods" };

    fn rules() -> OperationRules {
        let table = |rules: &[(&str, Rule)]| {
            RuleTable::new(rules.iter().map(|(name, rule)| ((*name).to_owned(), *rule)))
        };
        let role = |claim: &str| ClaimRule::new(claim.to_owned(), false, vec![json!("root"), json!("adm*")]);
        let scopes = ScopeRules { all_of: vec!["write".to_owned()], any_of: vec!["a".into(), "b".into()] };
        OperationRules {
            unlisted: Unlisted::Deny,
            methods: table(&[("prompts/*", Rule::Needs(0))]),
            tools: table(&[]),
            resources: table(&[]),
            prompts: table(&[("a \"b\"", Rule::Public)]),
            needs: [Block {
                rules: Rules {
                    scopes,
                    claims_all_of: vec![role("role")],
                    claims_any_of: vec![role("x"), role("y")],
                },
                requirements: None,
            }]
            .into(),
        }
    }

    #[test]
    fn each_rule_is_shown_with_its_place_and_what_it_means_for_the_caller() {
        let says = "all of: write; one of: a b; role: one of \"root\", \"adm\" and any end; at least one of the claims \
                    x: one of \"root\", \"adm\" and any end; y: one of \"root\", \"adm\" and any end";
        let target = Target { kind: TargetKind::Prompt, name: "a \"b\"".into() };
        let prompt = Operation {
            class: OperationClass::Prompt,
            method: "prompts/get".into(),
            targets: vec![target],
            governed: true,
        };
        for (standings, outcome) in [
            (&[Standing::Met] as &[_], RuleOutcome::Permitted),
            (&[Standing::ScopeMissing], RuleOutcome::StepUp),
            (&[Standing::LogIn(LoginFault::Age)], RuleOutcome::StepUp),
            (&[Standing::ClaimMismatch], RuleOutcome::Denied),
            (&[], RuleOutcome::NotJudged),
        ] {
            let lines = rules().lines(&prompt, standings, WORDS);
            let shown: Vec<_> =
                lines.iter().map(|line| (line.setting.as_str(), line.says.as_str(), line.outcome)).collect();
            let wanted = [
                ("mcp.rules.methods.\"prompts/*\"", says, outcome),
                ("mcp.rules.prompts.\"a \\\"b\\\"\"", "public", RuleOutcome::Public),
            ];
            assert_eq!(shown, wanted);
        }
        let strange = Operation { method: "strange".into(), targets: Vec::new(), ..prompt };
        let lines = rules().lines(&strange, &[], RuleWords { setting: "a2a.rules", methods: "operations" });
        let [line] = &*lines else { panic!("{lines:?}") };
        assert_eq!((&*line.setting, line.outcome), ("a2a.rules.unlisted", RuleOutcome::Denied));
    }
}
