//! Gateways that share one etcd, as processes on loopback with a proxy between each gateway and each member of etcd that
//! cuts, delays and swallows: whatever happens there, what runs goes on, and all run the same in the end.
//!
//! What every store promises is in `store_contract`; the console's page of it is in `e2e`.

#[cfg(test)]
#[path = "fleet/denials.rs"]
mod denials;
#[cfg(test)]
#[path = "fleet/members.rs"]
mod members;

#[cfg(test)]
#[path = "fleet/moving.rs"]
mod moving;

#[cfg(test)]
#[path = "fleet/stage.rs"]
mod stage;
