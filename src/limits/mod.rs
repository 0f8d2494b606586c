//! How much may be under way at once: the slots of an agent, those of the process, and the memory for messages.
//!
//! `proxy` answers a request that finds no free slot, or no memory for its message.

mod messages;
mod slots;
mod stock;

pub use messages::{MessageMemory, MessageShare};
pub use slots::{AgentSlots, Slot, Slots};
