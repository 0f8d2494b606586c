//! Agents with several targets: which of them a request reaches, what a target that fails is spared, and what is sent again.

mod affinity;
mod again;
mod drained;
mod ejected;
mod identity;
mod moved;

use std::time::Duration;

use serde_json::Value;
use testkit::api::Api;
use testkit::scripted::{OK, Peer, Scripted};
use testkit::{Gateway, Start, client};

/// The longest that anything here takes.
const SOON: Duration = Duration::from_secs(10);
/// One worker, so that requests that come one after the other take turns.
const ONE_WORKER: &str = "  workers: 1\n";

/// A gateway with these agents.
async fn gateway(agents: &str) -> Gateway {
    let body = format!("agents:\n{agents}");
    Start { body: &body, server: ONE_WORKER, admin: Some(""), ..Start::default() }.ready().await
}

/// An open agent at `/NAME` with these targets, and further members of its upstream.
fn agent(name: &str, targets: &[&str], further: &str) -> String {
    let targets = targets.join("\", \"");
    format!(
        "  {name}: {{ route: /{name}, auth: public, upstream: {{ targets: [\"{targets}\"], {further} }} }}\n"
    )
}

/// An upstream that answers every request with 200.
async fn good() -> Scripted {
    Scripted::start(|mut peer: Peer| async move {
        loop {
            peer.head().await?;
            peer.say(OK).await?;
        }
    })
    .await
}

async fn send(gateway: &Gateway, method: &str, path: &str, body: Option<&'static str>) -> reqwest::Response {
    let request = client().request(method.parse().expect("a method"), gateway.url(path));
    let request = body.into_iter().fold(request, reqwest::RequestBuilder::body);
    request.send().await.expect("an answer")
}

/// The targets of an agent, as the admin API shows them.
async fn targets(gateway: &Gateway, agent: &str) -> Vec<Value> {
    let api = Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: gateway.admin_token() };
    let reply = api.get(&format!("/agents/{agent}/targets")).await.is(200);
    reply.json()["items"].as_array().expect("items").clone()
}
