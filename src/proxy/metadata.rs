//! Requests for the metadata of an agent (RFC 9728).

use http::Method;
use pingora::http::RequestHeader;

use crate::config::Snapshot;
use crate::model::Live;
use crate::protocol::{Described, ResourceForm, metadata_document, metadata_preflight};
use crate::routing::Agent;

use super::context::Context;
use super::public::Public;

/// What a request for metadata gets.
pub(super) enum Answer {
    Described(Described),
    /// Another method than those of the document.
    MethodNotAllowed,
    /// No URL of the agent is known to this client.
    NotFound,
}

/// Answers a request for the metadata of `agent` in this form.
pub(super) fn describe(
    agent: &Agent,
    form: ResourceForm,
    sent: &RequestHeader,
    ctx: &Context,
    snapshot: &Live<Snapshot>,
) -> Answer {
    match sent.method {
        Method::OPTIONS => return Answer::Described(metadata_preflight()),
        Method::GET | Method::HEAD => {}
        _ => return Answer::MethodNotAllowed,
    }
    let public = snapshot.with(|now| Public::of(now.public_url.as_ref(), sent, agent, ctx));
    let resource = public.url(&agent.forms().path(form));
    match agent.metadata(&resource).filter(|_| !public.origin.is_empty()) {
        Some(body) => Answer::Described(metadata_document(body, &sent.headers, public.is_configured)),
        None => Answer::NotFound,
    }
}
