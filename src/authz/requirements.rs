//! What an agent requires of a verified token beside scopes and claims (`oauth.require`): its profile, the client that it was
//! issued to, who acts for its subject, and how the subject logged in.
//!
//! What no login can change comes first, so that nobody is sent to log in for nothing. Scopes and claims come afterwards:
//! they are in `rules`.

use std::fmt;

use crate::model::Reason;

use super::actors::ActorRule;
use super::clients::ClientLists;
use super::explain::{Check, Facts, Trace};
use super::login::{LoginFault, LoginRule};
use super::time_span::TimeSpan;
use super::verified_token::VerifiedToken;

/// The claims that every access token of RFC 9068 has (section 2.2).
const RFC_9068_CLAIMS: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

/// What one agent requires.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The profile of its tokens.
    pub profile: TokenProfile,
    /// The clients that it admits.
    pub clients: ClientLists,
    /// The actors that it admits; `None` = all, and none.
    pub actors: Option<ActorRule>,
    /// How the subject must have logged in.
    pub login: LoginRule,
}

/// A profile of access tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenProfile {
    /// None in particular.
    #[default]
    Any,
    /// RFC 9068: `typ` is at+jwt, and the claims of section 2.2 are there.
    Rfc9068,
}

impl Requirements {
    /// Whether it requires nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Judges a token. Narrows `span` to the time in which the outcome is the same.
    ///
    /// # Errors
    /// The reason of the first requirement that is not met.
    pub fn check(
        &self,
        token: &VerifiedToken<'_>,
        span: &mut TimeSpan,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        self.check_caller(token, trace)?;
        self.login.check(token, span, trace).map_err(LoginFault::reason)
    }

    /// The part of it that no login changes.
    pub(super) fn check_caller(
        &self,
        token: &VerifiedToken<'_>,
        trace: &mut impl Trace,
    ) -> Result<(), Reason> {
        self.check_profile(token, trace)?;
        self.clients.check(token, trace)?;
        self.actors.as_ref().map_or(Ok(()), |actors| actors.check(token, trace))
    }

    fn check_profile(&self, token: &VerifiedToken<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
        match self.profile {
            TokenProfile::Any => return Ok(()),
            TokenProfile::Rfc9068 => {}
        }
        let missing = RFC_9068_CLAIMS.iter().find(|name| token.claims.member(name).is_none());
        let ok = token.has_access_type && missing.is_none();
        trace.check(Check::Profile, ok, || Facts {
            seen: Some(match missing {
                _ if !token.has_access_type => "another `typ` than at+jwt, or none".to_owned(),
                Some(missing) => format!("at+jwt without `{missing}`"),
                None => "at+jwt with all its claims".to_owned(),
            }),
            wanted: format!("`typ` at+jwt, and the claims {} (RFC 9068)", RFC_9068_CLAIMS.join(", ")),
            fix: "have the identity provider issue access tokens by RFC 9068, or take `require.token_profile` out",
        });
        if ok { Ok(()) } else { Err(Reason::ProfileMismatch) }
    }
}

/// As the settings are read aloud.
impl fmt::Display for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = match self.profile {
            TokenProfile::Any => None,
            TokenProfile::Rfc9068 => Some("an access token by RFC 9068".to_owned()),
        };
        let clients = (self.clients != ClientLists::default()).then(|| self.clients.describe());
        let actors = self.actors.as_ref().map(|actors| format!("act: {}", actors.describe()));
        let login = (!self.login.is_empty()).then(|| self.login.to_string());
        let parts = [profile, clients, actors, login].into_iter().flatten();
        f.write_str(&parts.collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::authz::{AllowedActor, ClientPattern, Silent, Transcript};
    use crate::model::{Claims, ImpliedScopes, Instant};

    pub(in crate::authz) const NOW: u64 = 1_800_000_000;
    pub(in crate::authz) const LEEWAY: u64 = 30;

    /// The claims of a token, and what its provider implies.
    pub(in crate::authz) struct Owned(Claims, ImpliedScopes);

    impl Owned {
        pub(in crate::authz) fn token(&self) -> VerifiedToken<'_> {
            VerifiedToken {
                claims: &self.0,
                issuer: "https://idp.test",
                has_access_type: true,
                implied: &self.1,
                client_claim: None,
                leeway: Duration::from_secs(LEEWAY),
                now: Instant::from_unix(NOW),
            }
        }
    }

    pub(in crate::authz) fn token_of(claims: &Value) -> Owned {
        Owned(Claims::new(claims.as_object().cloned().unwrap()), ImpliedScopes::default())
    }

    pub(in crate::authz) fn judged(required: &Requirements, claims: &Value) -> Result<(), Reason> {
        required.check(&token_of(claims).token(), &mut TimeSpan::ALWAYS.clone(), &mut Silent)
    }

    fn whole() -> Value {
        json!({"iss": "i", "exp": 1, "aud": "a", "sub": "s", "client_id": "c", "iat": 1, "jti": "j"})
    }

    #[test]
    fn a_token_of_rfc_9068_has_its_type_and_all_its_claims() {
        let required = Requirements { profile: TokenProfile::Rfc9068, ..Requirements::default() };
        assert_eq!(judged(&required, &whole()), Ok(()));
        for name in RFC_9068_CLAIMS {
            for value in [None, Some(Value::Null)] {
                let mut claims = whole();
                let members = claims.as_object_mut().unwrap();
                let _before = match value {
                    None => members.remove(name),
                    Some(value) => members.insert(name.to_owned(), value),
                };
                assert_eq!(judged(&required, &claims), Err(Reason::ProfileMismatch), "{claims}");
            }
        }
        let claims = token_of(&whole());
        let untyped = VerifiedToken { has_access_type: false, ..claims.token() };
        let mut span = TimeSpan::ALWAYS;
        let mut check = |required: &Requirements| required.check(&untyped, &mut span, &mut Silent);
        assert_eq!(check(&required), Err(Reason::ProfileMismatch));
        assert_eq!(check(&Requirements::default()), Ok(()));
    }

    #[test]
    fn the_first_requirement_that_is_not_met_gives_the_reason() {
        let required = Requirements {
            profile: TokenProfile::Rfc9068,
            clients: ClientLists { allow: [ClientPattern::parse("c").unwrap()].into(), deny: Box::default() },
            actors: Some(ActorRule {
                allow: [AllowedActor { issuer: "i".into(), sub: "bot".into() }].into(),
                max_depth: 3,
                required: true,
            }),
            login: LoginRule {
                acr_values: ["gold".into()].into(),
                amr_any: Box::default(),
                max_auth_age: Some(Duration::from_secs(60)),
            },
        };
        let steps = [
            ("jti", json!("j"), Reason::ProfileMismatch),
            ("client_id", json!("c"), Reason::ClientNotAllowed),
            ("act", json!({"sub": "bot"}), Reason::ActorNotAllowed),
            ("acr", json!("gold"), Reason::AcrInsufficient),
            ("auth_time", json!(NOW), Reason::AuthTooOld),
        ];
        let mut claims = whole();
        claims["client_id"] = json!("x");
        claims["jti"] = Value::Null;
        for (name, good, reason) in steps {
            assert_eq!(judged(&required, &claims), Err(reason), "{claims}");
            claims[name] = good;
        }
        let mut transcript = Transcript::default();
        let mut span = TimeSpan::ALWAYS;
        assert!(required.check(&token_of(&claims).token(), &mut span, &mut transcript).is_ok());
        let checks: Vec<_> = transcript.lines.iter().map(|line| (line.check, line.ok)).collect();
        use Check::{Acr, Actor, AuthAge, Client, Profile};
        assert_eq!(checks, [Profile, Client, Actor, Acr, AuthAge].map(|check| (check, true)));
    }
}
