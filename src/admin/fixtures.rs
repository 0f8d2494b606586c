//! A control API over a small configuration, called without a socket.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, header};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::config::{self, Files, Snapshot, Source};
use crate::control::{self, Reconciler, Stores};
use crate::model::{Clock, FixedClock, Instant, Live, Secret};
use crate::store::{FileDocuments, Writer};
use crate::telemetry::{Decisions, Metrics, Traffic};

use super::{Admin, AdminState, routes};

pub(super) const TOKEN: &str = "correct-horse-battery-staple";
/// 2023-11-14T22:13:20Z
pub(super) const NOW: u64 = 1_700_000_000;
const SERVER: &str = r#"
version: 1
server:
  listeners: [{ address: "127.0.0.1:8080" }]
  admin: { address: "127.0.0.1:9465", token_file: admin.token, hosts: [admin.example.com] }
"#;
/// Nothing listens at port 1.
const CORP: &str = "issuer: https://idp.example.com\njwks_uri: http://127.0.0.1:1/keys\n";
const REFUNDS: &str = "display_name: Refunds\nroute: { path: /agents/refunds, strip_path: true }\n\
upstream: http://127.0.0.1:9/base\n\
auth: { oauth: { identity_providers: [corp], audiences: [a] } }\n";
const PARTNER: &str =
    "route: { path: /, host: partner.example }\nupstream: http://127.0.0.1:9\nauth: { api_key: {} }\n";
const OPEN: &str = "route: /open\nupstream: http://127.0.0.1:9\nauth: public\n";
const KEY: &str = "agent: partner\nname: ci\n\
sha256: \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n\
expires_at: 2027-01-01T00:00:00Z\n";
const RESOURCES: [(&str, &str, &str); 5] = [
    ("identity_providers", "corp", CORP),
    ("agents", "refunds", REFUNDS),
    ("agents", "partner", PARTNER),
    ("agents", "open", OPEN),
    ("api_keys", "Yq3Zk81b", KEY),
];

/// The whole configuration in one document.
pub(super) fn document() -> String {
    let mut text = SERVER.to_owned();
    let mut last = "";
    for (section, name, body) in RESOURCES {
        if section != last {
            text.push_str(&format!("{section}:\n"));
        }
        let body = body.replace('\n', "\n    ");
        text.push_str(&format!("  {name}:\n    {}\n", body.trim_end()));
        last = section;
    }
    text
}

/// A compiled configuration.
pub(super) fn snapshot(text: &str) -> Snapshot {
    let document = config::parse(&[Source::new("p.yaml", text)], &|_| None).unwrap();
    config::compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot
}

/// The API, with a method for each kind of request.
pub(super) struct Api {
    router: Router,
    folder: TempDir,
}

/// A response, received whole.
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

    /// The code of a problem document; empty for other responses.
    pub(super) fn code(&self) -> &'static str {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        static WORDS: LazyLock<Vec<String>> =
            LazyLock::new(|| super::problem::CODES.iter().map(|(code, _)| code.word()).collect());
        WORDS.iter().find(|word| *word == code).map_or("", String::as_str)
    }
}

/// A reconciler over a file. It is made on a thread of its own, which may block inside a runtime.
fn loaded(path: PathBuf, metrics: Metrics, clock: Arc<dyn Clock>) -> Reconciler {
    let made = async move {
        let stores = Stores::open(Box::new(FileDocuments::new(path)), Writer::Now).await.unwrap();
        let (compiled, files) = control::load(&stores, &metrics).await.unwrap();
        let live = Arc::new(Live::new(compiled.snapshot));
        Reconciler::new(stores, files, live, metrics, clock, None).await
    };
    let waits = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(made);
    std::thread::scope(|scope| scope.spawn(waits).join().unwrap())
}

impl Api {
    /// Over a file, which is read-only.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.yaml"), document()).unwrap();
        Self::over(folder)
    }

    /// Over a file with further lines of `server`, indented by two.
    pub(super) fn with_server(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = document().replacen("server:\n", &format!("server:\n{lines}"), 1);
        std::fs::write(folder.path().join("p.yaml"), text).unwrap();
        Self::over(folder)
    }

    /// Over a file with further lines of its own, such as `limits`.
    pub(super) fn with_top(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.yaml"), format!("{}{lines}", document())).unwrap();
        Self::over(folder)
    }

    /// Over a writable store.
    pub(super) fn writable() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("{SERVER}store: {{ directory: store }}\n");
        std::fs::write(folder.path().join("p.yaml"), store).unwrap();
        for (section, name, body) in RESOURCES {
            let place = folder.path().join("store").join(section);
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join(format!("{name}.yaml")), body).unwrap();
        }
        Self::over(folder)
    }

    fn over(folder: TempDir) -> Self {
        // Fetchers of keys are made with the process's TLS library.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let metrics = Metrics::new().unwrap();
        let path = folder.path().join("p.yaml");
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(Instant::from_unix(NOW)));
        let reconciler = loaded(path, metrics.clone(), Arc::clone(&clock));
        let settings = reconciler.control().live().server.admin.clone().unwrap();
        let admin = Admin {
            control: reconciler.control(),
            decisions: Decisions::new(clock.now(), None, true),
            clock,
            traffic: Traffic::new(metrics),
            settings,
            token: Secret::new(TOKEN.to_owned()),
            started: jiff::Timestamp::from_second(1_600_000_000).unwrap(),
            is_leaving: Arc::new(|| false),
        };
        tokio::spawn(reconciler.run());
        Self { router: routes::router(Arc::new(AdminState::new(admin))), folder }
    }

    /// The file of a resource in the store.
    pub(super) fn file(&self, id: &str) -> std::path::PathBuf {
        self.folder.path().join("store").join(format!("{id}.yaml"))
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

    /// The response, its body not read.
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

    /// A `PUT` that creates.
    pub(super) async fn create(&self, path: &str, spec: Value) -> Answer {
        let request = Self::by_token(Method::PUT, path)
            .header(header::IF_NONE_MATCH, "*")
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(spec.to_string())).unwrap()).await
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

    /// A page, requested as a browser does.
    pub(super) async fn page(&self, path: &str, accept: &str, encoding: &str) -> Answer {
        let request = Request::builder().uri(path).header(header::ACCEPT, accept);
        self.ask(request.header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).unwrap()).await
    }
}
