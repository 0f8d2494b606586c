//! Who is calling: from request headers to a verified identity, or the reason why not.
//!
//! Three answers, not two: authenticated, not presented, or rejected. What the caller may do is for `authz`;
//! what becomes of the request is for `gate`.

mod also;
mod api_key;
mod extract;
mod memory;
mod oauth;

pub use also::{Elsewhere, answered_protocol, query_without, strip};
pub use api_key::{ApiKeyPolicy, ApiKeyRecord, ApiKeyRefusal, ApiKeyText, KEY_PREFIX};
pub use extract::Scheme;
pub use memory::TokenCache;
pub use oauth::{
    Answer, AudienceClaim, BoundTokens, ForwardToken, Issuers, Malformed, OAuthPolicy, Token, TokenForm,
};
