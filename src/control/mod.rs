//! The loops that keep the gateway up to date: the reconciler (store, parse, compile, publish), the key
//! refreshers' life, and the resolver of upstream names.
//!
//! A change is applied whole or not at all; what is wrong is said, and the last good one stays.

mod load;
mod reconciler;
mod resolver;

pub use load::{LoadError, load, read_document};
pub use reconciler::{Reconciler, Status};
pub use resolver::Resolver;
