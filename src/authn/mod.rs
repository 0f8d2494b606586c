//! Authentication: from the credential of a request to a verified identity, or to the reason of a refusal.
//!
//! Three answers, not two: authenticated, not presented, or rejected. `authz` says what the caller may do, and `gate` what
//! happens to the request.

mod api_key;
mod base64url;
mod dpop;
mod extract;
mod key_text;
mod memory;
mod oauth;
mod placed_session;
mod session;
mod session_id;
mod session_key;
mod session_keys;
mod session_owner;
mod token_location;

pub use api_key::{ApiKeyPolicy, ApiKeyRecord, ApiKeyRefusal, ApiKeyText, KEY_PREFIX};
pub use dpop::{BadNonceKeys, Dpop, NonceKeys, Nonces, Proofs};
pub use extract::Scheme;
pub use memory::TokenCache;
pub use oauth::{
    AmbiguousTokens, Answer, AudienceClaim, BoundTokens, ExpectedStatement, ForwardToken, Introspecting,
    Issuers, Malformed, NotStated, OAuthPolicy, RequiredBindings, SenderConstraint, Statement, StreamToken,
    Token, TokenEvidence, TokenForm, signed_digest, withdraw_word,
};
pub use placed_session::PlacedSession;
pub use session::SessionKeys;
pub use session_id::BadSessionId;
pub use session_keys::{BadSessionKeys, BadSharedKeys, ProcessSessionKeys, SessionKeySource};
pub use session_owner::SessionOwner;
pub use token_location::{TokenLocation, answered_protocol, query_without, strip};
