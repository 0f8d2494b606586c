//! The rules by operation of an agent, compiled.

use http::Method;

use crate::authz::{ClaimRule, OperationRules, Rule, RuleTable, Rules, ScopeRules};
use crate::config::language::settings::agent::{
    self as settings, AgentEntry, NamedRules, OperationRule, Spoken,
};

/// What an agent with rules by operation serves: the transport of MCP has no other methods.
const SERVED: [Method; 4] = [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS];

/// The rules, where this agent has any.
pub(super) fn rules(entry: &AgentEntry) -> Option<Box<OperationRules>> {
    let written = match entry.protocol {
        Spoken::Mcp => entry.mcp.as_ref()?.rules.as_deref()?,
        Spoken::Http | Spoken::A2a => return None,
    };
    let mut needs = Vec::new();
    let mut table = |rules: &NamedRules| {
        let rules = rules.iter().map(|(name, rule)| (name.value.clone(), compiled(rule, &mut needs)));
        RuleTable::new(rules.collect::<Vec<_>>())
    };
    let (methods, tools) = (table(&written.methods), table(&written.tools));
    let (resources, prompts) = (table(&written.resources), table(&written.prompts));
    Some(Box::new(OperationRules {
        unlisted: written.unlisted,
        methods,
        tools,
        resources,
        prompts,
        needs: needs.into(),
    }))
}

fn compiled(rule: &OperationRule, needs: &mut Vec<Rules>) -> Rule {
    match rule {
        OperationRule::Deny => Rule::Deny,
        OperationRule::Allow => Rule::Allow,
        OperationRule::Public => Rule::Public,
        OperationRule::Needs(needed) => {
            let rules = block(&needed.scopes, &needed.claims);
            // Rules that ask for the same are judged once.
            let known = needs.iter().position(|other| *other == rules);
            Rule::Needs(known.unwrap_or_else(|| {
                needs.push(rules);
                needs.len() - 1
            }))
        }
    }
}

/// The methods that the route serves: with rules by operation those of the protocol, of those that are written.
pub(super) fn methods(entry: &AgentEntry) -> Vec<Method> {
    let written = &entry.route.methods;
    if rules(entry).is_none() {
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
