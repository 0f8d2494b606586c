//! The URIs of events, those of drafts among them that are still sent.

use crate::model::SecurityEventKind as Kind;

/// Where the names of the OpenID Foundation begin, and the families of them.
const OPENID: &str = "https://schemas.openid.net/secevent/";
/// The event of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4).
pub(super) const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The event with this URI.
pub(super) fn kind_of(uri: &str) -> Kind {
    match uri.strip_prefix(OPENID) {
        Some("caep/event-type/session-revoked" | "risc/event-type/sessions-revoked") => Kind::SessionRevoked,
        Some("caep/event-type/credential-change") => Kind::CredentialChange,
        Some("caep/event-type/token-claims-change") => Kind::TokenClaimsChange,
        Some("risc/event-type/account-disabled") => Kind::AccountDisabled,
        Some("risc/event-type/account-purged") => Kind::AccountPurged,
        Some("risc/event-type/account-enabled") => Kind::AccountEnabled,
        // `sse` and `risc` are those of drafts.
        Some(
            "ssf/event-type/verification" | "sse/event-type/verification" | "risc/event-type/verification",
        ) => Kind::Verification,
        Some("ssf/event-type/stream-updated" | "sse/event-type/stream-updated") => Kind::StreamUpdated,
        Some(_) | None => Kind::Unknown,
    }
}
