//! Load while the gateway lives through changes: of its configuration, of keys, of upstreams, of itself.

mod handover;
mod reload;
mod streams;
mod terminate;
