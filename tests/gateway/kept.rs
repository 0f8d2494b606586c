//! Kept connections to agents: how long they rest, and that callers are told nothing of them.

use std::time::Duration;

use testkit::eventually::scripted_pause;
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Start, client};

/// An agent that answers with these fields and the number of the connection.
async fn agent(fields: &'static str) -> Scripted {
    Scripted::start(move |mut peer: Peer| async move {
        loop {
            peer.head().await?;
            let body = peer.nth.to_string();
            let head = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
            peer.say(&format!("{head}{body}")).await?;
        }
    })
    .await
}

async fn before(agent: &Scripted, settings: &str) -> Gateway {
    let body = format!(
        "agents:\n  a: {{ route: /a, upstream: {{ url: \"{}\"{settings} }}, auth: public }}\n",
        agent.url()
    );
    Start { body: &body, server: "  workers: 1\n", ..Start::default() }.ready().await
}

/// Asks, and says over which connection the answer came.
async fn ask(gateway: &Gateway) -> String {
    let answer = client().get(gateway.url("/a")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("a body")
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_has_rested_for_too_long() {
    for (fields, settings, pause, again) in [
        ("", "", 300, true),
        ("", ", idle_timeout: 100ms", 300, false),
        // The agent says how long it keeps one: not its last half.
        ("Keep-Alive: timeout=1\r\n", "", 100, true),
        ("Keep-Alive: timeout=1\r\n", "", 700, false),
        ("Keep-Alive: timeout=60\r\n", ", idle_timeout: 100ms", 300, false),
    ] {
        let agent = agent(fields).await;
        let gateway = before(&agent, settings).await;
        assert_eq!(ask(&gateway).await, "0", "{fields} {settings}");
        // The first answer says how long; what follows is known to rest so long.
        let second = ask(&gateway).await;
        assert_eq!(second, "0", "{fields} {settings}");
        scripted_pause(Duration::from_millis(pause)).await;
        assert_eq!(ask(&gateway).await == second, again, "{fields} {settings} after {pause} ms");
    }
}

#[tokio::test]
async fn what_an_agent_says_of_its_connection_does_not_reach_the_caller() {
    let agent = agent(
        "Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5, max=100\r\nProxy-Connection: keep-alive\r\n\
         X-Hop: 1\r\nX-End: 2\r\n",
    )
    .await;
    let gateway = before(&agent, "").await;
    let answer = client().get(gateway.url("/a")).send().await.expect("an answer");
    for name in ["keep-alive", "proxy-connection", "x-hop"] {
        assert_eq!(answer.headers().get(name), None, "{name}");
    }
    assert_eq!(answer.headers()["x-end"], "2");
}
