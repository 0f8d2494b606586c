//! Agent cards (A2A 1.0 section 8, and the shape of 0.3): what an agent says of itself, rewritten so that it says the truth
//! about the gateway in front of it.
//!
//! It reads and writes texts. Fetching a card is the concern of `control`, serving it that of `proxy`.

mod anchor;
mod canonical;
mod compare;
mod document;
mod error;
mod interfaces;
mod json;
mod leftovers;
mod policy;
mod prune;
mod reading;
mod rewrite;
mod seal;
mod security;
mod shape;
mod text;

pub use compare::{Difference, compare};
pub use document::has_signature;
pub use error::{CARD_BYTES, CardError};
pub use leftovers::CardWarning;
pub use policy::{Access, CardBinding, CardBindings, CardPolicy, CardProvider, MetadataKind, Signatures};
pub use rewrite::{Rewritten, rewrite};
pub use seal::{CardSeal, Sign};
pub use text::CardText;
