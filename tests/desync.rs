//! Requests by the byte, with a witness behind the gateway: the real binary, and an agent that keeps every byte that
//! reaches it. A refused request puts none there; an accepted one arrives in one form, with one framing and nothing of
//! the next request.
//!
//! Cases are data, a file per kind; each refusal is tried as the first request of a connection and as a later one.

#[cfg(test)]
#[path = "desync/behind.rs"]
mod behind;

#[cfg(test)]
#[path = "desync/body.rs"]
mod body;

#[cfg(test)]
#[path = "desync/case.rs"]
mod case;

#[cfg(test)]
#[path = "desync/chunks.rs"]
mod chunks;

#[cfg(test)]
#[path = "desync/codings.rs"]
mod codings;

#[cfg(test)]
#[path = "desync/connection.rs"]
mod connection;

#[cfg(test)]
#[path = "desync/expect.rs"]
mod expect;

#[cfg(test)]
#[path = "desync/good.rs"]
mod good;

#[cfg(test)]
#[path = "desync/hosts.rs"]
mod hosts;

#[cfg(test)]
#[path = "desync/identity.rs"]
mod identity;

#[cfg(test)]
#[path = "desync/lengths.rs"]
mod lengths;

#[cfg(test)]
#[path = "desync/octets.rs"]
mod octets;

#[cfg(test)]
#[path = "desync/paths.rs"]
mod paths;

#[cfg(test)]
#[path = "desync/recorder.rs"]
mod recorder;

#[cfg(test)]
#[path = "desync/request_lines.rs"]
mod request_lines;

#[cfg(test)]
#[path = "desync/splits.rs"]
mod splits;

#[cfg(test)]
#[path = "desync/tunnels.rs"]
mod tunnels;

#[cfg(test)]
#[path = "desync/upgrades.rs"]
mod upgrades;
