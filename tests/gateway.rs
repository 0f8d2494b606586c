//! The real binary from outside, row by row of its contract: a caller, an issuer and an upstream of our own on
//! loopback, and the gateway between them.
//!
//! What real peers say of it is in `e2e`.

#[cfg(test)]
#[path = "gateway/support/mod.rs"]
mod support;

#[cfg(test)]
#[path = "gateway/smoke.rs"]
mod smoke;

#[cfg(test)]
#[path = "gateway/upstream_gets.rs"]
mod upstream_gets;

#[cfg(test)]
#[path = "gateway/reasons.rs"]
mod reasons;

#[cfg(test)]
#[path = "gateway/restart.rs"]
mod restart;
