//! The scopes that a client is told to ask for: in challenges, in the metadata of a resource, in the card of an agent.

/// The scope that asks for a refresh token (OpenID Connect Core section 11). It is no right at an agent, and servers do not
/// name it (MCP 2026-07-28, authorization, "Refresh Tokens").
const OFFLINE_ACCESS: &str = "offline_access";

/// These scopes in their order, none twice, and without the one that is no right.
pub fn requested_scopes<'s>(needed: impl IntoIterator<Item = &'s str>) -> Vec<&'s str> {
    let mut scopes = Vec::new();
    for scope in needed {
        if scope != OFFLINE_ACCESS && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_is_asked_for_once_and_no_refresh_token_is() {
        for (needed, wanted) in [
            (&[] as &[_], &[] as &[&str]),
            (&["b", "a", "b"], &["b", "a"]),
            (&["offline_access"], &[]),
            (&["offline_access", "a", "offline_access"], &["a"]),
        ] {
            assert_eq!(requested_scopes(needed.iter().copied()), wanted, "{needed:?}");
        }
    }
}
