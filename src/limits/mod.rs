//! How much may be under way at once: the slots of an agent, and those of the process.
//!
//! `proxy` answers a request that finds no free slot.

mod slots;

pub use slots::{AgentSlots, Slot, Slots};
