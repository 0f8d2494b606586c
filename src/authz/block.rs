//! What one rule by operation asks of a caller's token: scopes, claims, and requirements.

use std::fmt;

use super::explain::Silent;
use super::requirements::Requirements;
use super::rule::Standing;
use super::rules::Rules;
use super::time_span::TimeSpan;
use super::verified_token::VerifiedToken;

/// What one rule asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// The scope and claim rules.
    pub rules: Rules,
    /// What the token must be besides, where that is anything.
    pub requirements: Option<Box<Requirements>>,
}

impl Block {
    /// What a verified token is worth by it. Narrows `span` to the time in which that is so.
    pub(super) fn standing(&self, token: &VerifiedToken<'_>, span: &mut TimeSpan) -> Standing {
        // First what neither a login nor a scope can help: nobody is sent for one in vain.
        let required = self.requirements.as_deref();
        let is_admitted = required.is_none_or(|required| required.check_caller(token, &mut Silent).is_ok());
        if !is_admitted || self.rules.check_claims(token.claims, &mut Silent).is_err() {
            return Standing::ClaimMismatch;
        }
        let login = |required: &Requirements| required.login.check(token, span, &mut Silent);
        if let Some(Err(fault)) = required.map(login) {
            return Standing::LogIn(fault);
        }
        match self.rules.check_scopes(token.claims, token.implied, &mut Silent) {
            Ok(()) => Standing::Met,
            Err(_) => Standing::ScopeMissing,
        }
    }
}

/// As the settings are read aloud.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let required = self.requirements.as_deref().map(ToString::to_string);
        let parts = [Some(self.rules.to_string()), required].into_iter().flatten();
        f.write_str(&parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::authz::requirements::tests::{LEEWAY, NOW, token_of};
    use crate::authz::{
        ClaimRule, ClientLists, ClientPattern, LoginFault, LoginRule, ScopeRules, TokenProfile,
    };
    use crate::model::Instant;

    fn block() -> Block {
        let role = ClaimRule::new("role".to_owned(), false, vec![json!("root")]);
        Block {
            rules: Rules {
                scopes: ScopeRules { all_of: vec!["write".to_owned()], any_of: Vec::new() },
                claims_all_of: vec![role],
                claims_any_of: Vec::new(),
            },
            requirements: Some(Box::new(Requirements {
                profile: TokenProfile::Any,
                clients: ClientLists {
                    allow: [ClientPattern::parse("c").unwrap()].into(),
                    deny: Box::default(),
                },
                actors: None,
                login: LoginRule {
                    acr_values: ["gold".into()].into(),
                    amr_any: ["otp".into()].into(),
                    max_auth_age: Some(Duration::from_secs(60)),
                },
            })),
        }
    }

    #[test]
    fn what_no_login_and_no_scope_can_help_comes_first_and_the_scope_last() {
        let good = json!({"scope": "write", "role": "root", "client_id": "c", "acr": "gold", "amr": "otp", "auth_time": NOW});
        let age = Standing::LogIn(LoginFault::Age);
        let class = Standing::LogIn(LoginFault::Class);
        for (changed, wanted) in [
            (json!({}), Standing::Met),
            (json!({"scope": ""}), Standing::ScopeMissing),
            (json!({"scope": "", "auth_time": 1}), age),
            (json!({"auth_time": 1, "acr": "silver"}), class),
            (json!({"amr": "pwd"}), class),
            (json!({"acr": "silver", "role": "guest"}), Standing::ClaimMismatch),
            (json!({"acr": "silver", "client_id": "d"}), Standing::ClaimMismatch),
        ] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            let mut span = TimeSpan::ALWAYS;
            assert_eq!(block().standing(&token_of(&claims).token(), &mut span), wanted, "{changed}");
            // Where the age of the login was looked at, the standing holds until that changes.
            let is_timed = matches!(wanted, Standing::Met | Standing::ScopeMissing) || wanted == age;
            assert_eq!(span != TimeSpan::ALWAYS, is_timed, "{changed}");
            let later = Instant::from_unix(NOW + 61 + LEEWAY);
            assert_eq!(span.holds_at(later), !is_timed || wanted == age, "{changed}");
        }
    }

    #[test]
    fn it_is_read_aloud_as_its_settings_are() {
        assert_eq!(
            block().to_string(),
            "all of: write; role: one of \"root\"; a client of c; acr: one of gold; amr: one of otp; a login at most 60 s ago"
        );
        assert_eq!(Block::default().to_string(), "");
    }
}
