//! Outbound fetches of small documents: time limits, size caps, no redirects, TLS roots, no internal addresses.
//!
//! What the document means and when it is fetched is the business of the rooms that ask for it.

mod address;
mod coding;
mod error;
mod excerpt;
mod fetcher;
#[cfg(test)]
pub(crate) mod fixtures;
mod proxy;
mod retry_after;

pub use address::{is_loopback, literal};
pub use error::FetchError;
pub use excerpt::excerpt;
pub use fetcher::{Document, Fetched, Fetcher, FetcherOptions, Limits};
pub use proxy::{EgressProxy, ProxyUrl};
