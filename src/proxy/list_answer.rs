//! A response with lists on its way: passed on piece by piece, or held until it is whole, and sent or refused then.
//!
//! Pingora sends the head of a response as soon as it is there, and knows no way to wait for the body. So it is given an
//! interim head in place of it, which it is told not to send; the response itself is written once the exchange with the
//! agent is over.

use bytes::Bytes;
use http::header;
use pingora::http::ResponseHeader;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;

use crate::model::Refusal;
use crate::telemetry::UpstreamError;

use super::answer::Problem;
use super::context::Context;
use super::lists::{Body, Passing};
use super::passage::Passage;

/// The status of a head that is not sent: any interim one but 100 and 101, to which Pingora gives a meaning.
const NOT_SENT: u16 = 103;

/// Holds the head of a response until its body is whole.
pub(super) fn hold(
    session: &mut Session,
    head: &mut ResponseHeader,
    passage: &mut Passage,
) -> pingora::Result<()> {
    let Some(Body::Whole(whole)) = passage.lists.as_mut().map(|lists| &mut lists.body) else { return Ok(()) };
    if let ServerSession::H1(client) = session.as_downstream_mut() {
        client.set_ignore_info_resp(true);
    }
    let not_sent = ResponseHeader::build(NOT_SENT, Some(0))?;
    whole.head = Some(Box::new(std::mem::replace(head, not_sent)));
    Ok(())
}

/// The exchange with the agent is over, without an error: sends what was held, if anything was.
pub(super) async fn give(session: &mut Session, ctx: &mut Context) {
    let Some((head, body)) = ctx.passage_mut().ok().and_then(held) else { return };
    // Writing fails only when the client has disconnected.
    let _gone = match (head, body) {
        (Some(head), Some(body)) => write(session, head, body).await,
        (None, _) => Ok(()),
        (Some(_), None) => {
            tracing::warn!(
                agent = ctx.agent().map_or("_none", |agent| agent.name.as_str()),
                request_id = %ctx.request_id,
                error = UpstreamError::ListUnreadable.as_str(),
                "the agent sent a list that cannot be read"
            );
            Problem::from(Refusal::BadGateway).send(session, ctx).await
        }
    };
}

/// A piece of the response's body: what a client may see of it stays.
///
/// # Errors
/// [`UNREADABLE`] where a list cannot be read, and nothing of the response was sent, or nothing else can be done.
pub(super) fn moves(passage: &mut Passage, piece: &mut Option<Bytes>, end: bool) -> pingora::Result<()> {
    let Passage { lists: Some(lists), permit, patience, failure, .. } = passage else { return Ok(()) };
    if lists.moves(piece, end, permit)? == Passing::Ends {
        failure.get_or_insert(UpstreamError::ListUnreadable);
        tracing::warn!(
            agent = permit.agent().name.as_str(),
            error = UpstreamError::ListUnreadable.as_str(),
            "a list in a stream cannot be read: the stream ends"
        );
        if let Some(patience) = patience {
            patience.end_answer();
        }
    }
    Ok(())
}

/// What was held: the head of the response, and the body that the client gets.
fn held(passage: &mut Passage) -> Option<(Option<Box<ResponseHeader>>, Option<Bytes>)> {
    let Passage { lists: Some(lists), permit, failure, .. } = passage else { return None };
    if !matches!(lists.body, Body::Whole(_)) {
        return None;
    }
    let Body::Whole(mut whole) = std::mem::replace(&mut lists.body, Body::Ended) else { return None };
    let head = whole.head.take();
    let body = lists.rewritten(whole, permit);
    if body.is_err() && head.is_some() {
        failure.get_or_insert(UpstreamError::ListUnreadable);
    }
    Some((head, body.ok()))
}

async fn write(session: &mut Session, mut head: Box<ResponseHeader>, body: Bytes) -> pingora::Result<()> {
    head.remove_header(&header::TRANSFER_ENCODING);
    head.insert_header(header::CONTENT_LENGTH, body.len())?;
    session.write_response_header(head, false).await?;
    session.write_response_body(Some(body), true).await
}
