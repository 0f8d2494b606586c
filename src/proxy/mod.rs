//! The Pingora adapter, kept thin: it turns Pingora's requests into those of the other rooms, and decisions into responses.
//!
//! Nothing is decided here. An upstream is chosen, and a request rewritten, only with a permit of `gate`.

mod admit;
mod again;
mod answer;
mod assert;
mod attend;
mod balance;
mod boundary;
mod card;
mod card_answer;
mod cause;
mod client_certificate;
mod context;
mod cross_origin;
mod decide;
mod events;
mod failure;
mod foreign_origin;
mod forward;
mod forwarded;
mod govern;
mod grpc;
mod h2_caller;
mod health;
mod held;
mod hops;
mod inspect;
mod key_set;
mod late;
mod limit_fields;
mod limits;
mod list_answer;
mod list_head;
mod listing;
mod lists;
mod location;
mod message;
mod metadata;
mod mismatch;
mod noted;
mod origin;
mod passage;
mod peer;
mod peer_and_id;
mod phases;
mod place;
mod public;
mod response;
mod service;
mod session_answer;
mod session_id;
mod stream;
mod traced;
mod tunnel;
mod upstream_fault;
mod upstream_refusal;
mod view;

pub use context::Context;
pub use events::EventEntrance;
#[doc(hidden)]
pub use inspect::{Inspected, inspect};
pub use service::{Gateway, GatewayParts};
