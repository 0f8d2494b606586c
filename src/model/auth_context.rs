//! What a token says of the login of its subject, and of those who act for it, as far as the access log shows it.
//!
//! The rules read the claims themselves.

use super::{Actors, Claims};

/// The longest text of a class, or of one actor, in bytes; what comes after is cut.
const LONGEST: usize = 128;
/// The most actors of a chain: what a token nests deeper is in nobody's use, and anybody may write it.
const MOST_ACTORS: usize = 4;

/// The authentication context of a caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthContext {
    /// `acr`, the class of the login (OpenID Connect Core section 2).
    pub acr: Option<Box<str>>,
    /// Who acts for the subject, as `iss|sub`, the outermost first.
    pub act: Box<[Box<str>]>,
}

impl AuthContext {
    /// What these claims say; `None` where that is nothing, as of most tokens.
    #[must_use]
    pub fn of(claims: &Claims) -> Option<Box<Self>> {
        let acr = claims.text("acr").map(|acr| cut(acr).into());
        let act: Box<[_]> =
            Actors::of(claims).take(MOST_ACTORS).map(|actor| cut(&actor.to_string()).into()).collect();
        (acr.is_some() || !act.is_empty()).then(|| Box::new(Self { acr, act }))
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn context(claims: &Value) -> Option<AuthContext> {
        AuthContext::of(&Claims::new(claims.as_object().cloned().unwrap())).map(|context| *context)
    }

    #[test]
    fn at_most_four_actors_are_kept_and_no_text_is_longer_than_128_bytes() {
        let mut act = json!({"sub": "x".repeat(10_000)});
        for at in 1..10 {
            act = json!({"sub": format!("{at}"), "act": act});
        }
        let known = context(&json!({"iss": "i", "acr": "ä".repeat(65), "act": act})).unwrap();
        assert_eq!(known.acr.as_deref(), Some(&*"ä".repeat(64)));
        let shown: Vec<&str> = known.act.iter().map(|actor| &**actor).collect();
        assert_eq!(shown, ["i|9", "i|8", "i|7", "i|6"]);
        let long = context(&json!({"iss": "i", "act": {"sub": "x".repeat(10_000)}})).unwrap();
        assert_eq!(long.act.iter().map(|actor| actor.len()).collect::<Vec<_>>(), [LONGEST]);
    }

    #[test]
    fn a_token_that_says_nothing_of_it_has_none() {
        for claims in [json!({}), json!({"acr": null, "act": null}), json!({"acr": 1})] {
            assert_eq!(context(&claims), None, "{claims}");
        }
    }
}
