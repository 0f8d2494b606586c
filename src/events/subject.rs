//! Subjects of events (RFC 9493, and the complex ones of SSF 1.0 section 3), and the names by which a denial can name them.
//!
//! A provider speaks of its own users: a subject of another issuer is nobody whom it could name.

use serde_json::Value;

use crate::model::{DenialKind, SecurityEventKind as Kind};

/// The longest name, in bytes, as of a denial that an operator makes.
const LONGEST: usize = 1024;
/// Identifiers of `aliases` that are looked at, at most.
const ALIASES: usize = 16;

/// What ends with a session of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionScope {
    /// The tokens of that session, by `sid`.
    #[default]
    Session,
    /// All tokens of the user, by `sub`: for providers whose access tokens have no `sid`.
    User,
}

/// A name in a denial.
pub(super) type Name = (DenialKind, Box<str>);

/// What a subject names.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Subject<'v> {
    user: Option<&'v str>,
    session: Option<&'v str>,
    token: Option<&'v str>,
    /// An id that does not say of what.
    opaque: Option<&'v str>,
}

impl<'v> Subject<'v> {
    /// That of a logout token.
    pub(super) const fn of_logout(user: Option<&'v str>, session: Option<&'v str>) -> Self {
        Self { user, session, token: None, opaque: None }
    }

    /// Reads a subject identifier of a provider with this issuer.
    pub(super) fn read(subject: &'v Value, issuer: &str) -> Self {
        let text = |name: &str| subject.get(name).and_then(Value::as_str);
        let own = |name: &str| text(name).filter(|_| text("iss") == Some(issuer));
        match format(subject) {
            Some("iss_sub" | "iss-sub") => Self { user: own("sub"), ..Self::default() },
            Some("opaque") => Self { opaque: text("id"), ..Self::default() },
            Some("jwt_id" | "jwt-id") => Self { token: own("jti"), ..Self::default() },
            Some("aliases") => {
                let all = subject.get("identifiers").and_then(Value::as_array).into_iter().flatten();
                // One in another cannot be an alias (RFC 9493 section 3.2.8), so this ends.
                let simple = all.take(ALIASES).filter(|one| format(one) != Some("aliases"));
                simple.map(|one| Self::read(one, issuer)).find(|one| one.names_somebody()).unwrap_or_default()
            }
            Some("complex") | None => {
                let part = |name: &str| {
                    let simple =
                        subject.get(name).filter(|part| !matches!(format(part), None | Some("complex")));
                    simple.map(|part| Self::read(part, issuer)).unwrap_or_default()
                };
                let (user, session) = (part("user"), part("session"));
                Self {
                    user: user.user.or(user.opaque),
                    session: session.opaque.or(session.user),
                    ..Self::default()
                }
            }
            Some(_) => Self::default(),
        }
    }

    fn names_somebody(&self) -> bool {
        [self.user, self.session, self.token, self.opaque].iter().any(Option::is_some)
    }

    /// The names of those whom an event of this kind is about; none when no denial can name them.
    pub(super) fn names(self, kind: Kind, scope: SessionScope) -> Vec<Name> {
        let named = match kind {
            Kind::SessionRevoked | Kind::Logout => self.of_session(scope),
            Kind::CredentialChange => {
                let user = self.user.or(self.opaque);
                let session = self.session.filter(|_| user.is_none());
                vec![(DenialKind::Sub, user), (DenialKind::Sid, session)]
            }
            Kind::AccountDisabled | Kind::AccountPurged | Kind::AccountEnabled => {
                vec![(DenialKind::Sub, self.user.or(self.opaque))]
            }
            // It may be the one or the other.
            Kind::TokenClaimsChange => vec![
                (DenialKind::Jti, self.token),
                (DenialKind::Sub, self.user.or(self.opaque)),
                (DenialKind::Sid, self.session.or(self.opaque)),
            ],
            Kind::Verification | Kind::StreamUpdated | Kind::Unknown | Kind::None => Vec::new(),
        };
        let is_name =
            |name: &&str| (1..=LONGEST).contains(&name.len()) && !name.chars().any(char::is_control);
        named.into_iter().filter_map(|(kind, name)| Some((kind, name.filter(is_name)?.into()))).collect()
    }

    fn of_session(self, scope: SessionScope) -> Vec<(DenialKind, Option<&'v str>)> {
        let all_of_user = scope == SessionScope::User || self.session.is_none();
        vec![
            (DenialKind::Jti, self.token),
            (DenialKind::Sub, self.user.filter(|_| all_of_user)),
            (DenialKind::Sid, self.session),
            // It may be the one or the other, and nobody has the id of a session for a name.
            (DenialKind::Sub, self.opaque),
            (DenialKind::Sid, self.opaque),
        ]
    }
}

/// The word for the form of a subject; drafts call it `subject_type`.
fn format(subject: &Value) -> Option<&str> {
    subject.get("format").or_else(|| subject.get("subject_type"))?.as_str()
}

/// The form of a subject, in a word of a closed list, for logs.
pub(super) fn form_of(subject: &Value) -> &'static str {
    const FORMS: [&str; 10] = [
        "iss_sub",
        "opaque",
        "email",
        "complex",
        "aliases",
        "jwt_id",
        "account",
        "phone_number",
        "did",
        "uri",
    ];
    match format(subject) {
        Some(word) => FORMS.iter().find(|form| **form == word).copied().unwrap_or("other"),
        None if subject.is_object() => "other",
        None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://idp.test";

    #[test]
    fn a_subject_is_named_as_tokens_of_the_provider_name_it() {
        use DenialKind::{Jti, Sid, Sub};
        let user = json!({"format": "iss_sub", "iss": ISSUER, "sub": "u"});
        let session = json!({"format": "opaque", "id": "s"});
        let both = json!({"format": "complex", "user": user, "session": session});
        let all = [
            (user.clone(), Kind::SessionRevoked, vec![(Sub, "u")]),
            (user.clone(), Kind::CredentialChange, vec![(Sub, "u")]),
            (user.clone(), Kind::AccountDisabled, vec![(Sub, "u")]),
            (user.clone(), Kind::TokenClaimsChange, vec![(Sub, "u")]),
            (both.clone(), Kind::TokenClaimsChange, vec![(Sub, "u"), (Sid, "s")]),
            (both.clone(), Kind::SessionRevoked, vec![(Sid, "s")]),
            (both.clone(), Kind::CredentialChange, vec![(Sub, "u")]),
            (both.clone(), Kind::AccountPurged, vec![(Sub, "u")]),
            (session.clone(), Kind::SessionRevoked, vec![(Sub, "s"), (Sid, "s")]),
            (session.clone(), Kind::AccountDisabled, vec![(Sub, "s")]),
            // Without `format`, as a draft of SSF wrote it.
            (json!({"user": user, "session": session}), Kind::SessionRevoked, vec![(Sid, "s")]),
            (json!({"session": session}), Kind::SessionRevoked, vec![(Sid, "s")]),
            (json!({"session": session}), Kind::CredentialChange, vec![(Sid, "s")]),
            (json!({"session": session}), Kind::AccountDisabled, vec![]),
            (json!({"subject_type": "iss-sub", "iss": ISSUER, "sub": "u"}), Kind::Logout, vec![(Sub, "u")]),
            (json!({"format": "jwt_id", "iss": ISSUER, "jti": "t"}), Kind::SessionRevoked, vec![(Jti, "t")]),
            (
                json!({"format": "aliases", "identifiers": [{"format": "email", "email": "a@b"}, user]}),
                Kind::SessionRevoked,
                vec![(Sub, "u")],
            ),
            // Nobody whom a denial can name.
            (json!({"format": "iss_sub", "iss": "https://other", "sub": "u"}), Kind::SessionRevoked, vec![]),
            (json!({"format": "iss_sub", "sub": "u"}), Kind::SessionRevoked, vec![]),
            (json!({"format": "iss_sub", "iss": ISSUER, "sub": 7}), Kind::SessionRevoked, vec![]),
            (json!({"format": "email", "email": "u@example.com"}), Kind::SessionRevoked, vec![]),
            (json!({"format": "opaque", "id": ""}), Kind::SessionRevoked, vec![]),
            (json!({"format": "opaque", "id": "a\nb"}), Kind::SessionRevoked, vec![]),
            (json!({"format": "opaque", "id": "x".repeat(LONGEST + 1)}), Kind::SessionRevoked, vec![]),
            (json!({"format": "complex", "user": both}), Kind::SessionRevoked, vec![]),
            (json!({"format": "aliases", "identifiers": "u"}), Kind::SessionRevoked, vec![]),
            (json!("u"), Kind::SessionRevoked, vec![]),
            (json!(null), Kind::SessionRevoked, vec![]),
        ];
        for (subject, kind, wanted) in all {
            let names = Subject::read(&subject, ISSUER).names(kind, SessionScope::Session);
            let names: Vec<_> = names.iter().map(|(kind, name)| (*kind, &**name)).collect();
            assert_eq!(names, wanted, "{kind} {subject}");
        }
        let names = Subject::read(&both, ISSUER).names(Kind::SessionRevoked, SessionScope::User);
        assert_eq!(names.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Sub, Sid]);
    }
}
