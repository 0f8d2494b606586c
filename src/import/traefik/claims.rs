//! The expression with which the middleware `jwt` compares claims, as far as it is comparisons that all must hold.

/// What an expression asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Claims {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    /// Other claims, with the text of each.
    pub(super) others: Vec<(String, String)>,
    /// Whether it asks for more.
    pub(super) has_more: bool,
}

impl Claims {
    pub(super) fn read(text: &str) -> Self {
        let mut claims = Self::default();
        let Some(terms) = terms(text) else { return Self { has_more: true, ..Self::default() } };
        for term in terms {
            let Some((claim, value)) = equals(term) else {
                claims.has_more = true;
                continue;
            };
            let known = match claim {
                "iss" => &mut claims.issuer,
                "aud" => &mut claims.audience,
                _ => {
                    claims.others.push((claim.to_owned(), value.to_owned()));
                    continue;
                }
            };
            // Both must hold, and only one is kept.
            claims.has_more |= known.as_ref().is_some_and(|known| known != value);
            known.get_or_insert_with(|| value.to_owned());
        }
        claims
    }
}

/// What stands between `&&`; `None` where something else than all of it would do.
fn terms(text: &str) -> Option<Vec<&str>> {
    let mut terms = Vec::new();
    let (mut begin, mut is_quoted, mut depth) = (0, false, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '`' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '|' | '!' | '"' => return None,
            '&' if depth == 0 && text.get(at..)?.starts_with("&&") => {
                terms.push(text.get(begin..at)?.trim());
                begin = at + 2;
            }
            _ => {}
        }
    }
    terms.push(text.get(begin..)?.trim());
    (!is_quoted && depth == 0).then_some(terms)
}

/// The claim and the text of ``Equals(`claim`, `text`)``.
fn equals(term: &str) -> Option<(&str, &str)> {
    let inner = term.strip_prefix("Equals(")?.strip_suffix(')')?;
    let (claim, rest) = inner.trim().strip_prefix('`')?.split_once('`')?;
    let value = rest.trim().strip_prefix(',')?.trim().strip_prefix('`')?.strip_suffix('`')?;
    // Here a text that ends in `*` is a beginning.
    let is_plain = !claim.is_empty() && !value.is_empty() && !value.contains('`') && !value.ends_with('*');
    is_plain.then_some((claim, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_that_all_must_hold_are_read() {
        for (text, issuer, audience, others, has_more) in [
            ("Equals(`iss`, `i`) && Equals(`aud`,`a`)", Some("i"), Some("a"), 0, false),
            ("Equals(`iss`, `i && x`) && Equals(`grp`, `g`)", Some("i && x"), None, 1, false),
            ("Equals(`iss`, `i`) && Prefix(`sub`, `s`)", Some("i"), None, 0, true),
            ("Equals(`aud`, `a`) && Equals(`aud`, `b`)", None, Some("a"), 0, true),
            ("Equals(`iss`, `i`) && (Equals(`aud`, `a`))", Some("i"), None, 0, true),
            ("Equals(`iss`, `i`) || Equals(`aud`, `a`)", None, None, 0, true),
            ("!Equals(`iss`, `i`)", None, None, 0, true),
            ("Equals(`iss`, `i*`)", None, None, 0, true),
            ("Equals(`iss`, `i", None, None, 0, true),
            (")", None, None, 0, true),
            ("", None, None, 0, true),
        ] {
            let read = Claims::read(text);
            let found = (read.issuer.as_deref(), read.audience.as_deref(), read.others.len(), read.has_more);
            assert_eq!(found, (issuer, audience, others, has_more), "{text}");
        }
    }
}
