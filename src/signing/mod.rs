//! The gateway's own keys: what it signs with, so that others can tell that something is from it, and the set with which they
//! verify that. A2A cards are signed here.
//!
//! A key of the gateway's making is used by a schedule of timestamps, so that several processes that read one file agree on
//! it. When to look at the schedule is the concern of `control`, and publishing the set that of `proxy`.

mod key;
mod key_error;
mod key_pair;
mod key_plan;
mod key_ring;
mod key_store;
mod private_set;
mod schedule;

pub use key::{Header, Signed, SigningKey};
pub use key_error::KeyError;
pub use key_plan::{KeyPlan, NextKey};
pub use key_ring::{KeyRing, SigningFrom};
pub use key_store::{KeyStore, KeyStoreError};
pub use private_set::{DatedKey, new_set};
pub use schedule::Schedule;
