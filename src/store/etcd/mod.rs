//! A store of resources in etcd, which the members of a fleet share: the only place where etcd is talked to.
//!
//! The watch is a doorbell, the head key is the truth, the record is the difference, and a hash over everything proves it.
//! What a member does while etcd is away, and who the other members are, is for others.

mod asking;
mod commit;
mod content;
mod denials;
mod draft;
mod fault;
mod first_read;
mod follow;
mod generation;
mod head;
mod hearing;
mod history;
mod judge;
mod keys;
mod lease;
mod link;
mod look;
mod members;
mod memory;
mod moving;
mod options;
mod pace;
mod parts;
mod patience;
mod presence;
mod record;
mod refused;
mod settle;
mod standing;
mod store;
mod watched;

pub use moving::{EtcdMoving, Resumed, Truth};
pub use options::EtcdOptions;
pub use store::EtcdStore;
