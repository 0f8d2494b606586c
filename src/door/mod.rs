//! The door in front of Pingora: it accepts connections, gives each a slot, does the TLS handshake, and passes one complete
//! and valid HTTP/1 message at a time to the application that it is made with. HTTP/2 connections pass a guard.
//!
//! Nothing here knows of agents: the application routes requests and decides about them.

mod answer;
mod deadline;
mod drain;
mod ending;
mod front;
mod handshake;
pub(crate) mod http1;
mod http2;
mod keepalive;
mod listening;
mod pace;
mod patience;
mod proxy_protocol;
mod relays;
mod slots;
mod tls;

pub use drain::{Busy, Drain};
pub(crate) use ending::{EndedAt, Ending};
pub use front::{Front, FrontParts, Recorder};
pub(crate) use handshake::{CORRUPT, ENDED};
pub use http1::head::HeadLimits;
pub(crate) use keepalive::KEEPALIVE;
pub use listening::{Listening, listen};
pub(crate) use patience::{Over, Patience, Wait};
pub use relays::Relays;
pub use slots::{Crowd, CrowdLimits};
pub use tls::TlsDoor;
