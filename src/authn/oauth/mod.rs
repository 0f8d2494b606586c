//! Bearer tokens (RFC 6750): the policy of an agent, and the checks in their order.

mod accept;
mod authenticate;
mod credential;
mod denied;
mod head;
mod jwt;
mod policy;
mod question;
mod signature;
mod statement;
mod terms;
mod token_type;
mod verified;
mod verify;

pub(super) use jwt::claims;
pub use jwt::{Malformed, Token};
pub use policy::{ForwardToken, Issuers, OAuthPolicy, TokenForm, signed_digest};
pub use question::Answer;
pub use statement::{ExpectedStatement, NotStated, Statement};
pub(super) use terms::Terms;
pub use terms::{AudienceClaim, BoundTokens};
pub(super) use verified::{identity, verified};
