//! The timeouts of a proxied request, phase by phase: pauses of the client are limited until the agent responds, the agent's
//! time begins with the end of the request, and after the head of the response either side may be silent.
//!
//! `patience` measures them, and `failure` answers when one runs out.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;

use crate::door::Patience;
use crate::door::http1::bounded::Bounded;

use super::h2_caller::H2Caller;
use super::hops;
use super::passage::{Kind, Passage};
use super::response::Rare;
use super::service::Gateway;

impl Gateway {
    /// Before the request goes to its agent: sets its timeouts on the connection. `holds` says whether a part of its body was
    /// read before.
    pub(super) fn attend(&self, session: &mut Session, kind: Kind, holds: bool) -> Option<Patience> {
        // A WebSocket may be idle between two messages.
        let pause = (kind == Kind::Exchange).then_some(self.parts.limits.idle_timeout);
        let caller = session.as_downstream_mut();
        let patience = match caller.stream().and_then(Bounded::patience) {
            Some(patience) => Some(patience.clone()),
            None if caller.is_http2() => {
                let patience = Patience::default();
                // The session is taken out, wrapped and put back; nothing reads the placeholder meanwhile.
                match std::mem::replace(caller, ServerSession::new_custom(Box::new(()))) {
                    ServerSession::H2(stream) => {
                        let stream = H2Caller::new(stream, patience.clone(), holds);
                        *caller = ServerSession::new_custom(Box::new(stream));
                    }
                    other => *caller = other,
                }
                Some(patience)
            }
            None => None,
        };
        session.set_read_timeout(pause);
        patience
    }

    /// The head of the request goes to the agent; once more with each attempt.
    pub(super) fn request_begins(session: &mut Session, passage: &Passage) {
        if let Some(patience) = &passage.patience {
            patience.begin();
        }
        if session.is_body_empty() {
            request_complete(passage);
        }
    }

    /// A piece of the request's body, or of the client's side of a tunnel, goes to the agent.
    pub(super) async fn request_moves(body: &mut Option<Bytes>, end: bool, passage: &mut Passage) {
        if end && body.as_ref().is_some_and(Bytes::is_empty) {
            // Pingora 0.9.1 writes the last chunk once for an empty last piece and once for the end itself; the second one
            // would precede the next request on the connection.
            *body = None;
        }
        if let Some(patience) = &passage.patience {
            patience.moved();
        }
        if passage.body.pieces > 0 {
            // Lets Pingora write the earlier pieces: with its channel to the agent full it would not poll the client again,
            // neither when the agent's time is over nor when the client disconnects.
            tokio::task::yield_now().await;
        }
        passage.body.pieces = passage.body.pieces.saturating_add(1);
        passage.body.bytes += body.as_ref().map_or(0, |piece| piece.len() as u64);
        if end {
            request_complete(passage);
        }
    }

    /// The head of the response has arrived. Says whether it has a body.
    pub(super) fn answer_begins(
        session: &mut Session,
        head: &ResponseHeader,
        rare: Rare,
        passage: &Passage,
    ) -> bool {
        let Some(patience) = &passage.patience else { return false };
        let upstream = &passage.agent().upstream;
        patience.answer_begun(upstream.stream_idle_timeout);
        if rare.is_hop
            && let Some(rest) = hops::rest(&head.headers)
        {
            passage.endpoint().keeps_for(rest);
        }
        let has_body = has_body(&session.req_header().method, head);
        if has_body {
            // The rest of the request is now one side of a conversation, in which the client may pause.
            session.set_read_timeout(None);
        }
        has_body
    }

    /// A piece of the response, or of the agent's side of a tunnel, goes to the client.
    pub(super) fn answer_moves(
        &self,
        session: &mut Session,
        piece: &mut Option<Bytes>,
        end: bool,
        passage: &mut Passage,
    ) {
        if let Some(patience) = &passage.patience {
            patience.moved();
            if let Some(stream) = &mut passage.stream {
                stream.moves(piece, patience.ending());
            }
        }
        if end {
            session.set_read_timeout(Some(self.parts.limits.idle_timeout));
        }
    }
}

/// Completes a response that has been silent for too long, unless its `Content-Length` says that it is incomplete.
pub(super) async fn end_silent(session: &mut Session) {
    let sized = |head: &ResponseHeader| head.headers.contains_key(header::CONTENT_LENGTH);
    if session.response_written().is_some_and(|head| !sized(head)) {
        // It fails only when the client has disconnected.
        let _gone = session.as_downstream_mut().finish_body().await;
    }
}

fn request_complete(passage: &Passage) {
    if let Some(patience) = &passage.patience {
        patience.request_complete(passage.agent().upstream.response_timeout);
    }
}

/// Whether a response with this head has a body (RFC 9112 section 6.3).
fn has_body(method: &Method, head: &ResponseHeader) -> bool {
    let none = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || *method == Method::HEAD
        || head.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    !none
}
