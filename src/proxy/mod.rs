//! The Pingora adapter, kept thin: what a request looks like to the rest of the house, and what a decision
//! looks like on the wire.
//!
//! Nothing is decided here. An upstream is chosen, and a request rewritten, only with a permit of `gate`.

mod body;
mod bounded;
mod chunks;
mod context;
mod drain;
mod forward;
mod framing;
mod front;
mod gateway;
mod handover;
mod origin;
mod peer;
mod phases;
mod respond;
mod tls;
mod tunnel;
mod upgrade;
mod view;

pub use context::Context;
pub use drain::{Busy, Drain};
pub use front::{Front, HeadLimits, Recorder};
pub use gateway::{Gateway, GatewayParts};
pub use tls::SniResolver;
