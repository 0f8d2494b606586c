//! What the gateway says of a caller to an agent in an assertion, a JWT of its own: the terms of one agent, and the claims for
//! one caller, which are the same for all its requests but for their times.
//!
//! Signing is in `signing`; when a new one is needed, and the header of a request, are the concern of `proxy`.

use std::time::Duration;

use http::HeaderName;
use serde_json::{Map, Value, json};

use crate::model::{Actors, Instant, SigningAlgorithm};

use super::asserted::Asserted;
use super::verified_token::VerifiedToken;

/// The header that carries assertions where nobody says which. No caller's header of that name reaches any agent.
pub const USUAL_HEADER: HeaderName = HeaderName::from_static("x-portcullis-assertion");

/// What one agent is told of its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The header that carries it.
    pub header: HeaderName,
    /// `iss`: the gateway, as callers know it.
    pub issuer: Box<str>,
    /// `aud`: the agent.
    pub audience: Box<str>,
    /// How long an assertion is good, at most.
    pub ttl: Duration,
    /// What it says of a caller with a token.
    pub claims: Box<[AssertedClaim]>,
    /// Whether requests of callers who have proven nothing have one, too.
    pub on_public: bool,
    /// What it is signed by.
    pub algorithm: SigningAlgorithm,
}

/// A claim of the caller's token in the assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssertedClaim {
    /// `client_id`: the client, by whatever claim its provider names it.
    ClientId,
    /// `scope`: the scopes, by whatever claim they are granted, as one text (RFC 8693 section 4.2).
    Scope,
    /// `act`: who acts for the subject now, as `iss` and `sub` (RFC 8693 section 4.1). Those that acted before are left out.
    Actor,
    /// A top-level claim as it is in the token.
    Same(Box<str>),
}

impl AssertedClaim {
    /// The claims that assertions have when nobody says which.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![Self::Same("sub".into()), Self::ClientId, Self::Scope, Self::Actor, Self::Same("acr".into())]
    }

    /// The claim by its name in the configuration; `None` for one that the gateway says itself, and for a text that is no name
    /// of a top-level claim.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "client_id" => Some(Self::ClientId),
            "scope" => Some(Self::Scope),
            "act.sub" => Some(Self::Actor),
            "iss" | "aud" | "exp" | "iat" | "nbf" | "jti" | "idp" | "cnf" | "act" | "" => None,
            other => Some(Self::Same(other.into())),
        }
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ClientId => "client_id",
            Self::Scope => "scope",
            Self::Actor => "act.sub",
            Self::Same(name) => name,
        }
    }
}

impl Assertion {
    /// What the agent is told of the caller with this token. It ends with the token, by the clock of the token's provider.
    #[must_use]
    pub fn of_token(&self, token: &VerifiedToken<'_>) -> Asserted {
        let claims = token.claims;
        let mut said = self.begin();
        // Apart from `sub`, which means nothing without it: two providers may call two people the same.
        said.insert("idp".to_owned(), Value::from(token.issuer));
        said.extend(self.claims.iter().filter_map(|claim| {
            let value = match claim {
                AssertedClaim::ClientId => Value::from(claims.client(token.client_claim)?),
                AssertedClaim::Scope => {
                    let scopes: Vec<&str> = claims.scopes().collect();
                    (!scopes.is_empty()).then(|| Value::from(scopes.join(" ")))?
                }
                AssertedClaim::Actor => {
                    let actor = Actors::of(claims).next()?;
                    json!({ "iss": actor.iss, "sub": actor.sub? })
                }
                AssertedClaim::Same(name) => claims.member(name)?.clone(),
            };
            let name = if *claim == AssertedClaim::Actor { "act" } else { claim.name() };
            Some((name.to_owned(), value))
        }));
        let ends = claims.get("exp").and_then(Value::as_f64).and_then(Instant::from_numeric_date);
        Asserted::new(&said, ends.map(|ends| ends.plus(token.leeway)))
    }

    /// What the agent is told of the holder of the API key of that id, which ends at `ends`, where it does.
    #[must_use]
    pub fn of_api_key(&self, id: &str, ends: Option<Instant>) -> Asserted {
        let mut said = self.begin();
        said.insert("sub".to_owned(), Value::from(format!("key:{id}")));
        Asserted::new(&said, ends)
    }

    /// What the agent is told of somebody who has proven nothing: that the request came through the gateway.
    #[must_use]
    pub fn of_nobody(&self) -> Asserted {
        Asserted::new(&self.begin(), None)
    }

    fn begin(&self) -> Map<String, Value> {
        let said = [("iss", &self.issuer), ("aud", &self.audience)];
        said.into_iter().map(|(name, text)| (name.to_owned(), Value::from(&**text))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Claims, ImpliedScopes};

    fn terms(claims: &[&str]) -> Assertion {
        Assertion {
            header: HeaderName::from_static("x-portcullis-assertion"),
            issuer: "https://gate.example".into(),
            audience: "https://agent.internal".into(),
            ttl: Duration::from_secs(60),
            claims: claims.iter().map(|name| AssertedClaim::parse(name).unwrap()).collect(),
            on_public: false,
            algorithm: SigningAlgorithm::Es256,
        }
    }

    /// What the agent is told of a token with these claims, by a provider whose clock may differ by ten seconds.
    fn said(terms: &Assertion, claims: &Value) -> Value {
        let claims = Claims::new(claims.as_object().cloned().unwrap());
        let token = VerifiedToken {
            claims: &claims,
            issuer: "https://idp.example",
            has_access_type: false,
            implied: &ImpliedScopes::default(),
            client_claim: None,
            leeway: Duration::from_secs(10),
            now: Instant::from_unix(1_000),
        };
        told(&terms.of_token(&token))
    }

    fn told(asserted: &Asserted) -> Value {
        let text = asserted.at(Instant::from_unix(1_000), Duration::from_secs(60), "the-jti").text;
        serde_json::from_str(&text).unwrap()
    }

    fn with(rest: &Value) -> Value {
        let mut all = json!({
            "iss": "https://gate.example", "aud": "https://agent.internal", "idp": "https://idp.example",
            "iat": 1_000, "exp": 1_060, "jti": "the-jti",
        });
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        all
    }

    #[test]
    fn an_assertion_says_of_a_token_what_its_agent_asked_for_and_nothing_else() {
        let usual: Vec<String> = AssertedClaim::usual().iter().map(|claim| claim.name().to_owned()).collect();
        let usual: Vec<&str> = usual.iter().map(String::as_str).collect();
        for (asked, token, wanted) in [
            (&*usual, json!({"sub": "ann", "email": "a@b.c"}), json!({"sub": "ann"})),
            (
                &usual,
                json!({"sub": "ann", "azp": "app", "scp": ["a", "b"], "acr": "phr"}),
                json!({"sub": "ann", "client_id": "app", "scope": "a b", "acr": "phr"}),
            ),
            (
                &usual,
                json!({"act": {"sub": "bot", "act": {"sub": "older"}}, "scope": "", "acr": null}),
                json!({"act": {"iss": "https://idp.example", "sub": "bot"}}),
            ),
            (&usual, json!({"act": {"iss": "i"}, "sub": 7}), json!({"sub": 7})),
            (&["email", "groups"], json!({"sub": "ann", "groups": ["g"]}), json!({"groups": ["g"]})),
            (&[], json!({"sub": "ann"}), json!({})),
        ] {
            let mut token = token;
            token["iss"] = "https://idp.example".into();
            assert_eq!(said(&terms(asked), &token), with(&wanted), "{token}");
        }
    }

    #[test]
    fn it_ends_with_the_token_or_the_key_where_that_is_sooner() {
        for (exp, wanted) in [
            (json!(5_000), 1_060),
            (json!(1_050), 1_060),
            (json!(1_049), 1_059),
            (json!(1_020.9), 1_030),
            (json!(995), 1_005),
            (json!(null), 1_060),
        ] {
            assert_eq!(said(&terms(&[]), &json!({"exp": exp}))["exp"], wanted, "{exp}");
        }
        let ends = |at| told(&terms(&[]).of_api_key("abc", at))["exp"].clone();
        assert_eq!((ends(None), ends(Some(Instant::from_unix(1_010)))), (json!(1_060), json!(1_010)));
    }

    #[test]
    fn a_key_is_called_by_its_id_and_nobody_is_called_nothing() {
        let of_key = told(&terms(&["sub"]).of_api_key("abc", None));
        assert_eq!((&of_key["sub"], &of_key["idp"]), (&json!("key:abc"), &Value::Null));
        let of_nobody = told(&terms(&["sub"]).of_nobody());
        let members: Vec<&String> = of_nobody.as_object().unwrap().keys().collect();
        assert_eq!(members, ["aud", "exp", "iat", "iss", "jti"]);
    }

    #[test]
    fn what_the_gateway_says_itself_is_nothing_to_ask_for() {
        for name in ["iss", "aud", "exp", "iat", "nbf", "jti", "idp", "cnf", "act", ""] {
            assert_eq!(AssertedClaim::parse(name), None, "{name}");
        }
    }
}
