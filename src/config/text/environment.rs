//! `${NAME}` and `${NAME:-default}` in values. What the environment holds is plain text: it is put in after
//! the YAML was read and can never become structure.

/// Why a text could not be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum Unexpanded {
    /// The variable is not set and has no default.
    Unset(String),
    /// `${` is not followed by a name and a closing brace.
    Malformed,
}

/// Replaces every reference in `text`; `None` when there is none and the text stands as it is.
pub(in crate::config) fn expand(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Expanded>, Unexpanded> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut replaced = false;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        let reference = reference.strip_prefix("${").unwrap_or_default();
        // `$${` is how a literal `${` is written.
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = reference;
            continue;
        }
        out.push_str(before);
        let (inner, after) = reference.split_once('}').ok_or(Unexpanded::Malformed)?;
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if !is_name(name) {
            return Err(Unexpanded::Malformed);
        }
        match (env(name), default) {
            // As in a shell, `:-` also stands in for a variable that is set and empty.
            (Some(value), Some(default)) if value.is_empty() => out.push_str(default),
            (Some(value), _) => out.push_str(&value),
            (None, Some(default)) => out.push_str(default),
            (None, None) => return Err(Unexpanded::Unset(name.to_owned())),
        }
        replaced = true;
        rest = after;
    }
    out.push_str(rest);
    Ok(Some(Expanded { text: out, replaced }))
}

/// A text with its references replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Expanded {
    pub(in crate::config) text: String,
    /// Whether anything in it came from a reference; not so when only `$${` was unescaped.
    pub(in crate::config) replaced: bool,
}

fn is_name(name: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    name.bytes().next().is_some_and(first) && name.bytes().all(|b| first(b) || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_as_plain_text() {
        let env = |name: &str| match name {
            "A" => Some("one".to_owned()),
            "TRICK" => Some("x: [1, ${A}]\n- y".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let unset = |name: &str| Err(Unexpanded::Unset(name.to_owned()));
        for (text, wanted) in [
            ("plain", Ok(None)),
            ("cost $5 $A", Ok(None)),
            ("${A}", Ok(Some(("one", true)))),
            ("a${A}b${A}c", Ok(Some(("aonebonec", true)))),
            ("${TRICK}", Ok(Some(("x: [1, ${A}]\n- y", true)))),
            ("${NONE:-two}", Ok(Some(("two", true)))),
            ("${NONE:-}", Ok(Some(("", true)))),
            ("${EMPTY}", Ok(Some(("", true)))),
            ("${EMPTY:-three}", Ok(Some(("three", true)))),
            ("${A:-two}", Ok(Some(("one", true)))),
            ("$${A}", Ok(Some(("${A}", false)))),
            ("$${A} ${A}", Ok(Some(("${A} one", true)))),
            ("${NONE}", unset("NONE")),
            ("${A", Err(Unexpanded::Malformed)),
            ("${}", Err(Unexpanded::Malformed)),
            ("${1A}", Err(Unexpanded::Malformed)),
            ("${A-b}", Err(Unexpanded::Malformed)),
            ("${ A }", Err(Unexpanded::Malformed)),
        ] {
            let got = expand(text, &env);
            let got = got.map(|o| o.map(|e| (e.text, e.replaced)));
            assert_eq!(got, wanted.map(|o| o.map(|(t, r)| (t.to_owned(), r))), "{text}");
        }
    }
}
