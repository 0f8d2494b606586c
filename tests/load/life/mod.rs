//! Load while the gateway lives through changes: of its configuration, of keys, of upstreams, of itself.

mod assertions;
mod expiring;
mod handover;
mod mortal;
mod outage;
mod reload;
mod rotation;
mod scale;
mod scarcity;
mod soak;
mod start;
mod streams;
mod terminate;
mod tunnels;
mod upstream_dies;
