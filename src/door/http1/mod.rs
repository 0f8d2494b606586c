//! HTTP/1: the head of a message, its framing, the bytes of its body, and the connection that ends where it ends.

pub(crate) mod body;
pub(crate) mod bounded;
pub(crate) mod chunks;
mod digests;
mod frames;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod last_line;
pub(crate) mod message;
mod websocket;
