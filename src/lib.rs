//! Portcullis: the gate in front of AI agents.
//!
//! One crate, rooms with doors. Imports run downwards, and `tests/tidy.rs` holds them to it:
//!
//! - [`model`] is the vocabulary: no I/O, no clock.
//! - [`net`], [`telemetry`], [`authz`], [`store`] stand on it.
//! - [`idp`] knows who signed, [`authn`] who is calling, [`routing`] which agent, [`gate`] decides.
//! - [`events`] reads what providers tell of credentials: security events and logouts.
//! - [`spans`] tells a collector of requests.
//! - [`protocol`] reads and writes what MCP and A2A say.
//! - [`upstream`] is where an agent runs, [`limits`] how much may be under way.
//! - [`config`] turns text into a snapshot; [`control`] brings snapshots to life.
//! - [`import`] turns the configuration of other gateways into a text of ours.
//! - [`admin`] is the control API and the console, on a listener of its own.
//! - [`door`] gives the bytes of one message at a time, [`proxy`] carries a decision out on the wire;
//!   [`gateway`] wires it all together.
//!
//! Open access is a word that somebody wrote (`public`). No agent, no key, no permit: no passage.

pub mod admin;
pub mod authn;
pub mod authz;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod door;
pub mod events;
pub mod gate;
pub mod gateway;
pub mod idp;
pub mod import;
pub mod limits;
pub mod model;
pub mod net;
pub mod ops;
pub mod private_file;
pub mod protocol;
pub mod proxy;
pub mod routing;
pub mod signing;
pub mod spans;
pub mod store;
pub mod telemetry;
pub mod upstream;
