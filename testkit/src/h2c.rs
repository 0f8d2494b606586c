//! An agent that speaks HTTP/2 in plain text, with prior knowledge: it answers each request with trailers, or refuses its
//! stream, and says which requests it has seen.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, server};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The agent; it ends when this is dropped.
pub struct H2c {
    /// Its port at 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

/// What it does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Answers 200, with the status 0 of gRPC in trailers.
    Answers,
    /// Resets the stream with REFUSED_STREAM.
    Refuses,
}

impl H2c {
    /// Starts one.
    pub async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let book = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, does, Arc::clone(&book)));
            }
        });
        Self { port, seen, serving }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Method and path of every request that has come.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("what was seen").clone()
    }
}

impl Drop for H2c {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(stream: TcpStream, does: Does, seen: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut connection = server::handshake(stream).await.ok()?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted.ok()?;
        seen.lock().ok()?.push(format!("{} {}", request.method(), request.uri().path()));
        tokio::spawn(answer(request, respond, does));
    }
    Some(())
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, does: Does) -> Option<()> {
    if does == Does::Refuses {
        respond.send_reset(Reason::REFUSED_STREAM);
        return Some(());
    }
    let mut body = request.into_body();
    while let Some(piece) = body.data().await {
        body.flow_control().release_capacity(piece.ok()?.len()).ok()?;
    }
    let response = Response::builder().header("content-type", "application/grpc").body(()).ok()?;
    let mut sends = respond.send_response(response, false).ok()?;
    sends.send_data(Bytes::from_static(b"\0\0\0\0\x02ok"), false).ok()?;
    let trailers = HeaderMap::from_iter([("grpc-status".parse().ok()?, HeaderValue::from_static("0"))]);
    sends.send_trailers(trailers).ok()
}
