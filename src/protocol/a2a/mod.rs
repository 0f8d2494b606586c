//! A2A over HTTP: what a request asks for by either binding, and the card in which an agent describes itself.

pub mod card;
mod error;
mod members;
mod operation;
mod push;
mod rest;
mod segment;
mod version;

pub use error::RestError;
pub use members::{PARAMS, rest_body};
pub use operation::A2aOperation;
pub use push::PushHosts;
pub use rest::{Binding, RestPath};
pub use version::version;
