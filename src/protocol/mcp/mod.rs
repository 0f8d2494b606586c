//! MCP over HTTP: what a message asks for, how the head of its request repeats that, and the lists in what servers send.

pub mod list;
mod mirrored;
mod named;
mod operation;
mod revision;
mod sample;
mod uri;

pub use mirrored::{HeaderMismatch, Mirrored};
pub use operation::{PARAMS, operation};
pub use revision::{Revision, UnknownRevision};
pub use sample::{NoSample, sample};
pub use uri::is_ambiguous;

/// The header with the id of a session (MCP before 2026-07-28, "Session Management").
pub const SESSION_ID: &str = "mcp-session-id";
