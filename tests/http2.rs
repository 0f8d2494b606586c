//! HTTP/2 by the frame, over TLS and in plain text, at the real binary: what no library would send, what every library sends, and floods.
//!
//! Each case says what must come of it, and what may have reached the agent.

#[cfg(test)]
#[path = "http2/drain.rs"]
mod drain;

#[cfg(test)]
#[path = "http2/ended.rs"]
mod ended;

#[cfg(test)]
#[path = "http2/exact.rs"]
mod exact;

#[cfg(test)]
#[path = "http2/floods.rs"]
mod floods;

#[cfg(test)]
#[path = "http2/framing.rs"]
mod framing;

#[cfg(test)]
#[path = "http2/good.rs"]
mod good;

#[cfg(test)]
#[path = "http2/grpc.rs"]
mod grpc;

#[cfg(test)]
#[path = "http2/grpc_refused.rs"]
mod grpc_refused;

#[cfg(test)]
#[path = "http2/h2c.rs"]
mod h2c;

#[cfg(test)]
#[path = "http2/heads.rs"]
mod heads;

#[cfg(test)]
#[path = "http2/large.rs"]
mod large;

#[cfg(test)]
#[path = "http2/pooled.rs"]
mod pooled;

#[cfg(test)]
#[path = "http2/quiet.rs"]
mod quiet;

#[cfg(test)]
#[path = "http2/slow.rs"]
mod slow;

#[cfg(test)]
#[path = "http2/unread.rs"]
mod unread;

#[cfg(test)]
#[path = "http2/wire.rs"]
mod wire;

#[cfg(test)]
#[path = "http2/world.rs"]
mod world;
