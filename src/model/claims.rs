//! The claims of a token, with typed access for rules and headers.
//!
//! `authn` reads the claims that the gateway itself checks (`iss`, `aud`, `exp`, ...); here they are JSON like all others.

use serde_json::{Map, Value};

/// A token's claims set (RFC 7519 section 4).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// The claims of a payload.
    #[must_use]
    pub const fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// The claim of that name. A member with exactly this name wins, so that `https://x.y/z` is found; else each dot may
    /// stand for a step into an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        walk(&self.0, name)
    }

    /// The top-level claim of that name, when it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The top-level claim of that name, whatever it is. Null counts as absent, as many issuers write it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The client that the token was issued to: the claim that its provider uses for it (a [`Self::get`] name), else the
    /// first of `client_id` (RFC 9068 section 2.2), `cid` (Okta), `azp` (OpenID Connect Core section 2) and `appid` (Entra)
    /// that is there. `None` when that claim is not a string.
    #[must_use]
    pub fn client(&self, claim: Option<&str>) -> Option<&str> {
        match claim {
            Some(claim) => self.get(claim)?.as_str(),
            None => {
                ["client_id", "cid", "azp", "appid"].into_iter().find_map(|name| self.member(name))?.as_str()
            }
        }
    }

    /// Every scope of `scope` and of `scp`: the words of a string (RFC 8693 section 4.2), or the strings of an array,
    /// as several providers write either.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        ["scope", "scp"].into_iter().flat_map(move |name| {
            // A claim that is absent, or of the other type, grants no scope.
            let text = self.text(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty());
            let list = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            text.chain(list.iter().filter_map(Value::as_str))
        })
    }
}

fn walk<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = members.get(name) {
        return Some(value);
    }
    // The shortest first segment is tried first: `a.b.c` is `a` -> `b.c`, then `a.b` -> `c`.
    name.match_indices('.').find_map(|(dot, _)| {
        let (head, tail) = (name.get(..dot)?, name.get(dot + 1..)?);
        walk(members.get(head)?.as_object()?, tail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        Claims::new(value.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn an_exact_member_wins_over_a_walk() {
        let c = claims(json!({"a.b": 1, "a": {"b": 2, "c": {"d": 3}}, "https://x.y/z": 4}));
        assert_eq!(c.get("a.b"), Some(&json!(1)));
        assert_eq!(c.get("a.c.d"), Some(&json!(3)));
        assert_eq!(c.get("https://x.y/z"), Some(&json!(4)));
        assert_eq!(c.get("a.x"), None);
        assert_eq!(c.get("a.b.c"), None);
    }

    #[test]
    fn the_client_is_the_first_claim_that_names_one_or_that_of_the_provider() {
        for (members, claim, wanted) in [
            (json!({"appid": "d", "azp": "c", "cid": "b", "client_id": "a"}), None, Some("a")),
            (json!({"appid": "d", "azp": "c", "cid": "b", "client_id": null}), None, Some("b")),
            (json!({"appid": "d", "azp": "c"}), None, Some("c")),
            (json!({"appid": "d"}), None, Some("d")),
            (json!({"sub": "a"}), None, None),
            (json!({"cid": ["b"], "azp": "c"}), None, None),
            (json!({"client_id": "a", "app": {"id": "e"}}), Some("app.id"), Some("e")),
            (json!({"client_id": "a"}), Some("app"), None),
            (json!({"app": 1}), Some("app"), None),
        ] {
            assert_eq!(claims(members.clone()).client(claim), wanted, "{members} {claim:?}");
        }
    }

    #[test]
    fn scopes_are_read_from_both_claims() {
        let c = claims(json!({"scope": "a  b", "scp": ["c", "d e"]}));
        assert_eq!(c.scopes().collect::<Vec<_>>(), ["a", "b", "c", "d e"]);
        let c = claims(json!({"scp": "x y"}));
        assert_eq!(c.scopes().collect::<Vec<_>>(), ["x", "y"]);
        let c = claims(json!({"scope": ["a", "d e"], "scp": "b c"}));
        assert_eq!(c.scopes().collect::<Vec<_>>(), ["a", "d e", "b", "c"]);
    }
}
