//! What is told of the rules that decided about an operation: to an operator who asks, and of a refusal that is kept.

use crate::authz::{Facts, OperationRules, RuleLine, RuleWords, Ruled, Ruling, Standing};
use crate::model::Operation;
use crate::routing::{Agent, Protocol};

use super::caller::Caller;

/// The rules that apply to an operation of a caller with these standings.
pub(super) fn lines(
    agent: &Agent,
    rules: Option<&OperationRules>,
    operation: &Operation<'_>,
    standings: &[Standing],
) -> Vec<RuleLine> {
    let words = match agent.protocol {
        Protocol::A2a(_) => RuleWords { setting: "a2a.rules", methods: "operations" },
        Protocol::Http | Protocol::Mcp(_) => RuleWords { setting: "mcp.rules", methods: "methods" },
    };
    rules.map(|rules| rules.lines(operation, standings, words)).unwrap_or_default()
}

/// The check of an operation. `step_up` are the scopes that would open it.
pub(super) fn facts(
    operation: String,
    lines: &[RuleLine],
    outcome: (Ruling, Caller),
    step_up: Option<&str>,
) -> Facts {
    let mut wanted =
        lines.iter().map(|line| format!("{}: {}", line.setting, line.says)).collect::<Vec<_>>().join("; ");
    if lines.is_empty() {
        wanted.push_str("nothing: no rule is needed for it, and the agent's own auth decides");
    }
    if let Some(scopes) = step_up {
        wanted.push_str("; in all the scopes ");
        wanted.push_str(scopes);
    }
    Facts { seen: Some(operation), wanted, fix: fix(outcome) }
}

fn fix((ruling, caller): (Ruling, Caller)) -> &'static str {
    match (caller, ruling) {
        (Caller::Anonymous, _) => "send a credential, or make every rule that applies `public`",
        (Caller::Refused, _) => {
            "have the agent's own auth admit this caller, or make every rule that applies `public`"
        }
        (Caller::Admitted, Ruling::LogIn(_)) => {
            "have the client send the user to log in as the rule asks, or change the rule"
        }
        (Caller::Admitted, Ruling::StepUp) => "ask for a token with these scopes, or change the rule",
        (Caller::Admitted, Ruling::Denied | Ruling::Public | Ruling::Permitted) => {
            "no scope opens it to this caller: change the rule, or write one for this name"
        }
    }
}

/// What the rules said, whole.
pub(super) fn ruled(operation: &Operation<'_>, rules: Vec<RuleLine>, step_up: Option<&str>) -> Ruled {
    Ruled {
        method: operation.method.clone().into_owned(),
        names: operation.targets.iter().map(|target| target.name.clone().into_owned()).collect(),
        rules,
        scopes: step_up.map(ToOwned::to_owned),
    }
}
