//! The Pingora adapter, kept thin: what a request looks like to the rest of the house, and what a decision
//! looks like on the wire.
//!
//! Nothing is decided here. An upstream is chosen, and a request rewritten, only with a permit of `gate`.

mod context;
mod crowd;
mod drain;
mod forward;
mod framing;
mod front;
mod gateway;
mod head;
mod listening;
mod origin;
mod paced;
mod peer;
mod phases;
mod respond;
mod tls;
mod upgrade;
mod view;

pub use context::Context;
pub use crowd::{Crowd, CrowdLimits};
pub use drain::{Busy, Drain};
pub use front::{Front, FrontParts, Recorder};
pub use gateway::{Gateway, GatewayParts};
pub use head::HeadLimits;
pub use listening::{Listening, listen};
pub use tls::TlsDoor;
