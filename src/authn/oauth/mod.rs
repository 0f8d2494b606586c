//! Access tokens (RFC 6750, RFC 9449): the policy of an agent, and the checks in their order.

mod accept;
mod answer;
mod authenticate;
mod bound_tokens;
mod credential;
mod denied;
mod head;
mod introspected;
mod jwt;
mod opaque;
mod policy;
mod proven;
mod question;
mod sender_constraint;
mod shape;
mod signature;
mod signed_answer;
mod statement;
mod terms;
mod token_type;
mod verified;
mod verify;
mod withdrawn;

pub use bound_tokens::{BoundTokens, RequiredBindings, SenderConstraint};
pub(super) use jwt::claims;
pub use jwt::{Malformed, Token};
pub use opaque::{AmbiguousTokens, Introspecting};
pub use policy::{ForwardToken, Issuers, OAuthPolicy, TokenForm};
pub use question::{Answer, TokenEvidence};
pub use shape::signed_digest;
pub use statement::{ExpectedStatement, NotStated, Statement};
pub use terms::AudienceClaim;
pub(super) use terms::Terms;
pub(super) use verified::{identity, verified};
pub use withdrawn::withdraw_word;
