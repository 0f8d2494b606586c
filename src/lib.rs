//! Portcullis: the gate in front of AI agents.
pub mod authn;
pub mod authz;
pub mod config;
pub mod gate;
pub mod keys;
pub mod model;
pub mod net;
pub mod routing;
pub mod telemetry;
