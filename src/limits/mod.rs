//! How much may be under way at once, and how often: the slots of an agent and those of the process, the memory for messages,
//! and the limits of callers.
//!
//! `proxy` answers a request that finds no free slot, or no memory for its message; `gate` decides which limits apply to one.

mod buckets;
pub mod fields;
mod fleetwide;
mod ledger;
mod ledgers;
mod limit;
mod link;
mod messages;
mod phases;
mod places;
mod quota;
mod rate;
mod registry;
mod slots;
mod state;
mod stock;
mod stripe;
mod together;
mod usage;
mod view;
mod who;

pub use fleetwide::{Common, Counting, Fleetwide, OnLoss};
pub use ledger::Heard;
pub use limit::{Limit, Measure};
pub use link::{Answer, Answers, Ask, Counter, Tale};
pub use messages::{MessageMemory, MessageShare};
pub use quota::{Period, Quota};
pub use rate::{Rate, Standing};
pub use slots::{AgentSlots, Slot, Slots};
pub use state::{LimitState, Place, Taken, Weighed};
pub use usage::Usage;
pub use view::Refill;
pub use who::{Per, Scope, Who};
