//! HTTP/2: a guard between TLS and the library, which ends abusive connections.

pub(crate) mod budget;
pub(crate) mod frames;
pub(crate) mod guard;
pub(crate) mod rules;
