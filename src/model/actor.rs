//! Who acts for the subject of a token: the chain of `act` (RFC 8693 section 4.1), the outermost first, which is the one
//! that acts now. Those inside acted before, and say nothing about what may be done.
//!
//! Rules about actors are in `authz`.

use std::fmt;

use serde_json::{Map, Value};

use super::Claims;

/// One who acts, or acted, for somebody else. A part that is no string is absent: such an actor is nobody who could be
/// admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor<'c> {
    /// `iss` of `act`, else that of the token.
    pub iss: Option<&'c str>,
    /// `sub` of `act`.
    pub sub: Option<&'c str>,
}

/// `iss|sub`; what is absent is empty.
impl fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.iss.unwrap_or_default(), self.sub.unwrap_or_default())
    }
}

/// The actors of a token, the outermost first.
#[derive(Debug, Clone)]
pub struct Actors<'c> {
    /// `iss` of the token.
    iss: Option<&'c str>,
    next: Option<&'c Value>,
}

impl<'c> Actors<'c> {
    /// The actors that these claims name. Null counts as absent, as many issuers write it.
    #[must_use]
    pub fn of(claims: &'c Claims) -> Self {
        Self { iss: claims.text("iss"), next: claims.member("act") }
    }
}

impl<'c> Iterator for Actors<'c> {
    type Item = Actor<'c>;

    fn next(&mut self) -> Option<Actor<'c>> {
        let act = self.next.take()?;
        let Value::Object(members) = act else { return Some(Actor { iss: None, sub: None }) };
        self.next = present(members, "act");
        let iss = match present(members, "iss") {
            None => self.iss,
            Some(iss) => iss.as_str(),
        };
        Some(Actor { iss, sub: members.get("sub").and_then(Value::as_str) })
    }
}

fn present<'c>(members: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    members.get(name).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn actors_come_from_the_outermost_to_the_innermost_and_have_the_tokens_issuer_where_they_name_none() {
        for (act, wanted) in [
            (json!(null), &[] as &[&str]),
            (json!({"sub": "a"}), &["i|a"]),
            (json!({"sub": "a", "iss": null}), &["i|a"]),
            (
                json!({"sub": "a", "iss": "j", "act": {"sub": "b", "act": {"sub": "c"}}}),
                &["j|a", "i|b", "i|c"],
            ),
            (json!({"sub": "a", "act": null}), &["i|a"]),
            (json!({"sub": 1, "iss": ["j"]}), &["|"]),
            (json!({}), &["i|"]),
            (json!("a"), &["|"]),
            (json!([{"sub": "a"}]), &["|"]),
            (json!({"sub": "a", "act": true}), &["i|a", "|"]),
        ] {
            let claims = json!({"iss": "i", "act": act});
            let claims = Claims::new(claims.as_object().cloned().unwrap());
            let actors: Vec<_> = Actors::of(&claims).map(|actor| actor.to_string()).collect();
            assert_eq!(actors, wanted, "{claims:?}");
        }
        assert_eq!(Actors::of(&Claims::default()).next(), None);
    }
}
