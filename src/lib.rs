//! Portcullis: the gate in front of AI agents.
pub mod model;
pub mod telemetry;
