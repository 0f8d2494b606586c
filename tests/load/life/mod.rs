//! Load while the gateway lives through changes: of its configuration, of keys, of upstreams, of itself.

mod reload;
