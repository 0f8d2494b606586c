//! `/explain`: the real decision on a credential, with every check. Nothing is forwarded, kept or logged.

use std::time::Instant as Tick;

use axum::extract::State;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{Code, Snapshot};
use crate::gate::{self, Explanation, Known, Standpoint};
use crate::model::{AgentName, CanonicalPath, Fetched, Instant, Request, Secret};
use crate::routing::Agent;

use super::SharedState;
use super::agent_url::Reached;
use super::body::{Answer, Json, maybe_secret};
use super::explain_message::{Asked, METHOD, message, message_path, told_metadata_url};
use super::explained_certificate::{ExplainedCertificate, UnreadableHeader};
use super::page::{Nothing, Query};
use super::problem::Problem;

/// Header fields at most: as many as the admin listener itself accepts.
pub(super) const MOST_HEADERS: usize = 100;

/// The credential to decide on.
// Holds a credential, so it cannot be printed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExplainQuestion")]
pub(super) struct Question {
    #[schemars(regex(pattern = AgentName::PATTERN))]
    agent: String,
    #[serde(default, deserialize_with = "maybe_secret")]
    credential: Option<Secret>,
    /// GET without it, and POST with a message.
    #[serde(default)]
    method: Option<String>,
    /// The client's certificate in PEM, and those that lead to its authority behind it; never its key. A `client_certificate_header`
    /// among the headers counts as that of a trusted proxy.
    #[serde(default)]
    client_certificate: Option<String>,
    /// With its query: some agents read the token from it.
    #[serde(default, deserialize_with = "maybe_secret")]
    path: Option<Secret>,
    #[serde(default)]
    #[schemars(length(max = MOST_HEADERS))]
    headers: Vec<(String, String)>,
    /// The operation to judge by the agent's rules, too; without it, and without a message, its own rules alone are asked.
    #[serde(default)]
    operation: Option<Asked>,
    /// Ask the identity provider about the token where only it knows whether that is active. Without it, what the gateway knows
    /// already counts.
    #[serde(default)]
    live: bool,
    /// The same as a whole message, as a client sends it.
    #[serde(default)]
    message: Option<String>,
}

/// Runs the decision of the agent in the question, with a trace.
pub(super) async fn run(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
    Json(question): Json<Question>,
) -> Result<Answer<Explanation>, Problem> {
    let live = state.control().live();
    let Some(agent) = live.agents.get(question.agent.as_str()) else {
        return Err(Problem::invalid("/agent", Code::UnknownAgent, "there is no such agent"));
    };
    let mut headers = headers(&question.headers)?;
    if let Some(text) = &question.credential {
        put_credential(agent, text, &mut headers)?;
    }
    let message = message(agent, question.operation.as_ref(), question.message, &mut headers)?;
    let method = method(question.method.as_deref(), message.is_some())?;
    let now = state.admin.clock.now();
    let certificate = match certificate(&live, question.client_certificate.as_deref(), &headers, now)? {
        Ok(certificate) => certificate,
        Err(UnreadableHeader { bad, wanted }) => {
            return Ok(Answer(gate::explain_unreadable(agent, bad, wanted)));
        }
    };
    let mut request = Request::with_headers(&headers, now);
    request.client_certificate = certificate.as_ref().map(|certificate| certificate.digest);
    request.method = &method;
    let usual = message_path(agent);
    if message.is_some() {
        request.path = CanonicalPath::parse(usual.as_bytes()).unwrap_or(CanonicalPath::ROOT);
    }
    if let Some(target) = &question.path {
        let (path, query) = split(target.expose_secret());
        // The path does not choose the agent here: the question names it.
        request.path = CanonicalPath::parse(path.as_bytes()).unwrap_or(CanonicalPath::ROOT);
        request.query = query.map(str::as_bytes);
    }
    // As the first listener would have it, unless the question says where it was sent to.
    let reached = Reached::of(&live, agent, &headers);
    let (scheme, listener) = reached.origin.split_once("://").unwrap_or(("http", ""));
    request.scheme = if scheme == "https" { Scheme::HTTPS } else { Scheme::HTTP };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    request.authority = Some(host.unwrap_or(listener));
    let introspection = match gate::live_question(agent, &request).filter(|_| question.live) {
        Some(asked) => asked.ask(request.now).await,
        None => Fetched::NotAsked,
    };
    // The question does not come from the address that would send the request.
    let buckets = Some(Standpoint { address: None, at: Tick::now() });
    let known =
        Known { buckets, introspection, certificate: certificate.map(|certificate| certificate.shown) };
    Ok(Answer(match &message {
        None => gate::explain(agent, &request, known),
        Some(message) => {
            let path = request.path.as_str();
            gate::explain_message(agent, &request, message, known, || told_metadata_url(&live, agent, path))
        }
    }))
}

/// The method of a request, of which a message may be the body.
fn method(given: Option<&str>, brings_message: bool) -> Result<Method, Problem> {
    let usual = if brings_message { METHOD } else { &Method::GET };
    let Some(given) = given else { return Ok(usual.clone()) };
    let bad = |message| Problem::invalid("/method", Code::BadMethod, message);
    let method = Method::from_bytes(given.as_bytes()).map_err(|_| bad("this is no request method"))?;
    if brings_message && method != METHOD {
        return Err(bad("a message is sent with POST"));
    }
    Ok(method)
}

/// The client certificate of a question, from PEM or from the header of a proxy; the inner error is a header that cannot be read.
fn certificate(
    live: &Snapshot,
    pem: Option<&str>,
    headers: &HeaderMap,
    now: Instant,
) -> Result<Result<Option<ExplainedCertificate>, UnreadableHeader>, Problem> {
    const PLACE: &str = "/client_certificate";
    let of_header = ExplainedCertificate::of_header(live, headers);
    let Some(pem) = pem else { return Ok(of_header) };
    if of_header != Ok(None) {
        let message = "the header of a proxy says which certificate the client has: leave one of them out";
        return Err(Problem::invalid(PLACE, Code::DuplicateValue, message));
    }
    if pem.contains("PRIVATE KEY-----") {
        let message =
            "this has a private key in it: give the certificate alone, and keep the key where it is";
        return Err(Problem::invalid(PLACE, Code::FileContent, message));
    }
    let read = ExplainedCertificate::of_pem(live, pem.as_bytes(), now);
    read.map(|read| Ok(Some(read))).map_err(|no| Problem::invalid(PLACE, Code::FileContent, no.to_string()))
}

/// The path and the query of a request target.
fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

/// Parses the given header fields. Errors name a field by its index, because its value can be a credential.
pub(super) fn headers(given: &[(String, String)]) -> Result<HeaderMap, Problem> {
    if given.len() > MOST_HEADERS {
        let message = format!("at most {MOST_HEADERS} headers");
        return Err(Problem::invalid("/headers", Code::OutOfRange, message));
    }
    let mut headers = HeaderMap::new();
    for (i, (name, value)) in given.iter().enumerate() {
        let bad =
            |part: u8, message| Problem::invalid(&format!("/headers/{i}/{part}"), Code::BadHeader, message);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(0, "this is no header name"))?;
        let mut value = HeaderValue::from_str(value.trim())
            .map_err(|_| bad(1, "a header value holds no control characters and only ASCII"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// Puts a credential where the agent reads it.
pub(super) fn put_credential(agent: &Agent, text: &Secret, headers: &mut HeaderMap) -> Result<(), Problem> {
    let (name, mut value) = gate::credential(agent, text.expose_secret(), headers)
        .map_err(|e| Problem::invalid("/credential", Code::BadHeader, e.to_string()))?;
    value.set_sensitive(true);
    headers.append(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::json;

    const PATH: &str = "/api/v1/explain";

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_nothing_is_explained() {
        assert_eq!(Api::new().logged_out(Method::POST, PATH).await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn each_check_is_shown_up_to_the_one_that_fails() {
        let api = Api::new();
        let body = json!({"agent": "partner", "credential": "pck_nonsense"});
        let answer = api.write(Method::POST, PATH, None, Some(body)).await.json();
        assert_eq!((&answer["decision"], &answer["reason"]), (&json!("deny"), &json!("api_key_invalid")));
        let checks = answer["checks"].as_array().unwrap();
        assert_eq!(checks.iter().map(|c| c["ok"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false]);
        let none = api.write(Method::POST, PATH, None, Some(json!({"agent": "refunds"}))).await.json();
        assert_eq!(none["reason"], json!("token_missing"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_invalid_question_gets_a_pointer_to_its_error() {
        let api = Api::new();
        for (body, path) in [
            (json!({"agent": "absent"}), "/agent"),
            (json!({"agent": "open", "credential": "x"}), "/credential"),
            (json!({"agent": "partner", "credential": "a\nb"}), "/credential"),
            (json!({"agent": "partner", "headers": [["a b", "x"]]}), "/headers/0/0"),
            (json!({"agent": "partner", "headers": [["a", "b"], ["a", "x\r\ny: z"]]}), "/headers/1/1"),
            (json!({"agent": "partner", "headers": vec![["a", "b"]; 101]}), "/headers"),
            (json!({"agent": "partner", "headers": [["a"]]}), "/headers/0"),
            (json!({"agent": "open", "operation": {"method": "tools/call"}}), "/operation/name"),
            (json!({"agent": "open", "operation": {"method": "ping", "name": "x"}}), "/operation/name"),
            (json!({"agent": "open", "operation": {"method": "completion/complete"}}), "/operation/method"),
            (json!({"agent": "open", "operation": {"method": "a\nb"}}), "/operation/method"),
            (json!({"agent": "open", "operation": {"method": "ping"}, "message": "{}"}), "/message"),
            (json!({"agent": "open", "message": {}}), "/message"),
            (json!({"agent": "open", "method": "G T"}), "/method"),
            (json!({"agent": "open", "method": "GET", "message": "{}"}), "/method"),
            (json!({"agent": "open", "client_certificate": "x"}), "/client_certificate"),
        ] {
            let answer = api.write(Method::POST, PATH, None, Some(body.clone())).await;
            assert_eq!(
                (answer.status, &answer.json()["diagnostics"][0]["path"]),
                (422, &json!(path)),
                "{body}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_question_does_not_repeat_the_credential() {
        let api = Api::new();
        for body in [
            json!({"agent": "partner", "credential": "hunter2\n"}),
            json!({"agent": "open", "credential": "hunter2"}),
            json!({"agent": "partner", "headers": [["x", "hunter2\u{7}"]]}),
            json!({"agent": "partner", "credential": ["hunter2"]}),
            json!({"agent": "partner", "client_certificate": "-----BEGIN PRIVATE KEY-----\nhunter2"}),
            json!({"agent": "partner", "client_certificate": ["hunter2"]}),
        ] {
            let answer = api.write(Method::POST, PATH, None, Some(body)).await;
            assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        }
    }
}
