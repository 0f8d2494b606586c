//! Security events: what an identity provider tells of its users' credentials, in security event tokens (RFC 8417, CAEP, RISC)
//! and logout tokens (OpenID Connect Back-Channel Logout), and which denials that comes to.
//!
//! Pure: `proxy` has what is pushed, `control` polls and makes the denials, and `authn` verifies signatures.

mod answer;
mod carrier;
mod effect;
mod kind;
mod memory;
mod receiver;
mod rejection;
mod sets;
mod status;
mod subject;
mod told;
mod when;

pub use answer::{Delivery, EventAnswer, ReceiveEvents};
pub use carrier::Carrier;
pub use effect::Effect;
pub use memory::EventMemory;
pub use receiver::{EventReceiver, Poll, Push};
pub use rejection::{ErrorCode, LANGUAGE, Rejection};
pub use sets::{Polled, SetError, poll_request};
pub use status::{EventCount, EventStatus, LastEvent, LastPoll, LastVerification};
pub use subject::SessionScope;
pub use told::{Expected, NotTold, Told, ToldEvent};
