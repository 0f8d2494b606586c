//! The gateway under test: the real binary with a configuration of its own.

use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::eventually::eventually;
use super::provider::{Provider, Site, free_port};
use super::upstream::Upstream;

/// What a gateway is started with: named providers, an agent for each (`/one`), one for all of them (`/both`), and a
/// public one (`/open`).
pub(crate) struct Setup {
    providers: Vec<(String, String)>,
    refresh: &'static str,
}

impl Setup {
    pub(crate) fn of(providers: &[(&str, &Provider)]) -> Self {
        let sites: Vec<_> = providers.iter().map(|(name, provider)| (*name, provider.site())).collect();
        Self::at(&sites)
    }

    pub(crate) fn at(sites: &[(&str, &Site)]) -> Self {
        let named = |(name, site): &(&str, &Site)| ((*name).to_owned(), site.issuer());
        Self { providers: sites.iter().map(named).collect(), refresh: "10m" }
    }

    /// The same, with keys fetched anew every second.
    pub(crate) fn refreshed_each_second(self) -> Self {
        Self { refresh: "1s", ..self }
    }

    fn yaml(&self, port: u16, ops: u16, upstream: u16) -> String {
        let agent = |name: &str, providers: &str| {
            format!(
                "  {name}:\n    route: /{name}\n    upstream: http://127.0.0.1:{upstream}\n    auth:\n      oauth:\n        \
                 identity_providers: [{providers}]\n        audiences: [\"urn:portcullis:alpha\"]\n        \
                 scopes: {{ all_of: [\"refunds:write\"] }}\n        claim_headers: {{ client_id: X-Caller-Client }}\n"
            )
        };
        let names: Vec<&str> = self.providers.iter().map(|(name, _)| name.as_str()).collect();
        let refresh = self.refresh;
        let provider = |(name, issuer): &(String, String)| {
            format!("  {name}: {{ issuer: \"{issuer}\", leeway: 0s, refresh: {refresh} }}\n")
        };
        let providers: String = self.providers.iter().map(provider).collect();
        let agents: String = names.iter().map(|name| agent(name, name)).collect();
        format!(
            "version: 1\nserver:\n  listeners: [{{ address: \"127.0.0.1:{port}\" }}]\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n\
             identity_providers:\n{providers}agents:\n{agents}{both}  open:\n    route: /open\n    \
             upstream: http://127.0.0.1:{upstream}\n    auth: public\n",
            both = agent("both", &names.join(", ")),
        )
    }
}

/// A running gateway with its agent; both end when this is dropped.
pub(crate) struct Gateway {
    port: u16,
    ops: u16,
    log: Arc<Mutex<Vec<String>>>,
    _child: Child,
    _folder: TempDir,
    _upstream: Upstream,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: reqwest::header::HeaderMap,
}

/// The part of an access log line that this suite is about.
pub(crate) struct Logged {
    pub(crate) reason: String,
    pub(crate) provider: String,
}

/// One client for the whole test: its connections are kept alive, as those of real callers are.
pub(crate) fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make = || {
        // Already installed by another test in this process: that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client")
    };
    CLIENT.get_or_init(make).clone()
}

impl Gateway {
    /// Starts the gateway and waits until it is ready, which does not need a provider that answers.
    pub(crate) async fn start(setup: &Setup) -> Self {
        let upstream = Upstream::start().await;
        let (port, ops) = (free_port(), free_port());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("portcullis.yaml");
        std::fs::write(&config, setup.yaml(port, ops, upstream.port)).expect("the configuration is written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["run", "--log-format", "text", "-c"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the gateway starts");

        let log = Arc::new(Mutex::new(Vec::new()));
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let sink = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                sink.lock().expect("the log").push(line);
            }
        });

        let gateway = Self { port, ops, log, _child: child, _folder: folder, _upstream: upstream };
        eventually("the gateway listens and is ready", Duration::from_secs(30), async || {
            let open = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
            let ready = client().get(format!("http://127.0.0.1:{ops}/readyz")).send().await;
            (open && ready.is_ok_and(|answer| answer.status().is_success())).then_some(())
        })
        .await;
        gateway
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Asks for `path`, with a bearer token if there is one.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        answer_of(&self.url(path), token).await
    }

    /// Asks the ops listener.
    pub(crate) async fn ops(&self, path: &str) -> Answer {
        answer_of(&format!("http://127.0.0.1:{}{path}", self.ops), None).await
    }

    /// The sum of the samples of a metric whose labels hold all of `labels`; 0 when there is none.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let page = self.ops("/metrics").await.body;
        let samples = page.lines().filter(|line| {
            let of_name = line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
            of_name && labels.iter().all(|label| line.contains(label))
        });
        samples
            .map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a value"))
            .sum()
    }

    /// How often a decision was made for an agent.
    pub(crate) async fn decisions(&self, agent: &str, decision: &str) -> f64 {
        let labels = [format!("agent=\"{agent}\""), format!("decision=\"{decision}\"")];
        self.metric("portcullis_auth_decisions_total", &[&labels[0], &labels[1]]).await
    }

    /// The access log's line for a request, found by the id that the caller got.
    pub(crate) async fn logged(&self, answer: &Answer) -> Logged {
        let id = answer.header("x-request-id").expect("every answer has a request id");
        let find = || {
            let log = self.log.lock().expect("the log");
            let parsed = log.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            parsed.into_iter().find(|line| line["request_id"] == id)
        };
        let line = eventually("the request is logged", Duration::from_secs(10), async || find()).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Logged { reason: text(&line["auth"]["reason"]), provider: text(&line["auth"]["provider"]) }
    }
}

async fn answer_of(url: &str, token: Option<&str>) -> Answer {
    let mut request = client().get(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send().await.expect("the gateway answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, body: answer.text().await.expect("a body") }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `WWW-Authenticate`, or nothing.
    pub(crate) fn challenge(&self) -> &str {
        self.header("www-authenticate").unwrap_or_default()
    }

    /// A member of the JSON body.
    pub(crate) fn body_field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    /// A header of the request as the agent behind the gate got it.
    pub(crate) fn upstream_saw(&self, header: &str) -> Option<String> {
        self.json()["headers"][header].as_str().map(str::to_owned)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}
