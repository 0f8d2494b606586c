//! A token of a sender, verified and read: which events it tells of, when they were, and whom they name.
//!
//! The form is that of RFC 8417 with what SSF 1.0 section 4 asks for, or of OpenID Connect Back-Channel Logout section 2.4.
//! What follows from it is in `effect`.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::authn::{ExpectedStatement, NotStated, Statement};
use crate::idp::Provider;
use crate::model::{Claims, Fetched, Instant, SecurityEventKind};

use super::carrier::Carrier;
use super::kind::{LOGOUT, kind_of};
use super::rejection::Rejection;
use super::subject::{Name, SessionScope, Subject, form_of};
use super::when::point;

/// Events in one token, at most: SSF allows one, RFC 8417 several about the same.
const EVENTS: usize = 8;
/// The longest `jti`, in bytes. Those of senders are UUIDs.
const LONGEST_ID: usize = 256;
/// The longest word of a sender that is kept, in characters.
const LONGEST_WORD: usize = 200;

/// What is expected of a token.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Whose it is.
    pub provider: &'a Provider,
    /// Of these audiences it must name one.
    pub audiences: &'a [String],
    /// What ends with a session.
    pub scope: SessionScope,
    /// Whether keys were fetched for it, and with what outcome.
    pub keys: Fetched<()>,
    /// The time.
    pub now: Instant,
}

/// What a token tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub jti: Box<str>,
    /// When it was issued.
    pub issued: Instant,
    /// Its events.
    pub events: Vec<ToldEvent>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldEvent {
    /// What happened.
    pub kind: SecurityEventKind,
    /// When; never in the future.
    pub at: Instant,
    /// Whom it names, as denials do; empty when no denial can name them, or none is to be made.
    pub names: Vec<Name>,
    /// `state` of a verification, or `status` of a stream.
    pub word: Option<String>,
    /// The form of its subject, of a closed list.
    pub form: &'static str,
}

/// Why nothing was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTold {
    /// The token is rejected.
    Rejected(Rejection),
    /// The provider's keys cannot be had now.
    KeysUnavailable,
    /// Its `kid` is unknown: fetch the provider's keys, then ask again.
    KeysNeeded,
}

impl From<Rejection> for NotTold {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl Told {
    /// Verifies and reads a token.
    ///
    /// # Errors
    /// Why it tells nothing.
    pub fn read(carrier: Carrier, text: &str, expected: &Expected<'_>) -> Result<Self, NotTold> {
        let Expected { provider, audiences, keys, now, .. } = *expected;
        let typ = carrier.typ();
        let statement = Statement::verify(text, &ExpectedStatement { typ, provider, audiences, keys, now });
        let statement = statement.map_err(|not| match Rejection::of(not) {
            Some(rejection) => NotTold::Rejected(rejection),
            None if not == NotStated::KeysNeeded => NotTold::KeysNeeded,
            None => NotTold::KeysUnavailable,
        })?;
        let issued = check_times(&statement, carrier, expected)?;
        let claims = &statement.claims;
        let is_id = |jti: &&str| (1..=LONGEST_ID).contains(&jti.len()) && !jti.contains(char::is_control);
        let jti = claims.text("jti").filter(is_id);
        let jti = jti.ok_or(Rejection::form("`jti` is not a text of 1 to 256 bytes"))?.into();
        let events = claims.member("events").and_then(Value::as_object);
        let events = events.ok_or(Rejection::form("`events` is not an object"))?;
        let events = match carrier {
            Carrier::Event => told_events(claims, events, issued, expected)?,
            Carrier::Logout => vec![told_logout(claims, events, issued, expected)?],
        };
        Ok(Self { jti, issued, events })
    }
}

/// When it was issued.
fn check_times(
    statement: &Statement,
    carrier: Carrier,
    expected: &Expected<'_>,
) -> Result<Instant, Rejection> {
    let (leeway, now) = (expected.provider.spec().leeway, expected.now);
    let latest = now.plus(leeway).unix_f64();
    let Some(iat) = statement.iat else { return Err(Rejection::form("it has no `iat`")) };
    if iat > latest || statement.nbf.is_some_and(|nbf| nbf > latest) {
        return Err(Rejection::form("`iat` or `nbf` is in the future"));
    }
    match (carrier, statement.exp) {
        (Carrier::Event, Some(_)) => return Err(Rejection::form("a security event token has no `exp`")),
        (Carrier::Logout, Some(exp)) if now.unix_f64() >= exp + leeway.as_secs_f64() => {
            return Err(Rejection::form("the logout token has expired"));
        }
        (Carrier::Event, None) | (Carrier::Logout, _) => {}
    }
    let issued = Duration::try_from_secs_f64(iat).map(Instant::from_duration);
    issued.map_err(|_| Rejection::form("`iat` is no time"))
}

fn told_events(
    claims: &Claims,
    events: &Map<String, Value>,
    issued: Instant,
    expected: &Expected<'_>,
) -> Result<Vec<ToldEvent>, Rejection> {
    if claims.member("sub").is_some() {
        return Err(Rejection::form("a security event token names its subject in `sub_id`, not in `sub`"));
    }
    if !(1..=EVENTS).contains(&events.len()) {
        return Err(Rejection::form("`events` does not have 1 to 8 members"));
    }
    if claims.member("sub_id").is_some_and(|subject| !subject.is_object()) {
        return Err(Rejection::form("`sub_id` is not an object"));
    }
    let issuer = expected.provider.spec().issuer.as_str();
    let event = |(uri, payload): (&String, &Value)| {
        if !payload.is_object() {
            return Err(Rejection::form("an event is not an object"));
        }
        let kind = kind_of(uri);
        // In drafts it stands in the event.
        let subject = claims.member("sub_id").or_else(|| payload.get("subject")).unwrap_or(&Value::Null);
        let word = payload.get("state").or_else(|| payload.get("status")).and_then(Value::as_str);
        Ok(ToldEvent {
            kind,
            at: happened(payload, claims, issued, expected),
            names: Subject::read(subject, issuer).names(kind, expected.scope),
            word: word.map(kept),
            form: form_of(subject),
        })
    };
    events.iter().map(event).collect()
}

/// When the event was: as it says, else as the token says (RFC 8417 section 2.2), else when the token was issued.
fn happened(payload: &Value, claims: &Claims, issued: Instant, expected: &Expected<'_>) -> Instant {
    let stated = payload.get("event_timestamp").or_else(|| claims.member("toe")).and_then(point);
    // One in the future would keep those out who log in again.
    stated.unwrap_or(issued).min(expected.now.plus(expected.provider.spec().leeway))
}

fn told_logout(
    claims: &Claims,
    events: &Map<String, Value>,
    issued: Instant,
    expected: &Expected<'_>,
) -> Result<ToldEvent, Rejection> {
    if claims.member("nonce").is_some() {
        return Err(Rejection::form("a logout token has no `nonce`"));
    }
    if !events.get(LOGOUT).is_some_and(Value::is_object) {
        return Err(Rejection::form("`events` does not have the logout event"));
    }
    if claims.member("sid").is_some_and(|sid| !sid.is_string()) {
        return Err(Rejection::form("`sid` is not a text"));
    }
    let (user, session) = (claims.text("sub"), claims.text("sid"));
    if user.is_none() && session.is_none() {
        return Err(Rejection::form("a logout token has `sub` or `sid`"));
    }
    let kind = SecurityEventKind::Logout;
    let names = Subject::of_logout(user, session).names(kind, expected.scope);
    let form = if session.is_some() { "sid" } else { "sub" };
    Ok(ToldEvent { kind, at: issued, names, word: None, form })
}

/// A word of a sender, as it may be shown.
fn kept(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect()
}

#[cfg(test)]
mod tests;
