//! What an event comes to: denials, the end of one, or nothing.

use std::time::Duration;

use crate::model::{
    DenialKind, Denied, Instant, IssuedBefore, SecurityEventKind as Kind, SecurityEventResult, Until,
};

use super::subject::Name;
use super::told::{Told, ToldEvent};

const DAY: Duration = Duration::from_secs(86_400);
/// The oldest token that is acted on: senders try for days.
const OLDEST: Duration = DAY.saturating_mul(7);
/// How long a denial of tokens up to a time lasts, as of one that an operator makes.
const LASTS: Duration = DAY.saturating_mul(30);

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// These are denied; there is at least one.
    Deny(Vec<Denied>),
    /// The account of the only one that it names is closed: it is denied for good.
    Close(Denied),
    /// The account is open again: that denial of it is lifted.
    Open(Denied),
    /// What was asked about the tokens that these name counts no more.
    AskAgain(Vec<Denied>),
    /// Nothing is to be done.
    Nothing(SecurityEventResult),
}

impl Effect {
    /// What `event` of what a provider with this issuer told comes to.
    #[must_use]
    pub fn of(told: &Told, event: &ToldEvent, issuer: &str, now: Instant) -> Self {
        if now.since(told.issued) > OLDEST {
            return Self::Nothing(SecurityEventResult::Late);
        }
        match event.kind {
            Kind::SessionRevoked | Kind::CredentialChange | Kind::Logout => up_to(event, issuer, now),
            Kind::AccountDisabled | Kind::AccountPurged => {
                account(event, issuer).map_or(UNMAPPED, Self::Close)
            }
            Kind::AccountEnabled => account(event, issuer).map_or(UNMAPPED, Self::Open),
            Kind::TokenClaimsChange if !event.names.is_empty() => {
                let all = event.names.iter().map(|name| whole(name, issuer));
                Self::AskAgain(all.collect())
            }
            Kind::TokenClaimsChange | Kind::Verification | Kind::StreamUpdated => {
                Self::Nothing(SecurityEventResult::Noted)
            }
            Kind::Unknown | Kind::None => Self::Nothing(SecurityEventResult::Ignored),
        }
    }
}

const UNMAPPED: Effect = Effect::Nothing(SecurityEventResult::Unmapped);

/// Tokens from before the event: whoever logs in again gets in.
fn up_to(event: &ToldEvent, issuer: &str, now: Instant) -> Effect {
    let at = Instant::from_unix(event.at.unix());
    let until = Until::At(at.plus(LASTS));
    if until.has_passed(now) {
        return Effect::Nothing(SecurityEventResult::Late);
    }
    let denied = event.names.iter().map(|(kind, value)| Denied {
        kind: *kind,
        issuer: Some(issuer.into()),
        value: value.clone(),
        issued_before: match kind {
            // A token by its own name is denied whenever it was issued.
            DenialKind::Jti => IssuedBefore::All,
            DenialKind::Sub
            | DenialKind::ClientId
            | DenialKind::Sid
            | DenialKind::Act
            | DenialKind::Kid
            | DenialKind::ApiKey
            | DenialKind::TokenSha256 => IssuedBefore::At(at),
        },
        until,
    });
    let denied: Vec<_> = denied.collect();
    if denied.is_empty() { UNMAPPED } else { Effect::Deny(denied) }
}

fn account(event: &ToldEvent, issuer: &str) -> Option<Denied> {
    Some(whole(event.names.first()?, issuer))
}

/// All that has this name.
fn whole((kind, value): &Name, issuer: &str) -> Denied {
    Denied {
        kind: *kind,
        issuer: Some(issuer.into()),
        value: value.clone(),
        issued_before: IssuedBefore::All,
        until: Until::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const ISSUER: &str = "https://idp.test";

    fn effect(kind: Kind, names: &[(DenialKind, &str)], issued: u64, at: u64) -> Effect {
        let names = names.iter().map(|(kind, name)| (*kind, Box::from(*name))).collect();
        let event = ToldEvent { kind, at: Instant::from_unix(at), names, word: None, form: "opaque" };
        let told = Told { jti: "j".into(), issued: Instant::from_unix(issued), events: vec![event.clone()] };
        Effect::of(&told, &event, ISSUER, Instant::from_unix(NOW))
    }

    #[test]
    fn what_an_event_comes_to_is_by_its_kind_its_names_and_its_age() {
        use DenialKind::{Jti, Sid, Sub};
        let week = 7 * 86_400;
        let denied = |kind, issued_before, until| Denied {
            kind,
            issuer: Some(ISSUER.into()),
            value: "u".into(),
            issued_before,
            until,
        };
        let before = |at: u64| IssuedBefore::At(Instant::from_unix(at));
        let until = |at: u64| Until::At(Instant::from_unix(at + 30 * 86_400));
        let nothing = Effect::Nothing;
        let user = [(Sub, "u")];
        for (kind, names, (issued, at), wanted) in [
            (
                Kind::SessionRevoked,
                &user as &[_],
                (NOW, NOW - 90),
                Effect::Deny(vec![denied(Sub, before(NOW - 90), until(NOW - 90))]),
            ),
            (
                Kind::Logout,
                &[(Sid, "u")],
                (NOW - week, NOW - week),
                Effect::Deny(vec![denied(Sid, before(NOW - week), until(NOW - week))]),
            ),
            (
                Kind::SessionRevoked,
                &[(Jti, "u")],
                (NOW, NOW),
                Effect::Deny(vec![denied(Jti, IssuedBefore::All, until(NOW))]),
            ),
            (Kind::CredentialChange, &user, (NOW - week - 1, NOW), nothing(SecurityEventResult::Late)),
            (Kind::AccountDisabled, &user, (NOW - week - 1, NOW), nothing(SecurityEventResult::Late)),
            // Told of today, and nobody has a token any more from then.
            (Kind::SessionRevoked, &user, (NOW, NOW - 30 * 86_400), nothing(SecurityEventResult::Late)),
            (
                Kind::AccountPurged,
                &user,
                (NOW, NOW - 60 * 86_400),
                Effect::Close(denied(Sub, IssuedBefore::All, Until::Never)),
            ),
            (
                Kind::AccountEnabled,
                &user,
                (NOW, NOW),
                Effect::Open(denied(Sub, IssuedBefore::All, Until::Never)),
            ),
            (Kind::SessionRevoked, &[], (NOW, NOW), nothing(SecurityEventResult::Unmapped)),
            (Kind::AccountDisabled, &[], (NOW, NOW), nothing(SecurityEventResult::Unmapped)),
            (Kind::AccountEnabled, &[], (NOW, NOW), nothing(SecurityEventResult::Unmapped)),
            (Kind::TokenClaimsChange, &[], (NOW, NOW), nothing(SecurityEventResult::Noted)),
            (
                Kind::TokenClaimsChange,
                &user,
                (NOW, NOW),
                Effect::AskAgain(vec![denied(Sub, IssuedBefore::All, Until::Never)]),
            ),
            (Kind::Verification, &[], (NOW, NOW), nothing(SecurityEventResult::Noted)),
            (Kind::Unknown, &user, (NOW, NOW), nothing(SecurityEventResult::Ignored)),
        ] {
            assert_eq!(effect(kind, names, issued, at), wanted, "{kind} {names:?} {issued} {at}");
        }
    }
}
