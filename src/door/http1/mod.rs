//! HTTP/1: the head of a message, its framing, the bytes of its body, and the view of the connection that ends with it.

pub(crate) mod body;
pub(crate) mod bounded;
pub(crate) mod chunks;
mod frames;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod message;
mod websocket;
