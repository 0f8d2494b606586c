//! Authentication: from the credential of a request to a verified identity, or to the reason of a refusal.
//!
//! Three answers, not two: authenticated, not presented, or rejected. `authz` says what the caller may do, and `gate` what
//! happens to the request.

mod api_key;
mod extract;
mod memory;
mod oauth;
mod session;
mod session_keys;
mod token_location;

pub use api_key::{ApiKeyPolicy, ApiKeyRecord, ApiKeyRefusal, ApiKeyText, KEY_PREFIX};
pub use extract::Scheme;
pub use memory::TokenCache;
pub use oauth::{
    Answer, AudienceClaim, BoundTokens, ForwardToken, Issuers, Malformed, OAuthPolicy, Token, TokenForm,
};
pub use session::{BadSessionId, SessionKeys, SessionOwner};
pub use session_keys::{BadSessionKeys, BadSharedKeys, ProcessSessionKeys, SessionKeySource};
pub use token_location::{TokenLocation, answered_protocol, query_without, strip};
