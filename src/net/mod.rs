//! Outbound fetches of small documents: timeouts, size limits, no redirects, TLS roots, no forbidden addresses. And what names mean.
//!
//! The rooms that fetch decide when, and what a document means.

mod address;
mod client_identity;
mod coding;
mod direct;
mod error;
mod excerpt;
mod fetcher;
#[cfg(test)]
pub(crate) mod fixtures;
mod form;
mod hosts;
mod names;
mod posting;
mod proxy;
mod retry_after;

pub use address::{is_loopback, literal};
pub use client_identity::ClientIdentity;
pub use direct::{Direct, Speaks};
pub use error::FetchError;
pub use excerpt::excerpt;
pub use fetcher::{Document, Fetched, Fetcher, FetcherOptions, Limits, deepest};
pub use form::{Form, FormResponse};
pub use names::{Known, NameError, Names, ServicePlace};
pub use posting::{Json, JsonResponse};
pub use proxy::{EgressProxy, ProxyUrl};
pub use retry_after::retry_after;
