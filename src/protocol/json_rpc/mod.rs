//! JSON-RPC 2.0 as MCP and A2A use it over HTTP: one message in the body of a `POST`.

mod error;
mod known;
mod media_type;
mod message;
mod names;
mod read;
mod request;
mod walk;
mod words;

pub(in crate::protocol) use error::ErrorData;
pub use error::{ErrorKind, ErrorResponse, JSON_MEDIA_TYPE, ReasonClass};
pub use known::{Known, Spelling};
pub use media_type::is_plain_json;
pub use message::{Id, Kind, Message, Text, Texts};
pub use names::Names;
pub use read::{Plain, Unreadable, read, read_object};
pub use request::request;
pub use words::Name;
