//! A control API over a small configuration, asked without a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, header};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::config::{self, Files, Snapshot, Source};
use crate::control::{Control, LastReload, Outcome, Status};
use crate::model::{Clock, FixedClock, Instant, Live, ResourceId, Secret};
use crate::store::{Change, Commit, Record};
use crate::telemetry::{Decisions, Metrics, Traffic};

use super::{Admin, Room, routes};

pub(super) const TOKEN: &str = "correct-horse-battery-staple";
/// 2023-11-14T22:13:20Z
pub(super) const NOW: u64 = 1_700_000_000;
pub(super) const CONFIG: &str = r#"
version: 1
server:
  listeners: [{ address: "127.0.0.1:8080" }]
  admin: { address: "127.0.0.1:9465", token_file: admin.token, hosts: [admin.example.com] }
identity_providers:
  corp: { issuer: https://idp.example.com }
agents:
  refunds:
    display_name: Refunds
    route: { path: /agents/refunds, strip_path: true }
    upstream: http://127.0.0.1:9/base
    auth: { oauth: { identity_providers: [corp], audiences: [a] } }
  partner:
    route: { path: /, host: partner.example }
    upstream: http://127.0.0.1:9
    auth: { api_key: {} }
  open: { route: /open, upstream: "http://127.0.0.1:9", auth: public }
api_keys:
  Yq3Zk81b:
    agent: partner
    name: ci
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    expires_at: 2027-01-01T00:00:00Z
"#;

/// A compiled configuration.
pub(super) fn snapshot(text: &str) -> Snapshot {
    let document = config::parse(&[Source::new("p.yaml", text)], &|_| None).unwrap();
    config::compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot
}

fn record(number: u64, resource: &str, from: Option<&str>, to: Option<&str>) -> Record {
    let change = Change {
        id: ResourceId::parse(resource).unwrap(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    let commit = Commit {
        at: jiff::Timestamp::from_second(1_600_000_000).unwrap(),
        who: "token from 127.0.0.1".to_owned(),
        what: format!("change {number}"),
        changes: vec![change],
    };
    Record { number, commit }
}

/// The API, and ways to ask it.
pub(super) struct Api {
    router: Router,
}

/// What it said.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    /// The word of a problem; empty for other answers.
    pub(super) fn code(&self) -> &'static str {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        super::problem::CODES.iter().find(|(word, _)| *word == code).map_or("", |(word, _)| word)
    }
}

impl Api {
    /// Over a file: nothing can be written.
    pub(super) fn new() -> Self {
        Self::over(Err("the configuration is a file; add `store: { directory: PATH }` to it".to_owned()))
    }

    /// Over a store, as far as the answers of this room go.
    pub(super) fn writable() -> Self {
        Self::over(Ok("store".into()))
    }

    fn over(writable: Result<std::path::PathBuf, String>) -> Self {
        let snapshot = snapshot(CONFIG);
        let settings = snapshot.server.admin.clone().unwrap();
        let at = jiff::Timestamp::from_second(1_600_000_000).unwrap();
        let status = Status {
            applied_at: at,
            last: LastReload { at, outcome: Outcome::Applied },
            refused: None,
            warnings: Vec::new(),
            head: 3,
            writable,
        };
        let records = vec![
            record(1, "agents/refunds", None, Some("route: /a\n")),
            record(2, "agents/refunds", Some("route: /a\n"), Some("route: /b\n")),
            record(3, "api_keys/Yq3Zk81b", None, Some("agent: partner\nsha256: ba7816bf\n")),
        ];
        let admin = Admin {
            control: Control::standing(Arc::new(Live::new(snapshot)), status, records),
            clock: Arc::new(FixedClock::at(Instant::from_unix(NOW))) as Arc<dyn Clock>,
            decisions: Decisions::default(),
            traffic: Traffic,
            settings,
            token: Secret::new(TOKEN.to_owned()),
            started: at,
            is_leaving: Arc::new(|| false),
        };
        Self { router: routes::router(Arc::new(Room::new(admin))) }
    }

    async fn send(&self, mut request: Request<Body>) -> Response<Body> {
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, "localhost".parse().unwrap());
        }
        let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        request.extensions_mut().insert(super::caller::Peer(peer));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.send(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 24).await.unwrap().to_vec();
        Answer { status, headers, body }
    }

    fn by_token(method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Self::by_token(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// The answer without its body.
    pub(super) async fn response(&self, method: Method, path: &str) -> Response<Body> {
        self.send(Self::by_token(method, path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn logged_out(&self, method: Method, path: &str) -> Answer {
        self.ask(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn write(
        &self,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Self::by_token(method, path);
        if let Some(tag) = if_match {
            request = request.header(header::IF_MATCH, tag);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.ask(request.body(body).unwrap()).await
    }

    /// Tries to log in.
    pub(super) async fn open(&self, body: &str) -> Answer {
        let request = Request::builder().method(Method::POST).uri("/api/v1/session");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(super) async fn by_cookie(
        &self,
        method: Method,
        path: &str,
        cookie: &str,
        origin: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn with_host(&self, host: &str, path: &str) -> Answer {
        self.ask(Self::by_token(Method::GET, path).header(header::HOST, host).body(Body::empty()).unwrap())
            .await
    }

    pub(super) async fn with_header(&self, method: Method, path: &str, name: &str, value: &str) -> Answer {
        self.ask(Self::by_token(method, path).header(name, value).body(Body::empty()).unwrap()).await
    }

    /// A page, as a browser asks for it.
    pub(super) async fn page(&self, path: &str, accept: &str, encoding: &str) -> Answer {
        let request = Request::builder().uri(path).header(header::ACCEPT, accept);
        self.ask(request.header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).unwrap()).await
    }
}
