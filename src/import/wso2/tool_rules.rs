//! The policies `mcp-authz` and `mcp-acl-list`, as `mcp.rules`. What none of their rules names is allowed in WSO2, and here
//! that is a word that someone wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::spec;

/// What rules ask for: all of it.
#[derive(Debug, Default, Clone)]
struct Need<'a> {
    scopes: BTreeSet<&'a str>,
    claims: Vec<Value>,
}

impl Need<'_> {
    fn extend(&mut self, other: &Self) {
        self.scopes.extend(&other.scopes);
        self.claims.extend(other.claims.iter().cloned());
    }

    fn rule(&self) -> Value {
        let mut rule = Map::new();
        if !self.scopes.is_empty() {
            rule.insert("scopes".to_owned(), json!({ "all_of": self.scopes }));
        }
        if !self.claims.is_empty() {
            rule.insert("claims".to_owned(), json!({ "all_of": self.claims }));
        }
        if rule.is_empty() { "allow".into() } else { Value::Object(rule) }
    }
}

/// Needs by section of `mcp.rules` and name.
type Needs<'a> = BTreeMap<(&'static str, &'a str), Need<'a>>;

/// The methods that the policy looks at.
const METHODS: [&str; 3] = ["prompts/*", "resources/*", "tools/*"];

/// `mcp-authz`: each rule that fits must hold, those for all names, too.
pub(super) fn authz(policy: Item<'_>) -> Value {
    policy.changed("what no rule names is allowed in WSO2: that is `unlisted: allow` now");
    let params = policy.get("params").unwrap_or(policy);
    let mut needs = Needs::new();
    for item in params.list("rules") {
        rule(item, &mut needs);
    }
    params.rest_is_weak(|_| false);
    let mut rules = Map::new();
    rules.insert("unlisted".to_owned(), "allow".into());
    let all: BTreeMap<&str, Need<'_>> = needs
        .iter()
        .filter(|((section, name), _)| *name == "*" && *section != "methods")
        .map(|((section, _), need)| (*section, need.clone()))
        .collect();
    for ((section, name), need) in &needs {
        let mut whole = need.clone();
        if let Some(all) = all.get(section).filter(|_| *name != "*") {
            whole.extend(all);
        }
        if let Some(all) =
            needs.get(&("methods", METHODS_ALL)).filter(|_| *section == "methods" && *name != METHODS_ALL)
        {
            whole.extend(all);
        }
        let is_every_method = *section == "methods" && *name == METHODS_ALL;
        let names = if is_every_method { METHODS.to_vec() } else { vec![*name] };
        for name in names {
            put(&mut rules, section, name, whole.rule());
        }
    }
    Value::Object(rules)
}

/// The name of a rule for all methods.
const METHODS_ALL: &str = "*";

fn rule<'a>(item: Item<'a>, needs: &mut Needs<'a>) {
    let attribute = item.get("attribute");
    let kind = attribute.and_then(|attribute| attribute.keep("type"));
    let section = match kind {
        Some("tool") => "tools",
        Some("resource") => "resources",
        Some("prompt") => "prompts",
        Some("method") => "methods",
        _ => {
            item.weak(Verdict::Cannot, "a rule for no tool, resource, prompt or method is left out");
            return;
        }
    };
    let name = attribute.and_then(|attribute| attribute.get("name"));
    if let Some(name) = name {
        match name.text() {
            Some(text) if text.len() > 1 && text.ends_with('*') => {
                name.changed("a name that ends in `*` stands for all that begin so");
            }
            _ => {
                name.kept();
            }
        }
    }
    let mut need = Need::default();
    if let Some(scopes) = item.get("requiredScopes") {
        need.scopes.extend(scopes.kept().texts());
    }
    for (claim, value) in item.get("requiredClaims").map(Item::entries).unwrap_or_default() {
        match value.text().and_then(|text| spec::claim(claim, &[text])) {
            Some(rule) => {
                value.kept();
                need.claims.push(rule);
            }
            None => value.weak(Verdict::Cannot, spec::NO_CLAIM),
        }
    }
    item.rest_is_weak(|_| false);
    needs.entry((section, name.and_then(Item::text).unwrap_or("*"))).or_default().extend(&need);
}

/// `mcp-acl-list`: all but the exceptions, or none but them.
pub(super) fn list(policy: Item<'_>) -> Value {
    let params = policy.get("params").unwrap_or(policy);
    let mut rules = Map::new();
    rules.insert("unlisted".to_owned(), "allow".into());
    for section in ["tools", "resources", "prompts"] {
        let Some(item) = params.get(section) else { continue };
        item.kept();
        let is_allowed = item.get("mode").and_then(Item::text) == Some("allow");
        let exception = if is_allowed { "deny" } else { "allow" };
        if !is_allowed {
            put(&mut rules, section, "*", "deny".into());
        }
        let exceptions = item.get("exceptions");
        for name in exceptions.map(Item::texts).unwrap_or_default() {
            if name.ends_with('*') && !is_allowed {
                let why = "a name that ends in `*` stands for all that begin so: this exception is left out";
                exceptions.into_iter().for_each(|item| item.changed(why));
                continue;
            }
            put(&mut rules, section, name, exception.into());
        }
    }
    params.rest_is_weak(|_| false);
    Value::Object(rules)
}

fn put(rules: &mut Map<String, Value>, section: &str, name: &str, rule: Value) {
    let section = rules.entry(section).or_insert_with(|| json!({}));
    if let Some(section) = section.as_object_mut() {
        section.insert(name.to_owned(), rule);
    }
}
