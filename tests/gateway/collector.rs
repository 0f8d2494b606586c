//! A collector of our own: what it is sent stands in its book, and it answers as it is told.

use std::collections::VecDeque;
use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use testkit::{Certificate, eventually};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

const SOON: Duration = Duration::from_secs(10);

/// A collector: it keeps what it is sent, and answers as it is told, then with 200.
pub(crate) struct Collector {
    pub(crate) port: u16,
    pub(crate) book: Arc<Book>,
}

#[derive(Default)]
pub(crate) struct Book {
    answers: Mutex<VecDeque<u16>>,
    pub(crate) asked: Mutex<Vec<(HeaderMap, Bytes)>>,
    pub(crate) taken: Mutex<Vec<ExportTraceServiceRequest>>,
    pub(crate) log_answers: Mutex<VecDeque<LogAnswer>>,
    pub(crate) logs_asked: Mutex<Vec<Bytes>>,
    pub(crate) logs: Mutex<Vec<ExportLogsServiceRequest>>,
}

/// How it answers a message of log records, before it takes them all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LogAnswer {
    /// Too busy, and a word of when to come again.
    RetryAfter(u16, &'static str),
    /// Never.
    Refused(u16),
    /// Taken, but for so many.
    Rejects(i64),
}

impl Collector {
    pub(crate) async fn start(answers: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let book =
            Arc::new(Book { answers: Mutex::new(answers.iter().copied().collect()), ..Book::default() });
        let pages = pages(&book);
        tokio::spawn(async move { axum::serve(listener, pages).await });
        Self { port, book }
    }

    /// One with TLS and that certificate for `localhost`, which knows clients by the other one.
    pub(crate) async fn start_tls(own: &Certificate, client: &Certificate) -> Self {
        let _provider = testkit::client();
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(der(&client.pem)).expect("a certificate");
        let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier");
        let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
        let config = ServerConfig::builder().with_client_cert_verifier(clients);
        let config = config.with_single_cert(vec![der(&own.pem)], key).expect("a server");
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = tcp.local_addr().expect("its address").port();
        let book = Arc::<Book>::default();
        let pages = pages(&book);
        let listener = OverTls { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) };
        tokio::spawn(async move { axum::serve(listener, pages).await });
        Self { port, book }
    }

    /// `server.tracing` with this collector, and further members.
    pub(crate) fn server(&self, further: &str) -> String {
        let endpoint = format!("endpoint: \"http://127.0.0.1:{}\", interval: 100ms", self.port);
        format!("  tracing: {{ otlp: {{ {endpoint} }}{further} }}\n")
    }

    pub(crate) fn asked(&self) -> usize {
        self.book.asked.lock().expect("what was asked").len()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        let taken = self.book.taken.lock().expect("what was taken");
        let scopes = taken.iter().flat_map(|request| &request.resource_spans).flat_map(|r| &r.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    pub(crate) fn records(&self) -> Vec<LogRecord> {
        let taken = self.book.logs.lock().expect("what was taken");
        let scopes = taken.iter().flat_map(|request| &request.resource_logs).flat_map(|r| &r.scope_logs);
        scopes.flat_map(|scope| scope.log_records.clone()).collect()
    }

    /// Waits for so many log records.
    pub(crate) async fn logged(&self, count: usize) -> Vec<LogRecord> {
        eventually("the log records arrive", SOON, async || {
            let records = self.records();
            (records.len() >= count).then_some(records)
        })
        .await
    }

    /// Waits for so many spans of the gateway itself.
    pub(crate) async fn own(&self, count: usize) -> Vec<Span> {
        eventually("the spans arrive", SOON, async || {
            let own: Vec<_> =
                self.spans().into_iter().filter(|span| span.kind == SpanKind::Server as i32).collect();
            (own.len() >= count).then_some(own)
        })
        .await
    }
}

/// Connections that have shaken hands.
struct OverTls {
    tcp: tokio::net::TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for OverTls {
    type Io = TlsStream<tokio::net::TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

fn pages(book: &Arc<Book>) -> Router {
    let pages = Router::new().route("/v1/traces", post(take)).route("/v1/logs", post(take_logs));
    pages.with_state(Arc::clone(book))
}

/// A body without its content coding.
fn plain(headers: &HeaderMap, body: Bytes) -> Bytes {
    if headers.get("content-encoding").is_none_or(|coding| coding != "gzip") {
        return body;
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&*body).read_to_end(&mut plain).expect("gzip");
    Bytes::from(plain)
}

async fn take_logs(State(book): State<Arc<Book>>, headers: HeaderMap, body: Bytes) -> Response {
    let body = plain(&headers, body);
    book.logs_asked.lock().expect("what was asked").push(body.clone());
    let answer = book.log_answers.lock().expect("the answers").pop_front();
    let status = |status| StatusCode::from_u16(status).expect("a status");
    let rejected_log_records = match answer {
        Some(LogAnswer::RetryAfter(code, after)) => {
            return (status(code), [("retry-after", after)]).into_response();
        }
        Some(LogAnswer::Refused(code)) => return status(code).into_response(),
        Some(LogAnswer::Rejects(count)) => count,
        None => 0,
    };
    let request = ExportLogsServiceRequest::decode(body).expect("OTLP");
    book.logs.lock().expect("what was taken").push(request);
    let error_message = "too old".to_owned();
    let partial = ExportLogsPartialSuccess { rejected_log_records, error_message };
    let partial_success = (rejected_log_records > 0).then_some(partial);
    let response = ExportLogsServiceResponse { partial_success }.encode_to_vec();
    ([("content-type", "application/x-protobuf")], response).into_response()
}

async fn take(State(book): State<Arc<Book>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let plain = plain(&headers, body);
    book.asked.lock().expect("what was asked").push((headers, plain.clone()));
    let status = book.answers.lock().expect("the answers").pop_front().unwrap_or(200);
    if status == 200 {
        let request = ExportTraceServiceRequest::decode(plain).expect("OTLP");
        book.taken.lock().expect("what was taken").push(request);
    }
    StatusCode::from_u16(status).expect("a status")
}

pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
