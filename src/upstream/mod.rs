//! Where an agent runs: its address, the trust in its certificate, and what it is sent with every request.
//!
//! Where a name points to is filled in by a loop of `control`; connections are for `proxy`.

pub(crate) mod running;
mod set_headers;
mod target;

pub use running::{BOUNDARY_WAIT, Ended, Listed, Right, Running, Stream, StreamFacts, StreamId};
pub use set_headers::SetHeaders;
pub use target::{Endpoint, Trust, Upstream, UpstreamHost, UpstreamTls};
