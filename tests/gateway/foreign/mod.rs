//! Agents and callers that others wrote: nginx, HAProxy and nghttpd in front of which the gateway stands, and calls of grpcio,
//! and streams of ws, eventsource, websockets and httpx-sse.

mod expiry;
mod grpc;
mod server;
mod streams;
mod targets;

use std::time::Duration;

/// The longest that anything here takes.
const SOON: Duration = Duration::from_secs(15);
