//! The upstream of an agent: its addresses, the targets among which each request has one, the trust in their certificates, the
//! headers that they get with every request, and the streams that run there.
//!
//! Loops of `control` resolve names and check health; `proxy` makes the connections.

mod addresses;
mod affinity;
mod agent_upstream;
mod budget;
mod client_certificate;
mod due;
mod endpoint;
mod failing;
mod hash_by;
mod health;
pub(crate) mod held_token;
mod member;
mod pick;
mod protocol;
pub(crate) mod running;
mod set_headers;
mod standing;
mod target;
mod targets;
mod trust;
mod turns;

pub use affinity::Affinity;
pub use agent_upstream::{Upstream, UpstreamHost, UpstreamTls};
pub use budget::{Budget, RetryRules};
pub use client_certificate::ClientCertificate;
pub use due::StreamId;
pub use endpoint::Endpoint;
pub use hash_by::HashBy;
pub use health::{Health, Row};
pub use held_token::{HeldToken, HeldTokens, NewToken};
pub use member::Member;
pub use pick::text_hash;
pub use protocol::UpstreamProtocol;
pub use running::{
    BOUNDARY_WAIT, EXPIRY_WAIT, Ended, Ends, Listed, Right, Running, Stream, StreamFacts, Term,
};
pub use set_headers::SetHeaders;
pub use standing::{Eject, LastError, Standing};
pub use target::{Target, TargetKey};
pub use targets::{Ask, Balance, NoTarget, Spread, Targets};
pub use trust::Trust;
