//! The door in front of Pingora: connections are accepted, counted and given a slot, TLS is spoken, and of each HTTP/1
//! connection one whole and sound message at a time goes on, to whatever application it is made with. HTTP/2
//! connections pass a guard.
//!
//! What a request asks for, and whether it may, is for others: nothing here knows of agents.

mod answer;
mod begun;
mod client_certificates;
mod deadline;
mod drain;
mod ending;
mod front;
mod front_parts;
mod handshake;
pub(crate) mod http1;
mod http2;
mod keepalive;
mod listen;
mod listening;
mod muster;
mod pace;
mod patience;
mod prior_knowledge;
mod proxy_protocol;
mod relays;
mod slots;
mod socket;
mod spread;
mod tls;

pub use drain::{Busy, Drain};
pub(crate) use ending::{EndedAt, Ending};
pub use front::{Front, Recorder};
pub use front_parts::FrontParts;
pub(crate) use handshake::{CORRUPT, ENDED};
pub use http1::head::HeadLimits;
pub(crate) use keepalive::KEEPALIVE;
pub use listen::{find_the_gone, listen};
pub use listening::{Listening, Sockets};
pub use muster::Muster;
pub(crate) use patience::{Over, Patience, Wait};
pub use prior_knowledge::PriorKnowledge;
pub use relays::Relays;
pub use slots::{Crowd, CrowdLimits};
pub use socket::Socket;
pub use tls::TlsDoor;
