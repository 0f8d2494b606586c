//! Why a token of a sender is not accepted, in the words of RFC 8935 section 2.4, and one sentence for whoever runs the sender.

use crate::authn::NotStated;
use crate::model::closed_words;

closed_words! {
    /// The registered words (RFC 8935 section 7.1).
    ErrorCode {
        /// It cannot be read, or does not have the form of its kind.
        InvalidRequest = "invalid_request",
        /// Its key or signature is not the provider's.
        InvalidKey = "invalid_key",
        /// It is of another issuer.
        InvalidIssuer = "invalid_issuer",
        /// It is for somebody else.
        InvalidAudience = "invalid_audience",
        /// The sender did not show the credential that was agreed on.
        AuthenticationFailed = "authentication_failed",
    }
}

/// The language of the sentences (RFC 8935 section 2.3).
pub const LANGUAGE: &str = "en";

/// The rejection of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// The word.
    pub code: ErrorCode,
    /// What is wrong. It says nothing of what is configured.
    pub why: &'static str,
}

impl Rejection {
    /// What does not have its form.
    #[must_use]
    pub const fn form(why: &'static str) -> Self {
        Self { code: ErrorCode::InvalidRequest, why }
    }

    /// Of a sender without its credential.
    pub const UNAUTHORIZED: Self =
        Self { code: ErrorCode::AuthenticationFailed, why: "the Authorization field is not the agreed one" };

    /// That of a token which is no statement of the provider; `None` when its keys decide that, and cannot be had.
    #[must_use]
    pub const fn of(not: NotStated) -> Option<Self> {
        Some(match not {
            NotStated::Malformed(why) => Self::form(why.0),
            NotStated::Type => Self::form("`typ` is not the one of such a token"),
            NotStated::Issuer => {
                Self { code: ErrorCode::InvalidIssuer, why: "`iss` is not that of the provider" }
            }
            NotStated::Audience => {
                Self { code: ErrorCode::InvalidAudience, why: "`aud` does not name this receiver" }
            }
            NotStated::Algorithm => {
                Self { code: ErrorCode::InvalidKey, why: "the algorithm is not one of the provider" }
            }
            NotStated::KeyUnknown => {
                Self { code: ErrorCode::InvalidKey, why: "the provider does not publish this key" }
            }
            NotStated::Signature => {
                Self { code: ErrorCode::InvalidKey, why: "the signature does not verify" }
            }
            NotStated::KeysUnavailable | NotStated::KeysNeeded => return None,
        })
    }
}
