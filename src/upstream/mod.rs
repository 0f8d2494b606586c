//! The upstream of an agent: its address, the trust in its certificate, the headers that it gets with every request, and the
//! streams that run there.
//!
//! A loop of `control` resolves its name; `proxy` makes the connections.

mod endpoint;
pub(crate) mod running;
mod set_headers;

pub use endpoint::{Endpoint, Trust, Upstream, UpstreamHost, UpstreamTls};
pub use running::{BOUNDARY_WAIT, Ended, Listed, Right, Running, Stream, StreamFacts, StreamId};
pub use set_headers::SetHeaders;
