//! The closed sets of words for what identity providers tell of credentials: security events (RFC 8417) and logouts.

use super::decision::closed_words;

closed_words! {
    /// What a provider tells.
    SecurityEventKind {
        /// A session was revoked (CAEP 1.0 section 3.1), or all of a user (RISC).
        SessionRevoked = "session-revoked",
        /// A credential of a user was changed (CAEP 1.0 section 3.3).
        CredentialChange = "credential-change",
        /// Claims of a user's tokens are others now (CAEP 1.0 section 3.2).
        TokenClaimsChange = "token-claims-change",
        /// An account was disabled (RISC 1.0 section 2.3).
        AccountDisabled = "account-disabled",
        /// An account was deleted (RISC 1.0 section 2.2).
        AccountPurged = "account-purged",
        /// An account was enabled again (RISC 1.0 section 2.4).
        AccountEnabled = "account-enabled",
        /// A user logged out (OpenID Connect Back-Channel Logout 1.0).
        Logout = "logout",
        /// The transmitter tries the stream (SSF 1.0 section 7.1.4).
        Verification = "verification",
        /// The transmitter changed the state of the stream (SSF 1.0 section 7.1.5).
        StreamUpdated = "stream-updated",
        /// An event that this version does not know.
        Unknown = "unknown",
        /// No event could be read.
        None = "none",
    }
}

closed_words! {
    /// What became of it.
    SecurityEventResult {
        /// A credential is denied.
        Denied = "denied",
        /// A denial is lifted.
        Lifted = "lifted",
        /// It was taken note of, and changes nothing.
        Noted = "noted",
        /// It came before.
        Repeated = "repeated",
        /// A later event about the same account came before it.
        Overtaken = "overtaken",
        /// It is too old to be acted on.
        Late = "late",
        /// It names nobody whom a denial can name.
        Unmapped = "unmapped",
        /// Its kind is not known.
        Ignored = "ignored",
        /// It was not accepted as one of the provider.
        Rejected = "rejected",
        /// Its sender did not show the credential that was agreed on.
        Unauthorized = "unauthorized",
        /// It could not be acted on now; the sender is to send it again.
        Failed = "failed",
    }
}
