//! The address of the gateway and that of an agent: what `Host` the agent gets, and that callers are never sent to where
//! only the gateway can go.

use std::time::Duration;

use testkit::scripted::Scripted;
use testkit::{Gateway, Start, Upstream, raw};

const SOON: Duration = Duration::from_secs(5);

/// An agent that answers with the field that the request has in `X-Say`.
async fn agent() -> Scripted {
    Scripted::start(|mut peer| async move {
        loop {
            let head = peer.head().await?;
            let field = head.lines().find_map(|line| line.strip_prefix("x-say: "))?.to_owned();
            peer.say(&format!("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n{field}\r\n\r\n")).await?;
        }
    })
    .await
}

struct World {
    agent: Scripted,
    gateway: Gateway,
}

impl World {
    async fn with(server: &str) -> Self {
        let agent = agent().await;
        let up = agent.url();
        let route = |path: &str, strip: bool| format!("{{ path: {path}, strip_path: {strip} }}");
        let one = |name: &str, route: String, url: String, more: &str| {
            format!("  {name}: {{ route: {route}, upstream: {{ url: \"{url}\"{more} }}, auth: public }}\n")
        };
        let body = [
            "agents:\n".to_owned(),
            one("plain", route("/plain", false), up.clone(), ""),
            one("cut", route("/cut/here", true), up.clone(), ""),
            one("based", route("/based", false), format!("{up}/base"), ""),
            one("both", route("/both", true), format!("{up}/base"), ""),
            one("kept", route("/kept", true), up.clone(), ", host: preserve"),
            one("named", route("/named", true), up.clone(), ", host: \"Agent.Internal:8443\""),
            one("known", route("/known", true), up.clone(), ", host: gateway.test"),
            one("hosted", "{ path: /hosted, strip_path: true, host: gateway.test }".to_owned(), up, ""),
        ]
        .concat();
        let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
        Self { agent, gateway }
    }

    /// What the answer has in a field that the agent sets to `value`, in which `UP` is the agent's authority.
    async fn field(&self, path: &str, name: &str, value: &str, lines: &[&str]) -> Option<String> {
        let say = format!("X-Say: {name}: {}", self.named(value));
        let lines: Vec<&str> = lines.iter().copied().chain([say.as_str()]).collect();
        let answer = raw::get(self.gateway.port, path, &lines).await;
        assert_eq!(raw::status(&answer), 201, "{path} {say}: {answer}");
        let named = |line: &str| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then(|| value.to_owned())
        };
        answer.lines().find_map(named)
    }

    fn named(&self, text: &str) -> String {
        text.replace("UP", &format!("127.0.0.1:{}", self.agent.port))
    }
}

#[tokio::test]
async fn an_address_that_names_the_agent_names_the_gateway_when_it_arrives() {
    let w = World::with("").await;
    for (path, sent, arrives) in [
        ("/plain/mcp", "http://UP/plain/mcp/", "http://gateway.test/plain/mcp/"),
        ("/plain", "https://UP/x", "http://gateway.test/x"),
        ("/plain", "HTTP://UP", "http://gateway.test/"),
        ("/plain", "//UP/x", "http://gateway.test/x"),
        ("/cut/here", "http://UP/mcp/?a=b#c", "http://gateway.test/cut/here/mcp/?a=b#c"),
        ("/cut/here", "http://UP", "http://gateway.test/cut/here"),
        ("/based", "http://UP/base/based/x", "http://gateway.test/based/x"),
        ("/based", "http://UP/baseless", "http://gateway.test/baseless"),
        ("/both", "http://UP/base/x", "http://gateway.test/both/x"),
        ("/both", "http://UP/base", "http://gateway.test/both"),
        ("/kept", "http://UP/x", "http://gateway.test/kept/x"),
        ("/named", "http://UP/x", "http://gateway.test/named/x"),
        ("/named", "http://agent.internal:8443/x", "http://gateway.test/named/x"),
        // Anybody else's address is left alone, and so is one without an authority.
        ("/cut/here", "http://UP1/x", "http://UP1/x"),
        ("/cut/here", "http://u@UP/x", "http://u@UP/x"),
        ("/cut/here", "http://127.0.0.1/x", "http://127.0.0.1/x"),
        ("/cut/here", "https://login.test/?next=http://UP/x", "https://login.test/?next=http://UP/x"),
        ("/cut/here", "http://gateway.test/x", "http://gateway.test/x"),
        ("/known", "http://gateway.test/known/x", "http://gateway.test/known/x"),
        ("/cut/here", "ftp://UP/x", "ftp://UP/x"),
        ("/cut/here", "/x", "/x"),
        ("/cut/here", "x", "x"),
    ] {
        for name in ["Location", "Content-Location"] {
            let field = w.field(path, name, sent, &[]).await;
            assert_eq!(field, Some(w.named(arrives)), "{name} of {sent} at {path}");
        }
        for (before, after) in [("5;url=", ""), ("0; URL='", "'"), ("3;Url = \"", "\" "), ("7,", "")] {
            let [sent, arrives] = [sent, arrives].map(|url| format!("{before}{url}{after}"));
            let field = w.field(path, "Refresh", &sent, &[]).await;
            assert_eq!(field.as_deref(), Some(w.named(&arrives).trim_end()), "Refresh of {sent} at {path}");
        }
    }
    for value in ["5", "5;", "x", "5; http", "5;url", "5;url=", "5;url='"] {
        assert_eq!(w.field("/cut/here", "Refresh", value, &[]).await.as_deref(), Some(value));
    }
}

#[tokio::test]
async fn the_public_address_is_what_the_caller_used() {
    let stranger = World::with("").await;
    let trusted = World::with("  trusted_proxies: [127.0.0.0/8]\n").await;
    let lines = ["X-Forwarded-Proto: https", "X-Forwarded-Host: front.test:8443"];
    let written = World::with("  public_url: https://agents.test:8443/gw\n").await;
    for (path, wanted) in [
        ("/cut/here", "https://agents.test:8443/gw/cut/here/x"),
        ("/plain", "https://agents.test:8443/gw/x"),
        ("/hosted", "https://gateway.test:8443/gw/hosted/x"),
    ] {
        let field = written.field(path, "Location", "http://UP/x", &lines).await;
        assert_eq!(field.as_deref(), Some(wanted), "{path} with a public URL");
    }
    for (world, lines, wanted) in [
        (&stranger, &lines[..], "http://gateway.test/cut/here/x"),
        (&trusted, &lines[..], "https://front.test:8443/cut/here/x"),
        (&trusted, &lines[..1], "https://gateway.test/cut/here/x"),
        (
            &trusted,
            &["X-Forwarded-Proto: https, http", "X-Forwarded-Host: a.test, b.test"],
            "https://a.test/cut/here/x",
        ),
        (&trusted, &["X-Forwarded-Proto: gopher", "X-Forwarded-Host: a b"], "http://gateway.test/cut/here/x"),
    ] {
        let field = world.field("/cut/here", "Location", "http://UP/x", lines).await;
        assert_eq!(field.as_deref(), Some(wanted), "{lines:?}");
    }
    let without = stranger.named("GET /cut/here HTTP/1.0\r\nX-Say: Location: http://UP/x\r\n\r\n");
    let answer = raw::exchange(stranger.gateway.port, without.as_bytes(), SOON).await;
    assert!(answer.contains("\r\nLocation: /cut/here/x\r\n"), "a request without a host: {answer}");
}

#[tokio::test]
async fn the_agent_gets_the_host_that_was_chosen() {
    let upstream = Upstream::start().await;
    let up = upstream.url();
    let one = |name: &str, host: &str| {
        format!("  {name}: {{ route: /{name}, upstream: {{ url: \"{up}\"{host} }}, auth: public }}\n")
    };
    let body = [
        "agents:\n".to_owned(),
        one("plain", ""),
        one("rewrite", ", host: rewrite"),
        one("preserve", ", host: preserve"),
        one("named", ", host: \"agent.internal:8443\""),
    ]
    .concat();
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let own = format!("127.0.0.1:{}", upstream.port);
    for (name, wanted) in [
        ("plain", own.as_str()),
        ("rewrite", own.as_str()),
        ("preserve", "gateway.test"),
        ("named", "agent.internal:8443"),
    ] {
        let answer = raw::get(gateway.port, &format!("/{name}"), &["X_Host: evil", "Ho_st: evil"]).await;
        assert_eq!(raw::status(&answer), 200, "{name}");
        assert_eq!(upstream.last().all("host"), [wanted], "{name}");
        assert_eq!(upstream.last().all("x-forwarded-host"), ["gateway.test"], "{name}");
    }
    let without = b"GET /preserve HTTP/1.0\r\n\r\n";
    assert_eq!(raw::status(&raw::exchange(gateway.port, without, SOON).await), 200);
    assert_eq!(upstream.last().all("host"), [own], "there is none to preserve");
}
