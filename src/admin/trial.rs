//! `/agents/{name}/test`: sends a real request to an agent, through this gateway's own listener and nowhere else. The
//! gateway decides, counts and logs it like any other.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;
use url::Url;

use crate::config::{Code, ProxyProtocol, Snapshot};
use crate::model::methods::METHODS;
use crate::model::{CanonicalPath, Secret, reached_at};
use crate::routing::Agent;

use super::SharedState;
use super::agents::find;
use super::body::{Json, maybe_secret};
use super::explain::{MOST_HEADERS, headers, put_credential};
use super::page::{Name, Nothing, Query};
use super::problem::Problem;
use super::trial_events::{Event, Pieces, since};

/// The time for the whole exchange: agents that call a model take tens of seconds.
const TIME: Duration = Duration::from_secs(60);
/// The time to connect. The target is on this host, so a longer wait means a full backlog.
const CONNECT: Duration = Duration::from_secs(5);
/// The part of a response body that is shown, in bytes: more than a person reads, and little enough for a browser.
const LONGEST: u64 = 1 << 20;
/// Events that wait for a slow browser. Beyond them the exchange waits too: the response is not buffered.
const WAITING: usize = 64;

/// The request to send.
// Holds a credential, so it cannot be printed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Trial {
    #[serde(default = "get")]
    #[schemars(extend("enum" = METHODS))]
    method: String,
    #[serde(default)]
    #[schemars(regex(pattern = "^([/?][!-~]*)?$"))]
    path: String,
    #[serde(default)]
    #[schemars(length(max = MOST_HEADERS))]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default, deserialize_with = "maybe_secret")]
    credential: Option<Secret>,
}

fn get() -> String {
    "GET".to_owned()
}

/// Sends the request, and streams its events.
pub(super) async fn run(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
    Json(trial): Json<Trial>,
) -> Result<Response, Problem> {
    let live = state.control().live();
    let agent = find(&live, &name)?;
    let request = request(&live, agent, trial)?;
    let Ok(slot) = std::sync::Arc::clone(&state.trials).try_acquire_owned() else {
        return Err(Problem::unavailable("too many test requests run already"));
    };
    let (events, lines) = mpsc::channel(WAITING);
    tokio::spawn(send(request, events, slot));
    let lines = futures::stream::unfold(lines, |mut lines| async move {
        let line: Bytes = lines.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), lines))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// A request that is ready to be sent.
struct Prepared {
    client: reqwest::Client,
    request: reqwest::Request,
}

fn request(live: &Snapshot, agent: &Agent, trial: Trial) -> Result<Prepared, Problem> {
    let method =
        METHODS.contains(&trial.method.as_str()).then(|| Method::from_bytes(trial.method.as_bytes()).ok());
    let message = format!("one of {}", METHODS.join(", "));
    let method = method.flatten().ok_or_else(|| Problem::invalid("/method", Code::BadMethod, message))?;
    let (address, tls) = own(live).ok_or_else(|| {
        Problem::unavailable(
            "every listener of this gateway has `proxy_protocol`, or requires a client certificate",
        )
    })?;
    let url = target(live, agent, address, tls, &trial.path)?;
    let mut fields = headers(&trial.headers)?;
    ours_alone(&trial.headers)?;
    if let Some(credential) = &trial.credential {
        put_credential(agent, credential, &mut fields)?;
    }
    let client = client(&url, address, host_of(agent).as_deref())?;
    let mut request = reqwest::Request::new(method, url);
    *request.headers_mut() = fields;
    *request.body_mut() = trial.body.map(Into::into);
    *request.timeout_mut() = Some(TIME);
    Ok(Prepared { client, request })
}

/// The address of the first listener without PROXY protocol and without required client certificates, as this host reaches it, and
/// whether it serves TLS.
fn own(live: &Snapshot) -> Option<(SocketAddr, bool)> {
    let mut listeners = live.server.listeners.iter();
    let requires = |address| live.client_trust.get(address).is_some_and(|trust| trust.is_required);
    let listener = listeners.find(|listener| {
        listener.proxy_protocol == ProxyProtocol::Off && !requires(&listener.address.value)
    })?;
    Some((reached_at(listener.address.value), listener.tls.is_some()))
}

/// A host of the agent: the first of its route, with an example label in place of a wildcard.
fn host_of(agent: &Agent) -> Option<String> {
    agent.route.hosts.first().map(|host| host.example().into_owned())
}

/// The URL below the agent's route. A path that would reach another agent is an error: the credential of one agent must
/// not be sent to another.
fn target(
    live: &Snapshot,
    agent: &Agent,
    address: SocketAddr,
    tls: bool,
    path: &str,
) -> Result<Url, Problem> {
    let bad = |message: String| Problem::invalid("/path", Code::BadPath, message);
    if !path.is_empty() && !path.starts_with(['/', '?']) {
        return Err(bad("a path below the agent's route begins with `/` (or `?`), or is empty".to_owned()));
    }
    let scheme = if tls { "https" } else { "http" };
    let own = host_of(agent);
    let host = own.as_ref().map_or_else(|| address.to_string(), |h| format!("{h}:{}", address.port()));
    let url = Url::parse(&format!("{scheme}://{host}{}{path}", agent.route.path));
    let url = url.map_err(|e| bad(format!("this is no path: {e}")))?;
    let canonical = CanonicalPath::parse(url.path().as_bytes()).map_err(|e| bad(e.to_string()))?;
    match live.router.at(own.as_deref(), &canonical) {
        Some(found) if found.name == agent.name => Ok(url),
        Some(other) => Err(bad(format!("that path belongs to the agent `{}`", other.name))),
        None => Err(bad("that path leads out of the agent's route".to_owned())),
    }
}

/// Rejects header fields that control framing, connection or routing: the client of the gateway writes them.
fn ours_alone(given: &[(String, String)]) -> Result<(), Problem> {
    const OURS: [&str; 9] = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "upgrade",
        "te",
        "trailer",
        "keep-alive",
        "proxy-connection",
    ];
    match given.iter().position(|(name, _)| OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))) {
        Some(i) => {
            let message = "this header is written by the gateway's own client";
            Err(Problem::invalid(&format!("/headers/{i}/0"), Code::BadHeader, message))
        }
        None => Ok(()),
    }
}

fn client(url: &Url, address: SocketAddr, host: Option<&str>) -> Result<reqwest::Client, Problem> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("portcullis-test/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(0);
    if let Some(host) = host {
        builder = builder.resolve(host, address);
    }
    if url.scheme() == "https" {
        // The server is this very process, reached by an address that its certificate does not name.
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.build().map_err(|e| Problem::unavailable(format!("no request can be sent: {e}")))
}

async fn send(prepared: Prepared, events: mpsc::Sender<Bytes>, slot: OwnedSemaphorePermit) {
    let start = Instant::now();
    if let Err(message) = exchange(prepared, &events, start).await {
        let error = Event::Error { message, ms: since(start) };
        // The browser may have disconnected: then nobody needs the event.
        let _gone = events.send(error.line()).await;
    }
    drop(slot);
}

/// Runs the exchange; the error is a sentence for the operator.
async fn exchange(prepared: Prepared, events: &mpsc::Sender<Bytes>, start: Instant) -> Result<(), String> {
    let say = async |event: Event| events.send(event.line()).await.map_err(|_| "nobody listens".to_owned());
    let mut response = prepared.client.execute(prepared.request).await.map_err(|e| why(&e))?;
    let status = response.status().as_u16();
    say(Event::Head { status, headers: shown(response.headers()), ms: since(start) }).await?;
    let (mut bytes, mut pieces) = (0_u64, Pieces::default());
    let mut truncated = false;
    while let Some(piece) = response.chunk().await.map_err(|e| why(&e))? {
        let left = usize::try_from(LONGEST - bytes).unwrap_or(usize::MAX);
        let piece = if piece.len() > left {
            truncated = true;
            piece.slice(..left)
        } else {
            piece
        };
        bytes += piece.len() as u64;
        if let Some(event) = pieces.next(&piece, since(start)) {
            say(event).await?;
        }
        if truncated {
            break;
        }
    }
    if let Some(event) = pieces.last(since(start)) {
        say(event).await?;
    }
    say(Event::End { bytes, truncated, ms: since(start) }).await
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// The innermost cause: the errors around it only repeat the URL.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIME.as_secs());
    }
    let mut deepest: &dyn std::error::Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, Api};
    use super::*;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_nothing_is_sent() {
        let answer = Api::new().logged_out(Method::POST, "/api/v1/agents/refunds/test").await;
        assert_eq!(answer.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn an_invalid_request_gets_a_pointer_to_its_error() {
        let api = Api::new();
        for (body, path) in [
            (json!({"method": "CONNECT"}), "/method"),
            (json!({"method": "get"}), "/method"),
            (json!({"path": "x"}), "/path"),
            (json!({"path": "/../../open"}), "/path"),
            (json!({"path": "/%2e%2e/%2e%2e/open"}), "/path"),
            (json!({"path": "//x"}), "/path"),
            (json!({"path": "@evil.example"}), "/path"),
            (json!({"headers": [["Host", "evil.example"]]}), "/headers/0/0"),
            (json!({"headers": [["a", "b"], ["Transfer-Encoding", "chunked"]]}), "/headers/1/0"),
            (json!({"headers": [["a", "b\r\nc: d"]]}), "/headers/0/1"),
            (json!({"credential": "a\nb"}), "/credential"),
            (json!({"url": "http://evil.example"}), "/url"),
        ] {
            let answer =
                api.write(Method::POST, "/api/v1/agents/refunds/test", None, Some(body.clone())).await;
            assert_eq!(
                (answer.status, &answer.json()["diagnostics"][0]["path"]),
                (422, &json!(path)),
                "{body}"
            );
        }
        let answer = api.write(Method::POST, "/api/v1/agents/absent/test", None, Some(json!({}))).await;
        assert_eq!(answer.status, 404);
    }

    #[test]
    fn a_request_goes_to_our_own_listener_under_the_agents_route() {
        let live = fixtures::snapshot(&fixtures::document());
        let address: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        for (agent, path, wanted) in [
            ("refunds", "", "http://127.0.0.1:8080/agents/refunds"),
            ("refunds", "/x?a=b c", "http://127.0.0.1:8080/agents/refunds/x?a=b%20c"),
            ("refunds", "?q", "http://127.0.0.1:8080/agents/refunds?q"),
            ("partner", "/", "http://partner.example:8080/"),
        ] {
            let found = target(&live, &live.agents[agent], address, false, path).unwrap();
            assert_eq!(found.as_str(), wanted);
        }
    }

    #[tokio::test]
    async fn a_failure_to_connect_is_an_error_event() {
        crate::gateway::install_crypto();
        // Nothing listens at port 1.
        let live = fixtures::snapshot(&fixtures::document().replace("127.0.0.1:8080", "127.0.0.1:1"));
        let trial =
            Trial { method: get(), path: String::new(), headers: Vec::new(), body: None, credential: None };
        let prepared = request(&live, &live.agents["refunds"], trial).ok().unwrap();
        let (events, mut lines) = mpsc::channel(4);
        let slot = std::sync::Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().unwrap();
        send(prepared, events, slot).await;
        let line: serde_json::Value = serde_json::from_slice(&lines.recv().await.unwrap()).unwrap();
        assert_eq!(line["event"], "error");
        assert!(lines.recv().await.is_none());
    }
}
