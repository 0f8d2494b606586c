//! Who is calling: from request headers to a verified identity, or the reason why not.
//!
//! Three answers, not two: authenticated, not presented, or rejected. What the caller may do is for `authz`;
//! what becomes of the request is for `gate`.

mod also;
mod api_key;
mod claim_checks;
mod extract;
mod known;
mod oauth;
mod recent;
mod signature;
mod token;
mod token_cache;
mod verify;

pub use also::{Elsewhere, answered_protocol, query_without, strip};
pub use api_key::{ApiKeyPolicy, ApiKeyRecord, ApiKeyRefusal, ApiKeyText, KEY_PREFIX};
pub use extract::Scheme;
pub use known::Known;
pub use oauth::{AudienceClaim, BoundTokens, ForwardToken, Issuers, OAuthPolicy, TokenForm};
pub use token::{Malformed, Token};
pub use token_cache::TokenCache;
pub use verify::{Outcome, Rejection};
