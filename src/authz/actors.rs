//! The actors that an agent admits: who may act for the subject of a token (RFC 8693 section 4.1).
//!
//! Only the outermost actor decides. Those inside are history, and count for nothing but the depth of the chain.

use crate::model::{Actor, Actors, Reason};

use super::explain::{Check, Facts, Trace};
use super::verified_token::VerifiedToken;

/// Which actors an agent admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorRule {
    /// Who may act for somebody else; empty = whoever the identity provider lets.
    pub allow: Box<[AllowedActor]>,
    /// The longest chain of actors.
    pub max_depth: usize,
    /// Whether somebody must act, so that no subject comes by itself.
    pub required: bool,
}

/// Somebody who may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedActor {
    /// `iss` of the actor, byte for byte.
    pub issuer: Box<str>,
    /// `sub` of the actor, byte for byte.
    pub sub: Box<str>,
}

impl AllowedActor {
    fn is(&self, actor: Actor<'_>) -> bool {
        actor.iss == Some(&*self.issuer) && actor.sub == Some(&*self.sub)
    }
}

impl ActorRule {
    /// Refuses a token whose outermost actor may not act, whose chain is too long, or that has none where one is required.
    pub(super) fn check(&self, token: &VerifiedToken<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
        let mut actors = Actors::of(token.claims);
        let outermost = actors.next();
        let is_short = outermost.is_none() || actors.nth(self.max_depth.saturating_sub(1)).is_none();
        let ok = match outermost {
            None => !self.required,
            Some(actor) => is_short && self.may_act(actor),
        };
        trace.check(Check::Actor, ok, || Facts {
            seen: Some(self.seen(token)),
            wanted: self.describe(),
            fix: match outermost {
                None => "get the token by a token exchange that names who acts (`actor_token`, RFC 8693), or call an agent \
                         that subjects may call by themselves",
                Some(_) if !is_short => "shorten the chain of delegations, or raise `require.actor.max_depth`",
                Some(_) => "add the actor to `require.actor.allow` of the agent, with the issuer that is shown",
            },
        });
        if ok { Ok(()) } else { Err(Reason::ActorNotAllowed) }
    }

    /// An actor without issuer or subject is nobody who could be named, so it may not.
    fn may_act(&self, actor: Actor<'_>) -> bool {
        let is_somebody = actor.iss.is_some() && actor.sub.is_some();
        is_somebody && (self.allow.is_empty() || self.allow.iter().any(|allowed| allowed.is(actor)))
    }

    fn seen(&self, token: &VerifiedToken<'_>) -> String {
        // One more than is permitted, so that it is seen why a chain is too long.
        let shown = Actors::of(token.claims).take(self.max_depth + 1).map(|actor| actor.to_string());
        let shown: Vec<_> = shown.collect();
        if shown.is_empty() { "act: absent".to_owned() } else { format!("act: {}", shown.join(", ")) }
    }

    pub(super) fn describe(&self) -> String {
        let who = match &*self.allow {
            [] => "an actor with issuer and subject".to_owned(),
            allow => {
                let allowed = allow.iter().map(|allowed| format!("{}|{}", allowed.issuer, allowed.sub));
                format!("one of {} as the outermost actor", allowed.collect::<Vec<_>>().join(", "))
            }
        };
        let absent = if self.required { "" } else { ", or none" };
        format!("{who}{absent}; at most {} in the chain", self.max_depth)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::authz::requirements::tests::{judged, token_of};
    use crate::authz::{Requirements, TimeSpan, Transcript};

    fn rule(allow: &[(&str, &str)], max_depth: usize, required: bool) -> Requirements {
        let allowed =
            |(issuer, sub): &(&str, &str)| AllowedActor { issuer: (*issuer).into(), sub: (*sub).into() };
        let actors = ActorRule { allow: allow.iter().map(allowed).collect(), max_depth, required };
        Requirements { actors: Some(actors), ..Requirements::default() }
    }

    fn chain(depth: usize) -> Value {
        (0..depth).fold(Value::Null, |act, at| json!({"sub": format!("s{at}"), "act": act}))
    }

    #[test]
    fn only_the_outermost_actor_decides() {
        let refused = Err(Reason::ActorNotAllowed);
        for (allow, required, act, wanted) in [
            (&[("i", "bot")] as &[_], false, json!(null), Ok(())),
            (&[("i", "bot")], true, json!(null), refused),
            (&[("i", "bot")], true, json!({"sub": "bot"}), Ok(())),
            (&[("i", "bot")], true, json!({"sub": "bot", "iss": "j"}), refused),
            (&[("j", "bot")], true, json!({"sub": "bot", "iss": "j"}), Ok(())),
            (&[("j", "bot")], true, json!({"sub": "bot"}), refused),
            (&[("i", "bot")], false, json!({"sub": "other", "act": {"sub": "bot"}}), refused),
            (&[("i", "bot")], false, json!({"sub": "bot", "act": {"sub": "other"}}), Ok(())),
            (&[("i", "bot")], false, json!({"sub": "bot", "act": 7}), Ok(())),
            (&[("i", "bot")], false, json!("bot"), refused),
            (&[("i", "bot")], false, json!({"sub": ["bot"]}), refused),
            (&[("i", "bot")], false, json!({"sub": "bot", "iss": 7}), refused),
            (&[("i", "")], false, json!({}), refused),
            (&[], false, json!({"sub": "any"}), Ok(())),
            (&[], true, json!({"sub": "any", "iss": "j"}), Ok(())),
            (&[], true, json!({"client_id": "any"}), refused),
            (&[], false, json!({}), refused),
        ] {
            let claims = json!({"iss": "i", "act": act});
            assert_eq!(judged(&rule(allow, 3, required), &claims), wanted, "{allow:?} {required} {act}");
        }
    }

    #[test]
    fn a_chain_is_at_most_as_deep_as_the_rule_says() {
        for most in [1, 3, 9] {
            for depth in 0..=10 {
                let claims = json!({"iss": "i", "act": chain(depth)});
                let wanted = if depth <= most { Ok(()) } else { Err(Reason::ActorNotAllowed) };
                assert_eq!(judged(&rule(&[], most, false), &claims), wanted, "{depth} of {most}");
            }
        }
        let malformed = json!({"iss": "i", "act": {"sub": "a", "act": "b"}});
        assert_eq!(judged(&rule(&[], 1, false), &malformed), Err(Reason::ActorNotAllowed), "it counts");
    }

    #[test]
    fn the_nearest_fix_is_told() {
        for (act, seen, wanted) in [
            (json!(null), "act: absent", "actor_token"),
            (chain(3), "act: i|s2, i|s1, i|s0", "max_depth"),
            (json!({"sub": "x"}), "act: i|x", "actor.allow"),
        ] {
            let (claims, mut transcript) =
                (token_of(&json!({"iss": "i", "act": act})), Transcript::default());
            let refused = rule(&[("i", "s2")], 2, true).check(
                &claims.token(),
                &mut TimeSpan::ALWAYS.clone(),
                &mut transcript,
            );
            assert_eq!(refused.err(), Some(Reason::ActorNotAllowed));
            let line = transcript.lines.pop().unwrap();
            let (found, fix) = (line.seen.unwrap(), line.fix.unwrap());
            assert!(found == seen && fix.contains(wanted), "{found}: {fix}");
            assert_eq!(line.wanted, "one of i|s2 as the outermost actor; at most 2 in the chain");
        }
    }
}
