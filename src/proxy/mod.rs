//! The Pingora adapter, kept thin: what a request looks like to the rest of the house, and what a decision
//! looks like on the wire.
//!
//! Nothing is decided here. An upstream is chosen, and a request rewritten, only with a permit of `gate`.

mod attend;
mod body;
mod bounded;
mod chunks;
mod context;
mod cross_origin;
mod crowd;
mod deadline;
mod drain;
mod forward;
mod forwarded;
mod framing;
mod front;
mod gateway;
mod h2_caller;
mod h2_guard;
mod handover;
mod handshake;
mod head;
mod health;
mod hops;
mod inspect;
mod keepalive;
mod listening;
mod location;
mod noted;
mod origin;
mod paced;
mod patience;
mod peer;
mod phases;
mod proxy_protocol;
mod relays;
mod respond;
mod stamp;
mod tls;
mod tunnel;
mod upgrade;
mod upstream_fault;
mod view;

pub use context::Context;
pub use crowd::{Crowd, CrowdLimits};
pub use drain::{Busy, Drain};
pub use front::{Front, FrontParts, Recorder};
pub use gateway::{Gateway, GatewayParts};
pub use head::HeadLimits;
#[doc(hidden)]
pub use inspect::{Inspected, inspect};
pub use listening::{Listening, listen};
pub use relays::Relays;
pub use tls::TlsDoor;
