//! Who is calling: from request headers to a verified identity, or the reason why not.
//!
//! Three answers, not two: authenticated, not presented, or rejected. What the caller may do is for `authz`;
//! what becomes of the request is for `gate`.

mod api_key;
mod extract;
mod identity;
mod json;
mod oauth;
mod token;
mod verify;

pub use api_key::{ApiKeyPolicy, ApiKeyRecord, ApiKeyText, KEY_PREFIX};
pub use extract::Scheme;
pub use identity::Identity;
pub use oauth::{Issuers, OAuthPolicy};
pub use token::{Malformed, Token};
pub use verify::{Outcome, Refetch, Rejection};
