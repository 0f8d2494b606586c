//! HTTP/2: what stands between TLS and the library, and ends connections that cost more than they bring.

pub(crate) mod budget;
pub(crate) mod frames;
pub(crate) mod guard;
pub(crate) mod rules;
