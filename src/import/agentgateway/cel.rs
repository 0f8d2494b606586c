//! The CEL expressions of agentgateway's rules, as far as they are comparisons that all must hold.

use serde_json::{Value, json};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Tool,
    Resource,
    Prompt,
}

impl Subject {
    /// The section of `mcp.rules`.
    pub(super) const fn section(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Resource => "resources",
            Self::Prompt => "prompts",
        }
    }
}

/// A rule that could be read: what it is about, and the claims that it asks for.
#[derive(Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) about: Option<(Subject, String)>,
    /// As entries of `claims.all_of`.
    pub(super) claims: Vec<Value>,
}

/// Reads an expression; `None` for what is more than comparisons that all must hold.
pub(super) fn read(text: &str) -> Option<Rule> {
    let mut rule = Rule { about: None, claims: Vec::new() };
    for term in terms(text)? {
        if let Some((left, right)) = term.split_once("==") {
            let (path, value) = match literal(right.trim()) {
                Some(value) => (left.trim(), value),
                None => (right.trim(), literal(left.trim())?),
            };
            compare(&mut rule, path, &value)?;
        } else {
            let (value, path) = term.split_once(" in ")?;
            let claim = claim(path.trim())?;
            let value = literal(value.trim())?;
            rule.claims.push(json!({ "claim": claim, "values": [value] }));
        }
    }
    Some(rule)
}

fn compare(rule: &mut Rule, path: &str, value: &Value) -> Option<()> {
    let subject = match path {
        "mcp.tool.name" => Some(Subject::Tool),
        "mcp.resource.name" | "mcp.resource.uri" => Some(Subject::Resource),
        "mcp.prompt.name" => Some(Subject::Prompt),
        _ => None,
    };
    match subject {
        Some(subject) if rule.about.is_none() => {
            rule.about = Some((subject, value.as_str()?.to_owned()));
        }
        Some(_) => return None,
        None => rule.claims.push(json!({ "claim": claim(path)?, "values": [value] })),
    }
    Some(())
}

/// What stands between `&&`; a text in quotes may hold anything.
fn terms(text: &str) -> Option<Vec<&str>> {
    let mut terms = Vec::new();
    let (mut begin, mut quote) = (0, None);
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), '\\') => return None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '|' | '!' | '(' | ')' | '?' | '<' | '>' | '+' | '[') => return None,
            (None, '&') if previous == '&' => {
                terms.push(text.get(begin..at.checked_sub(1)?)?.trim());
                begin = at + 1;
            }
            (None, _) => {}
        }
        previous = if quote.is_some() { ' ' } else { c };
    }
    terms.push(text.get(begin..)?.trim());
    (quote.is_none() && terms.iter().all(|term| !term.is_empty())).then_some(terms)
}

fn literal(text: &str) -> Option<Value> {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            // A text that ends in `*` is a beginning here.
            return (!inner.contains(quote) && !inner.ends_with('*')).then(|| inner.into());
        }
    }
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        number => number.parse::<i64>().ok().map(Value::from),
    }
}

fn claim(path: &str) -> Option<&str> {
    let claim = path.strip_prefix("jwt.")?;
    let is_plain = claim.split('.').all(|part| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    });
    is_plain.then_some(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_that_all_must_hold_are_read() {
        let tool = |name: &str| Some((Subject::Tool, name.to_owned()));
        for (text, about, claims) in [
            (r#"mcp.tool.name == "echo""#, tool("echo"), json!([])),
            (
                r#"jwt.sub == "test-user" && mcp.tool.name == "add""#,
                tool("add"),
                json!([{"claim": "sub", "values": ["test-user"]}]),
            ),
            (
                r#""a && b" == jwt.nested.key && 'x' in jwt.groups && jwt.n == 5"#,
                None,
                json!([
                    {"claim": "nested.key", "values": ["a && b"]},
                    {"claim": "groups", "values": ["x"]},
                    {"claim": "n", "values": [5]},
                ]),
            ),
        ] {
            let rule = read(text).unwrap();
            assert_eq!((rule.about, Value::Array(rule.claims)), (about, claims), "{text}");
        }
    }

    #[test]
    fn more_than_that_is_not_guessed_at() {
        for text in [
            r#"mcp.tool.name == "a" || jwt.sub == "b""#,
            r#"mcp.tool.name.startsWith("a")"#,
            r#"!(jwt.sub == "a")"#,
            r#"jwt.sub != "a""#,
            r#"mcp.tool.name == "a" && mcp.tool.name == "b""#,
            r#"mcp.tool.target == "a""#,
            r#"jwt.sub == "a*""#,
            r#"jwt.sub == other.value"#,
            r#"jwt.sub == "a"#,
            "",
            "&&",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
