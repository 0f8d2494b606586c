//! Resources in one document: many texts, each under its name, and back to a text for each. Comments and layout are kept
//! wherever the text still means the same; every text is read again before it is handed out.
//!
//! Whether the resources are valid is the business of `read`.

mod gather;
mod split;

pub use gather::{Gathered, gather};
pub use split::split;

use serde_json::Value;

use super::written::as_json;
use crate::config::text::source::Source;
use crate::config::text::yaml;

/// The value of a text, with references to the environment as they stand.
fn value_of(text: &str) -> Option<Value> {
    as_json(&yaml::read_as_written(&Source::new("", text))?)
}

#[cfg(test)]
mod tests;
