//! What an agent is given: headers of its own, and the caller's token where it expects it.

use std::time::Duration;

use testkit::upstream::Seen;
use testkit::{Gateway, Issuer, Key, Start, Upstream, eventually, raw};

const SECRET: &str = "c4n4ry-hunter2";

struct World {
    issuer: Issuer,
    key: Key,
    upstream: Upstream,
    gateway: Gateway,
}

impl World {
    async fn start() -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
        let up = upstream.url();
        let given = "set_headers: { Authorization: \"Bearer ${AGENT_TOKEN}\", X-Literal: c4n4ry-hunter2-literal, X-Filed: { file: given.txt }, X-Forwarded-Prefix: /given }";
        let forward = |name: &str, how: &str, more: &str| {
            format!(
                "  {name}:\n    route: /{name}\n    upstream: {{ url: \"{up}\"{more} }}\n    auth: {{ oauth: {{ identity_providers: [corp], forward_token: {how}, claim_headers: {{ sub: X-Sub }} }} }}\n"
            )
        };
        let body = [
            format!("identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n", issuer.url),
            format!("  open: {{ route: {{ path: /open, strip_path: true }}, upstream: {{ url: \"{up}\", {given} }}, auth: public }}\n"),
            forward("given", "false", &format!(", {given}")),
            forward("kept", "{ header: X-Token, scheme: keep }", ""),
            forward("stripped", "{ header: X-Token, scheme: strip }", ""),
            forward("same", "{ header: Authorization, scheme: strip }", ""),
            forward("whole", "true", ""),
            forward("also", "{ header: X-Token }", "").replace("forward_token", "also: [{ query: access_token }], forward_token"),
            forward("shadow", "{ header: X-Token }", "").replace("    auth:", "    enforcement: shadow\n    auth:"),
        ]
        .concat();
        let start = Start {
            body: &body,
            files: &[("given.txt", "c4n4ry-hunter2-filed\n")],
            env: &[("AGENT_TOKEN", "c4n4ry-hunter2-env")],
            args: &["--log-level", "debug"],
            ..Start::default()
        };
        let gateway = start.ready().await;
        Self { issuer, key, upstream, gateway }
    }

    fn token(&self) -> String {
        self.key.token(&self.key.header("ES256"), &self.issuer.claims("x"))
    }

    /// What arrives of a request with these lines.
    async fn ask(&self, path: &str, lines: &[&str]) -> Seen {
        let answer = raw::get(self.gateway.port, path, lines).await;
        assert_eq!(raw::status(&answer), 200, "{path} {lines:?}: {answer}");
        self.upstream.last()
    }
}

#[tokio::test]
async fn an_agent_gets_its_headers_whatever_the_caller_sends() {
    let w = World::start().await;
    let bearer = format!("Authorization: Bearer {}", w.token());
    let stranger = [
        "X-Literal: evil",
        "x_literal: evil",
        "X.Filed: evil",
        "XFILED: evil",
        "Connection: X-Literal, X-Filed",
        "X-Forwarded-Prefix: /evil",
    ];
    for path in ["/open", "/given"] {
        for other in ["Authorization: Bearer evil", "X-Nothing: x"] {
            let credential = if path == "/given" { bearer.as_str() } else { other };
            let lines: Vec<&str> = stranger.iter().copied().chain([credential]).collect();
            let seen = w.ask(path, &lines).await;
            for (name, wanted) in [
                ("authorization", "Bearer c4n4ry-hunter2-env"),
                ("x-literal", "c4n4ry-hunter2-literal"),
                ("x-filed", "c4n4ry-hunter2-filed"),
                ("x-forwarded-prefix", "/given"),
            ] {
                assert_eq!(seen.all(name), [wanted], "{name} at {path}");
            }
            assert!(seen.headers.iter().all(|(_, value)| !value.contains("evil")), "{seen:?}");
        }
    }
}

#[tokio::test]
async fn a_value_in_a_file_follows_the_file_and_a_bad_one_changes_nothing() {
    let w = World::start().await;
    let file = w.gateway.folder.path().join("given.txt");
    let arrives = async |wanted: &str| {
        eventually(&format!("{wanted} arrives"), Duration::from_secs(5), async || {
            (w.ask("/open", &[]).await.all("x-filed") == [wanted]).then_some(())
        })
        .await;
    };
    arrives("c4n4ry-hunter2-filed").await;
    std::fs::write(&file, "c4n4ry-hunter2-new\r\n").expect("it is written");
    arrives("c4n4ry-hunter2-new").await;
    for bad in ["", "c4n4ry-hunter2\nmore\n"] {
        let refused =
            async || w.gateway.metric("portcullis_config_reloads_total", &["result=\"refused\""]).await;
        let before = refused().await;
        std::fs::write(&file, bad).expect("it is written");
        eventually("it is refused", Duration::from_secs(5), async || {
            (refused().await > before).then_some(())
        })
        .await;
        assert_eq!(w.ask("/open", &[]).await.all("x-filed"), ["c4n4ry-hunter2-new"], "{bad:?}");
    }
    std::fs::write(&file, "c4n4ry-hunter2-last").expect("it is written");
    arrives("c4n4ry-hunter2-last").await;
    let said = [w.gateway.stdout(), w.gateway.stderr()].concat().join("\n");
    assert!(!said.contains(SECRET), "{said}");
    let (_, metrics) = w.gateway.ops_get("/metrics").await;
    let (_, ready) = w.gateway.ops_get("/readyz?verbose").await;
    assert!(!metrics.contains(SECRET) && !ready.contains(SECRET));
}

#[tokio::test]
async fn the_token_goes_on_where_the_agent_expects_it() {
    let w = World::start().await;
    let token = w.token();
    let (whole, spaced) = (format!("Bearer {token}"), format!("bEARER   {token}"));
    let nothing: &[&str] = &[];
    for (path, sent, authorization, moved) in [
        ("/kept", &whole, nothing, &[whole.as_str()][..]),
        ("/kept", &spaced, nothing, &[spaced.as_str()]),
        ("/stripped", &whole, nothing, &[token.as_str()]),
        ("/stripped", &spaced, nothing, &[token.as_str()]),
        ("/same", &whole, &[token.as_str()], nothing),
        ("/whole", &spaced, &[spaced.as_str()], nothing),
        ("/shadow", &whole, nothing, &[whole.as_str()]),
        ("/also", &whole, nothing, &[whole.as_str()]),
    ] {
        let credential = format!("Authorization: {sent}");
        let copies: &[&str] = match path {
            "/same" | "/whole" => &[],
            _ => &["X-Token: evil", "X_Token: evil", "Connection: X-Token"],
        };
        let lines: Vec<&str> = copies.iter().copied().chain([credential.as_str()]).collect();
        let seen = w.ask(path, &lines).await;
        assert_eq!(seen.all("authorization"), authorization, "{path}");
        assert_eq!(seen.all("x-token"), moved, "{path}");
        assert!(seen.all("x_token").is_empty(), "{path}");
        assert_eq!(seen.all("x-sub").len(), 1, "{path}");
    }
    let seen = w.ask(&format!("/also?access_token={token}&a=b"), &["X-Token: evil"]).await;
    assert_eq!((seen.target.as_str(), seen.all("x-token")), ("/also?a=b", vec![whole.as_str()]));
    let seen = w.ask("/shadow", &["X-Token: evil"]).await;
    assert!(seen.all("x-token").is_empty(), "nothing came, and nothing goes on");
}
