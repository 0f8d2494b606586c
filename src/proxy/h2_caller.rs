//! The stream of an HTTP/2 client as Pingora sees it while its request is proxied: the library's, with the timeouts that
//! Pingora has for HTTP/1 only.
//!
//! A read ends when the agent's time is over (`patience`) or when the body stalls. All other calls are passed through.

use std::future::poll_fn;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::protocols::http::HttpTask;
use pingora::protocols::http::custom::CustomMessageWrite;
use pingora::protocols::http::custom::server::Session;
use pingora::protocols::http::v2::server::HttpSession;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::{Error, ErrorType, Result};
use tokio::time::timeout;

use crate::door::{Patience, Wait};

/// An HTTP/2 client's stream.
pub(super) struct H2Caller {
    stream: HttpSession,
    patience: Patience,
    wait: Wait,
    read_timeout: Option<Duration>,
    holds: bool,
}

impl H2Caller {
    /// Wraps `stream`; without a read timeout until one is set. `holds` says whether a part of its body was read before.
    pub(super) fn new(stream: HttpSession, patience: Patience, holds: bool) -> Self {
        Self { stream, patience, wait: Wait::default(), read_timeout: None, holds }
    }
}

/// Ends a write to a client that does not read when its stream must end at once.
async fn paced<T>(patience: &Patience, written: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        written = written => written,
        () = poll_fn(|cx| patience.ending().poll_writing(cx)) => {
            Err(Error::explain(ErrorType::WriteTimedout, "the stream is ended"))
        }
    }
}

type Messages = Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>;

#[async_trait]
impl Session for H2Caller {
    async fn read_body_or_idle(&mut self, no_body_expected: bool) -> Result<Option<Bytes>> {
        let body = !no_body_expected && !self.stream.is_body_done();
        let limit = self.read_timeout.filter(|_| body);
        let Self { stream, patience, wait, .. } = self;
        let read = async {
            match limit {
                None => stream.read_body_or_idle(no_body_expected).await,
                Some(limit) => {
                    timeout(limit, stream.read_body_or_idle(no_body_expected)).await.unwrap_or_else(|_| {
                        Err(Error::explain(ErrorType::ReadTimedout, "the body stands still"))
                    })
                }
            }
        };
        tokio::select! {
            biased;
            read = read => read,
            () = poll_fn(|cx| wait.poll(patience, cx)) => {
                Err(Error::explain(ErrorType::ReadTimedout, "the agent's time is over"))
            }
            () = poll_fn(|cx| patience.ending().poll(cx)) => {
                Err(Error::explain(ErrorType::ReadTimedout, "the stream is ended"))
            }
        }
    }

    fn req_header(&self) -> &RequestHeader {
        self.stream.req_header()
    }

    fn req_header_mut(&mut self) -> &mut RequestHeader {
        self.stream.req_header_mut()
    }

    async fn read_body_bytes(&mut self) -> Result<Option<Bytes>> {
        self.stream.read_body_bytes().await
    }

    async fn drain_request_body(&mut self) -> Result<()> {
        self.stream.drain_request_body().await
    }

    async fn write_response_header(&mut self, head: Box<ResponseHeader>, end: bool) -> Result<()> {
        self.stream.write_response_header(head, end)
    }

    async fn write_response_header_ref(&mut self, head: &ResponseHeader, end: bool) -> Result<()> {
        self.stream.write_response_header_ref(head, end)
    }

    async fn write_body(&mut self, data: Bytes, end: bool) -> Result<()> {
        paced(&self.patience, self.stream.write_body(data, end)).await
    }

    async fn write_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        self.stream.write_trailers(trailers)
    }

    async fn response_duplex_vec(&mut self, tasks: Vec<HttpTask>) -> Result<bool> {
        paced(&self.patience, self.stream.response_duplex_vec(tasks)).await
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read_timeout = timeout;
    }

    fn get_read_timeout(&self) -> Option<Duration> {
        self.read_timeout
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.stream.set_write_timeout(timeout);
    }

    fn get_write_timeout(&self) -> Option<Duration> {
        self.stream.get_write_timeout()
    }

    fn set_total_drain_timeout(&mut self, timeout: Option<Duration>) {
        self.stream.set_total_drain_timeout(timeout);
    }

    fn get_total_drain_timeout(&self) -> Option<Duration> {
        self.stream.get_total_drain_timeout()
    }

    fn request_summary(&self) -> String {
        self.stream.request_summary()
    }

    fn response_written(&self) -> Option<&ResponseHeader> {
        self.stream.response_written()
    }

    async fn shutdown(&mut self, _: u32, _: &str) {
        self.stream.shutdown();
    }

    fn is_body_done(&mut self) -> bool {
        self.stream.is_body_done()
    }

    async fn finish(&mut self) -> Result<()> {
        self.stream.finish()
    }

    fn is_body_empty(&mut self) -> bool {
        self.stream.is_body_empty()
    }

    fn body_bytes_sent(&self) -> usize {
        self.stream.body_bytes_sent()
    }

    fn body_bytes_read(&self) -> usize {
        self.stream.body_bytes_read()
    }

    fn digest(&self) -> Option<&Digest> {
        self.stream.digest()
    }

    fn digest_mut(&mut self) -> Option<&mut Digest> {
        self.stream.digest_mut()
    }

    fn client_addr(&self) -> Option<&SocketAddr> {
        self.stream.client_addr()
    }

    fn server_addr(&self) -> Option<&SocketAddr> {
        self.stream.server_addr()
    }

    fn pseudo_raw_h1_request_header(&self) -> Bytes {
        self.stream.pseudo_raw_h1_request_header()
    }

    fn enable_retry_buffering(&mut self) {
        self.stream.enable_retry_buffering();
    }

    fn retry_buffer_truncated(&self) -> bool {
        self.stream.retry_buffer_truncated()
    }

    fn get_retry_buffer(&self) -> Option<Bytes> {
        // Pingora begins the body with what this returns; `held` puts what was read in its place.
        if self.holds { Some(Bytes::from_static(b"held")) } else { self.stream.get_retry_buffer() }
    }

    // HTTP/2 has no messages beside requests and responses.

    async fn finish_custom(&mut self) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_reader(&mut self) -> Option<Messages> {
        None
    }

    fn restore_custom_message_reader(&mut self, _: Messages) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_writer(&mut self) -> Option<Box<dyn CustomMessageWrite>> {
        None
    }

    fn restore_custom_message_writer(&mut self, _: Box<dyn CustomMessageWrite>) -> Result<()> {
        Ok(())
    }
}
