//! An A2A agent behind the gateway: its card is enough to find it, to get in and to call it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::scripted::{OK, Scripted};
use testkit::{Gateway, Issuer, Key, Start, client, eventually};

use super::client::Answer;

const ORIGIN: &str = "https://a2a.example";
const SOON: Duration = Duration::from_secs(20);

/// An agent that says of itself where it runs, as it would without a gateway.
async fn agent() -> Scripted {
    let card = json!({"name": "Planner", "version": "1", "description": "Plans routes.",
        "supportedInterfaces": [{"url": "http://10.0.0.7:8080/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
        "securitySchemes": {"none": {"httpAuthSecurityScheme": {"scheme": "basic"}}},
        "capabilities": {"streaming": true}, "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"], "skills": []})
    .to_string();
    Scripted::start(move |mut peer| {
        let card = card.clone();
        async move {
            loop {
                let head = peer.head().await?;
                if head.starts_with("GET /.well-known/agent-card.json ") {
                    let length = card.len();
                    peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{card}")).await?;
                } else {
                    if head.starts_with("POST") {
                        peer.until("}}}").await?;
                    }
                    peer.say(OK).await?;
                }
            }
        }
    })
    .await
}

/// Where a URL of [`ORIGIN`] leads.
fn reach(gateway: &Gateway, url: &str) -> String {
    gateway.url(url.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("not the gateway's: {url}")))
}

#[tokio::test]
async fn a2a_through_the_gateway_with_a_true_card() {
    let key = Key::new("ES256", "k1");
    let (issuer, agent) = (Issuer::start(&[&key]).await, agent().await);
    let oauth =
        json!({"identity_providers": ["corp"], "audiences": ["api://plan"], "scopes": {"all_of": ["plan"]}});
    let agents = json!({"plan": {"route": {"path": "/plan", "strip_path": true}, "upstream": agent.url(),
        "protocol": "a2a", "auth": {"oauth": oauth}}});
    let providers = json!({"corp": {"issuer": issuer.url}});
    let body = format!("identity_providers: {providers}\nagents: {agents}\n");
    let server = format!("  public_url: {ORIGIN}\n");
    let gateway = Start { body: &body, server: &server, ..Start::default() }.ready().await;
    let card = eventually("the card is there", SOON, async || {
        let card = format!("{ORIGIN}/plan/.well-known/agent-card.json");
        let answer = Answer::to(client().get(reach(&gateway, &card))).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    // Whom to ask for a token, and for what.
    let Value::Object(schemes) = &card["securitySchemes"] else { panic!("schemes: {card}") };
    let required = &card["securityRequirements"][0]["schemes"];
    let (name, scheme) = schemes.iter().next().expect("a scheme");
    assert_eq!((schemes.len(), &required[name]["list"]), (1, &json!(["plan"])), "{card}");
    let place = scheme["openIdConnectSecurityScheme"]["openIdConnectUrl"].as_str().expect("a place");
    assert_eq!(Answer::to(client().get(place)).await.json()["issuer"], issuer.url);
    // Where to send the call: nothing is left of the address behind the gateway.
    assert!(!card.to_string().contains("10.0.0.7"), "{card}");
    let url = reach(&gateway, card["supportedInterfaces"][0]["url"].as_str().expect("a URL"));
    let message = json!({"jsonrpc": "2.0", "id": 7, "method": "SendMessage", "params": {"message": {"messageId": "m",
        "role": "ROLE_USER", "parts": [{"text": "Home"}]}}});
    let send = |token: Option<&str>| {
        let request =
            client().request(Method::POST, &url).header("a2a-version", "1.0").body(message.to_string());
        let request = request.header("content-type", "application/json");
        Answer::to(token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth))
    };
    let refused = send(None).await;
    assert_eq!((refused.status, refused.error().0, agent.count("POST")), (401, -32010, 0), "{refused:?}");
    let mut claims = issuer.claims("api://plan");
    for (scope, status, calls) in [("other", 403, 0), ("plan", 200, 1)] {
        claims["scope"] = scope.into();
        let token = key.token(&key.header("ES256"), &claims);
        let answer = send(Some(&token)).await;
        assert_eq!((answer.status, agent.count("POST /rpc ")), (status, calls), "{scope}: {answer:?}");
    }
}
