//! How, and how lately, the subject of a token must have logged in (RFC 9470): `acr`, `amr` and `auth_time`.
//!
//! How long ago a login was depends on the present time, so a check also says how long its outcome holds.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::model::{Claims, Reason};

use super::explain::{Check, Facts, Trace};
use super::time_span::TimeSpan;
use super::verified_token::VerifiedToken;

/// 2^53: from there on, not every whole number of seconds has a double of its own.
const NUMERIC_DATE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// What an agent requires of the login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginRule {
    /// The classes of which `acr` must be one; empty = any. A set: no class is taken for a better one than another.
    pub acr_values: Box<[Box<str>]>,
    /// The methods of which `amr` must name one (RFC 8176); empty = any.
    pub amr_any: Box<[Box<str>]>,
    /// The longest time since the login; `None` = any.
    pub max_auth_age: Option<Duration>,
}

/// Why a login does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFault {
    /// It was of another class, or by other methods.
    Class,
    /// It was too long ago, or nobody knows when.
    Age,
}

impl LoginFault {
    /// The reason of a refusal for it.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Class => Reason::AcrInsufficient,
            Self::Age => Reason::AuthTooOld,
        }
    }

    /// Which of two faults is told.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Class, _) | (_, Self::Class) => Self::Class,
            (Self::Age, Self::Age) => Self::Age,
        }
    }
}

impl LoginRule {
    /// Whether it requires nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.acr_values.is_empty() && self.amr_any.is_empty() && self.max_auth_age.is_none()
    }

    /// Refuses a token whose subject logged in in another way, too long ago, or not yet. Narrows `span` to the time in which
    /// that is so.
    pub(super) fn check(
        &self,
        token: &VerifiedToken<'_>,
        span: &mut TimeSpan,
        trace: &mut impl Trace,
    ) -> Result<(), LoginFault> {
        self.check_acr(token.claims, trace)?;
        self.check_amr(token.claims, trace)?;
        let Some(max_age) = self.max_auth_age else { return Ok(()) };
        let at = auth_time(token.claims);
        let leeway = token.leeway.as_secs_f64();
        let login = at.map(|at| TimeSpan::new(at - leeway, at + max_age.as_secs_f64() + leeway));
        if let Some(login) = login {
            span.narrow(login, token.now);
        }
        let ok = login.is_some_and(|login| login.holds_at(token.now));
        trace.check(Check::AuthAge, ok, || Facts {
            seen: Some(match (token.claims.member("auth_time"), at) {
                (None, _) => "auth_time: absent".to_owned(),
                (Some(value), None) => format!("auth_time: {value}"),
                (Some(value), Some(at)) => {
                    format!("auth_time: {value} ({:.0} s ago)", token.now.unix_f64() - at)
                }
            }),
            wanted: format!("at most {} s ago, and {leeway} s of leeway", max_age.as_secs()),
            fix: match at {
                None => "have the identity provider put `auth_time`, in seconds, into access tokens",
                Some(_) => {
                    "send the user to log in anew (`max_age` of the authorization request), or raise `require.max_auth_age`"
                }
            },
        });
        if ok { Ok(()) } else { Err(LoginFault::Age) }
    }

    fn check_acr(&self, claims: &Claims, trace: &mut impl Trace) -> Result<(), LoginFault> {
        if self.acr_values.is_empty() {
            return Ok(());
        }
        let acr = claims.text("acr");
        let ok = acr.is_some_and(|acr| self.acr_values.iter().any(|wanted| acr == &**wanted));
        trace.check(Check::Acr, ok, || Facts {
            seen: Some(shown("acr", claims)),
            wanted: format!("acr: one of {}", self.acr_values.join(", ")),
            fix: "send the user to log in with one of these (`acr_values` of the authorization request), and have the \
                  identity provider put `acr` into access tokens",
        });
        if ok { Ok(()) } else { Err(LoginFault::Class) }
    }

    fn check_amr(&self, claims: &Claims, trace: &mut impl Trace) -> Result<(), LoginFault> {
        if self.amr_any.is_empty() {
            return Ok(());
        }
        let is_wanted = |method: &str| self.amr_any.iter().any(|wanted| method == &**wanted);
        let ok = match claims.member("amr") {
            Some(Value::Array(methods)) => methods.iter().filter_map(Value::as_str).any(is_wanted),
            // Some providers write a single one so.
            Some(Value::String(method)) => is_wanted(method),
            _ => false,
        };
        trace.check(Check::Acr, ok, || Facts {
            seen: Some(shown("amr", claims)),
            wanted: format!("amr: one of {}", self.amr_any.join(", ")),
            fix: "send the user to log in with one of these methods, and have the identity provider put `amr` into access \
                  tokens",
        });
        if ok { Ok(()) } else { Err(LoginFault::Class) }
    }
}

/// As the settings are read aloud.
impl fmt::Display for LoginRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |name: &str, list: &[Box<str>]| {
            (!list.is_empty()).then(|| format!("{name}: one of {}", list.join(", ")))
        };
        let age = self.max_auth_age.map(|age| format!("a login at most {} s ago", age.as_secs()));
        let parts = [list("acr", &self.acr_values), list("amr", &self.amr_any), age];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

fn shown(name: &str, claims: &Claims) -> String {
    claims.member(name).map_or_else(|| format!("{name}: absent"), |value| format!("{name}: {value}"))
}

/// `auth_time` (OpenID Connect Core section 2), where it is a time.
fn auth_time(claims: &Claims) -> Option<f64> {
    let seconds = claims.member("auth_time")?.as_f64()?;
    (seconds > 0.0 && seconds < NUMERIC_DATE_LIMIT).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::authz::requirements::tests::{LEEWAY, NOW, judged, token_of};
    use crate::authz::{Requirements, Silent, Transcript};
    use crate::model::Instant;

    fn rule(acr: &[&str], amr: &[&str], max_age: Option<u64>) -> Requirements {
        let texts = |list: &[&str]| list.iter().map(|text| Box::from(*text)).collect();
        let max_auth_age = max_age.map(Duration::from_secs);
        let login = LoginRule { acr_values: texts(acr), amr_any: texts(amr), max_auth_age };
        Requirements { login, ..Requirements::default() }
    }

    #[test]
    fn acr_is_one_of_a_set_and_amr_shares_a_method_with_a_list() {
        let refused = Err(Reason::AcrInsufficient);
        for (acr, amr, claims, wanted) in [
            (&["gold", "silver"] as &[_], &[] as &[_], json!({"acr": "silver"}), Ok(())),
            (&["gold"], &[], json!({"acr": "Gold"}), refused),
            (&["1"], &[], json!({"acr": 1}), refused),
            (&["1"], &[], json!({"acr": "2"}), refused),
            (&["gold"], &[], json!({"acr": ["gold"]}), refused),
            (&["gold"], &[], json!({}), refused),
            (&[], &["otp", "hwk"], json!({"amr": ["pwd", "hwk"]}), Ok(())),
            (&[], &["otp"], json!({"amr": "otp"}), Ok(())),
            (&[], &["otp"], json!({"amr": "pwd otp"}), refused),
            (&[], &["otp"], json!({"amr": ["pwd", 1, null]}), refused),
            (&[], &["otp"], json!({"amr": []}), refused),
            (&[], &["otp"], json!({"amr": {"otp": 1}}), refused),
            (&[], &["otp"], json!({}), refused),
            (&["gold"], &["otp"], json!({"acr": "gold", "amr": ["pwd"]}), refused),
            (&[], &[], json!({}), Ok(())),
        ] {
            assert_eq!(judged(&rule(acr, amr, None), &claims), wanted, "{acr:?} {amr:?} {claims}");
        }
    }

    #[test]
    fn a_login_holds_for_the_longest_age_and_the_leeway_and_a_bad_time_is_too_old() {
        let (ok, old) = (Ok(()), Err(Reason::AuthTooOld));
        for (auth_time, wanted) in [
            (json!(NOW), ok),
            (json!(NOW - 60), ok),
            (json!(NOW - 60 - LEEWAY), ok),
            (json!(NOW - 61 - LEEWAY), old),
            (json!(NOW + LEEWAY), ok),
            (json!(NOW + LEEWAY + 1), old),
            (json!((NOW - 60) as f64 + 0.5), ok),
            (json!(0), old),
            (json!(-1), old),
            (json!(NOW * 1000), old),
            (json!(NOW.to_string()), old),
            (json!(true), old),
            (json!(null), old),
            (json!(1e300), old),
        ] {
            let claims = json!({"auth_time": auth_time});
            assert_eq!(judged(&rule(&[], &[], Some(60)), &claims), wanted, "{auth_time}");
        }
        assert_eq!(judged(&rule(&[], &[], Some(60)), &json!({})), old);
        assert_eq!(judged(&rule(&["gold"], &[], Some(60)), &json!({})), Err(Reason::AcrInsufficient), "both");
    }

    #[test]
    fn the_span_of_a_check_is_the_time_in_which_its_outcome_is_the_same() {
        let claims = token_of(&json!({"auth_time": NOW}));
        let required = rule(&[], &[], Some(60));
        let check = |at: u64| {
            let (now, mut span) = (Instant::from_unix(at), TimeSpan::ALWAYS);
            (required.check(&VerifiedToken { now, ..claims.token() }, &mut span, &mut Silent), span)
        };
        let times = [NOW - LEEWAY - 1, NOW - LEEWAY, NOW, NOW + 60 + LEEWAY, NOW + 61 + LEEWAY];
        for (outcome, span) in times.map(check) {
            // Before the login and long after it the outcome is the same, and a span is of one time.
            let held = times.map(|at| span.holds_at(Instant::from_unix(at)));
            let same = times.map(|at| check(at).0 == outcome);
            assert!(held.iter().zip(same).all(|(held, same)| !held || same), "{held:?} {same:?}");
            assert_eq!(held.iter().filter(|held| **held).count(), if outcome.is_ok() { 3 } else { 1 });
        }
    }

    #[test]
    fn the_nearest_fix_is_told() {
        let line = |required: &Requirements, claims: &Value| {
            let (claims, mut transcript) = (token_of(claims), Transcript::default());
            let mut span = TimeSpan::ALWAYS;
            assert!(required.check(&claims.token(), &mut span, &mut transcript).is_err());
            let line = transcript.lines.pop().unwrap();
            (line.check, line.seen.unwrap(), line.wanted, line.fix.unwrap())
        };
        let (check, seen, wanted, fix) = line(&rule(&["a", "b"], &[], None), &json!({"acr": "c"}));
        assert_eq!((check, &*seen, &*wanted), (Check::Acr, "acr: \"c\"", "acr: one of a, b"));
        assert!(fix.contains("acr_values"), "{fix}");
        let (check, seen, wanted, _) = line(&rule(&[], &["otp"], None), &json!({}));
        assert_eq!((check, &*seen, &*wanted), (Check::Acr, "amr: absent", "amr: one of otp"));
        let old = rule(&[], &[], Some(60));
        let (check, seen, wanted, fix) = line(&old, &json!({"auth_time": NOW - 600}));
        assert_eq!(check, Check::AuthAge);
        assert_eq!(seen, format!("auth_time: {} (600 s ago)", NOW - 600));
        assert_eq!(wanted, format!("at most 60 s ago, and {LEEWAY} s of leeway"));
        assert!(fix.contains("max_age"), "{fix}");
        let (_, seen, _, fix) = line(&old, &json!({"auth_time": "x"}));
        assert!(seen == "auth_time: \"x\"" && fix.contains("`auth_time`"), "{seen} {fix}");
    }
}
