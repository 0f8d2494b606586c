//! Lists of tools, prompts, resources and resource templates in what an MCP server sends: found, read strictly, and
//! rewritten for one client.
//!
//! Which entries a client may see is for `gate`; what becomes of a list that cannot be read, for `proxy`.

mod answer;
mod cursor;
mod entry;
mod events;
mod filter;
mod kind;
mod shape;

pub use events::Events;
pub use filter::{Filtered, filter};
pub use kind::{ListKind, literal_start};
pub use shape::Shape;

/// A text that may hold a list and cannot be read in one way only, or is longer than what may be held of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadableList;
