//! Bearer tokens: what an agent asks of them, and the checks in their order.

mod accept;
mod jwt;
mod policy;
mod signature;
mod verify;

pub use jwt::{Malformed, Token};
pub(super) use jwt::{Times, claims};
pub use policy::{AudienceClaim, BoundTokens, ForwardToken, Issuers, OAuthPolicy, TokenForm};
pub use verify::{Outcome, Rejection};
