//! Requests for the key set with which the gateway's signatures are verified: every page and every client may read it.

use http::Method;
use pingora::http::RequestHeader;

use crate::model::Refusal;
use crate::protocol::{METADATA_METHODS, metadata_document, metadata_preflight};

use super::answer::{Own, Problem};
use super::context::Context;
use super::service::Gateway;

impl Gateway {
    /// The response to such a request.
    pub(super) fn key_set(&self, head: &RequestHeader, ctx: &Context) -> Own {
        match head.method {
            Method::OPTIONS => Own::Metadata(metadata_preflight()),
            Method::GET | Method::HEAD => {
                let keys = self.parts.snapshot.with(|snapshot| snapshot.signing.get());
                match keys.published() {
                    // The keys could not be read or made, which was logged.
                    "" => Problem::from(Refusal::KeySetUnavailable).open().into(),
                    keys => Own::Metadata(metadata_document(keys.to_owned(), &head.headers, true)),
                }
            }
            _ => {
                let _counted = self.unrouted(head, ctx, Refusal::MethodNotAllowed);
                Problem::method(METADATA_METHODS).open().into()
            }
        }
    }
}
