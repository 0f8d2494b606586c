//! How much may be under way at once: the slots of an agent, and those of the process.
//!
//! What a request gets that finds none is for `proxy`.

mod slots;

pub use slots::{AgentSlots, Slot, Slots};
