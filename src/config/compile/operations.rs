//! The rules by operation of an agent, compiled.

use http::Method;

use crate::authz::{Block, ClaimRule, OperationRules, Rule, RuleTable, Rules, ScopeRules};
use crate::config::language::settings::agent::{
    self as settings, A2aRules, AgentEntry, McpRules, NamedRules, OperationRule, Spoken,
};
use crate::protocol::a2a::A2aOperation;

use super::requirements;

/// What an MCP agent with rules serves: the transport of MCP has no other methods.
const SERVED: [Method; 4] = [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS];

/// The rules, where this agent has any.
pub(super) fn rules(entry: &AgentEntry) -> Option<Box<OperationRules>> {
    Some(Box::new(match entry.protocol {
        Spoken::Http => return None,
        Spoken::Mcp => of_mcp(entry.mcp.as_ref()?.rules.as_deref()?),
        Spoken::A2a => of_a2a(entry.a2a.as_ref()?.rules.as_deref()?),
    }))
}

fn of_mcp(written: &McpRules) -> OperationRules {
    let mut needs = Vec::new();
    let mut table = |rules: &NamedRules| {
        let rules = rules.iter().map(|(name, rule)| (name.value.clone(), compiled(rule, &mut needs)));
        RuleTable::new(rules.collect::<Vec<_>>())
    };
    let (methods, tools) = (table(&written.methods), table(&written.tools));
    let (resources, prompts) = (table(&written.resources), table(&written.prompts));
    OperationRules { unlisted: written.unlisted, methods, tools, resources, prompts, needs: needs.into() }
}

/// Each operation has the rule of its own name, whatever rule has the beginning of one: a method that A2A does not have is
/// unlisted, also where it begins like one of A2A's.
fn of_a2a(written: &A2aRules) -> OperationRules {
    let mut needs = Vec::new();
    let rules =
        written.operations.iter().map(|(name, rule)| (name.value.clone(), compiled(rule, &mut needs)));
    let by_beginning = RuleTable::new(rules.collect::<Vec<_>>());
    let named = A2aOperation::NAMES.into_iter();
    let operations = named.filter_map(|name| Some((name.to_owned(), by_beginning.find(name)?)));
    OperationRules {
        unlisted: written.unlisted,
        methods: RuleTable::new(operations),
        tools: RuleTable::default(),
        resources: RuleTable::default(),
        prompts: RuleTable::default(),
        needs: needs.into(),
    }
}

fn compiled(rule: &OperationRule, needs: &mut Vec<Block>) -> Rule {
    match rule {
        OperationRule::Deny => Rule::Deny,
        OperationRule::Allow => Rule::Allow,
        OperationRule::Public => Rule::Public,
        OperationRule::Needs(needed) => {
            let rules = block(&needed.scopes, &needed.claims);
            let requirements = needed.require.as_deref().and_then(requirements::of);
            let block = Block { rules, requirements };
            // Rules that ask for the same are judged once.
            let known = needs.iter().position(|other| *other == block);
            Rule::Needs(known.unwrap_or_else(|| {
                needs.push(block);
                needs.len() - 1
            }))
        }
    }
}

/// The methods that the route serves: at an MCP agent with rules those of the protocol, of those that are written.
pub(super) fn methods(entry: &AgentEntry) -> Vec<Method> {
    let written = &entry.route.methods;
    let has_rules = entry.mcp.as_ref().is_some_and(|mcp| mcp.rules.is_some());
    if entry.protocol != Spoken::Mcp || !has_rules {
        return written.to_vec();
    }
    SERVED.into_iter().filter(|method| written.is_empty() || written.contains(method)).collect()
}

/// A block of scopes and claims.
pub(super) fn block(scopes: &settings::Scopes, claims: &settings::ClaimRules) -> Rules {
    let compiled = |rules: &[settings::ClaimRule]| {
        rules.iter().map(|r| ClaimRule::new(r.claim.clone(), r.keys_of, r.values.clone())).collect()
    };
    Rules {
        scopes: ScopeRules { all_of: scopes.all_of.clone(), any_of: scopes.any_of.clone() },
        claims_all_of: compiled(&claims.all_of),
        claims_any_of: compiled(&claims.any_of),
    }
}
