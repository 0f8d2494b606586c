//! Bearer tokens (RFC 6750): the policy of an agent, and the checks in their order.

mod accept;
mod answer;
mod authenticate;
mod credential;
mod denied;
mod head;
mod introspected;
mod jwt;
mod opaque;
mod policy;
mod question;
mod shape;
mod signature;
mod signed_answer;
mod terms;
mod token_type;
mod verified;
mod verify;

pub(super) use jwt::claims;
pub use jwt::{Malformed, Token};
pub use opaque::{AmbiguousTokens, Introspecting};
pub use policy::{ForwardToken, Issuers, OAuthPolicy, TokenForm};
pub use question::{Answer, TokenEvidence};
pub use shape::signed_digest;
pub(super) use terms::Terms;
pub use terms::{AudienceClaim, BoundTokens};
pub(super) use verified::{identity, verified};
