//! Portcullis: the gate in front of AI agents.
pub mod keys;
pub mod model;
pub mod net;
pub mod telemetry;
