//! Protected resource metadata (RFC 9728): who answers for which URL, with which `resource`, and that no agent and no
//! challenge ever answers where clients look for it.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Gateway, Start, Upstream, eventually, raw};

const SOON: Duration = Duration::from_secs(5);
const PRM: &str = "/.well-known/oauth-protected-resource";

/// What stands at a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Metadata that names this URL.
    Resource(&'static str),
    /// 404 that every page may read.
    Reserved,
    /// 400: it could mean two things.
    Bad,
    /// An agent answers.
    Agent,
}
use Found::{Agent, Bad, Reserved, Resource};

struct World {
    agent: Upstream,
    gateway: Gateway,
}

impl World {
    /// Its providers' keys cannot be had.
    async fn with(server: &str, agents: &[(&str, &str, &str, &str)]) -> Self {
        let agent = Upstream::start().await;
        let mut body = "identity_providers:\n  two: { issuer: \"https://two.example\", jwks_uri: \"http://127.0.0.1:9/a\" }\n  \
                        one: { issuer: \"https://One.example/\", jwks_uri: \"http://127.0.0.1:9/b\" }\nagents:\n"
            .to_owned();
        for (name, route, auth, more) in agents {
            let auth = match *auth {
                "oauth" => "{ oauth: { identity_providers: [one, two], audiences: [x] } }",
                "key" => "{ api_key: {} }",
                other => other,
            };
            let url = agent.url();
            body += &format!("  {name}: {{ route: {route}, upstream: \"{url}\", auth: {auth}{more} }}\n");
        }
        let gateway = Start { body: &body, server, ..Start::default() }.alive().await;
        Self { agent, gateway }
    }

    async fn ask(&self, method: &str, target: &str, host: &str, lines: &[&str]) -> String {
        let more: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n");
        raw::exchange(self.gateway.port, head.as_bytes(), SOON).await
    }

    async fn document(&self, target: &str, host: &str, lines: &[&str]) -> Value {
        let answer = self.ask("GET", target, host, lines).await;
        assert_eq!(raw::status(&answer), 200, "{target}: {answer}");
        serde_json::from_str(body(&answer)).expect("JSON")
    }

    async fn expect(&self, target: &str, host: &str, found: Found) {
        for method in ["GET", "HEAD", "OPTIONS", "POST"] {
            let answer = self.ask(method, target, host, &["Content-Length: 0"]).await;
            let what = format!("{method} {target} at {host}: {answer}");
            let status = match (found, method) {
                (Resource(_), "GET" | "HEAD") | (Agent, _) => 200,
                (Resource(_), "OPTIONS") => 204,
                (Resource(_), _) => 405,
                (Reserved, _) => 404,
                (Bad, _) => 400,
            };
            assert_eq!(raw::status(&answer), status, "{what}");
            let is_open = field(&answer, "access-control-allow-origin") == Some("*");
            assert_eq!(is_open, matches!(found, Resource(_) | Reserved), "{what}");
            assert_eq!(field(&answer, "www-authenticate"), None, "{what}");
            match (found, method) {
                (Resource(url), "GET") => {
                    let document: Value = serde_json::from_str(body(&answer)).expect("JSON");
                    assert_eq!(document["resource"], url, "{what}");
                }
                (Resource(_), "POST") => {
                    assert_eq!(field(&answer, "allow"), Some("GET, HEAD, OPTIONS"), "{what}")
                }
                _ => {}
            }
        }
    }
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[tokio::test]
async fn each_form_of_a_url_has_metadata_that_names_it_and_nothing_else_answers_there() {
    let agents = [
        ("tools", "/tools", "oauth", ", protocol: mcp"),
        ("plain", "/plain", "oauth", ""),
        ("keyed", "/keyed", "key", ""),
        ("open", "/open", "public", ""),
    ];
    let w = World::with("", &agents).await;
    let host = "Gate.Example:8080";
    for (path, found) in [
        ("/.well-known/oauth-protected-resource/tools", Resource("http://gate.example:8080/tools")),
        ("/.well-known/oauth-protected-resource/tools/", Resource("http://gate.example:8080/tools/")),
        ("/.well-known/oauth-protected-resource/tools/mcp", Resource("http://gate.example:8080/tools/mcp")),
        ("/.well-known/oauth-protected-resource/tools/mcp/", Resource("http://gate.example:8080/tools/mcp/")),
        (
            "/.well-known/oauth-protected-resource/tools/mcp?x=%2F",
            Resource("http://gate.example:8080/tools/mcp"),
        ),
        ("/.well-known/oauth-protected-resource/tools/%6Dcp", Resource("http://gate.example:8080/tools/mcp")),
        ("/tools/.well-known/oauth-protected-resource", Resource("http://gate.example:8080/tools")),
        ("/.well-known/oauth-protected-resource/tools/mcp/x", Reserved),
        ("/.well-known/oauth-protected-resource/tools/MCP", Reserved),
        ("/.well-known/oauth-protected-resource/plain", Resource("http://gate.example:8080/plain")),
        ("/.well-known/oauth-protected-resource/plain/", Resource("http://gate.example:8080/plain/")),
        ("/plain/.well-known/oauth-protected-resource?x", Resource("http://gate.example:8080/plain")),
        ("/.well-known/oauth-protected-resource/plain/mcp", Reserved),
        ("/.well-known/oauth-protected-resource/keyed", Reserved),
        ("/keyed/.well-known/oauth-protected-resource", Reserved),
        ("/.well-known/oauth-protected-resource/open", Reserved),
        ("/open/.well-known/oauth-protected-resource", Reserved),
        ("/.well-known/oauth-protected-resource/unknown", Reserved),
        ("/.well-known/oauth-protected-resource", Reserved),
        ("/.well-known/oauth-protected-resource/", Reserved),
        ("/.well-known/oauth-protected-resource/tools%2Fmcp", Bad),
        ("/.well-known/oauth-protected-resource/x/../tools", Bad),
        ("/.well-known/oauth-protected-resource//tools", Bad),
        ("/.well-known/oauth-authorization-server", Reserved),
        ("/.well-known/oauth-authorization-server/tools/mcp", Reserved),
        ("/.well-known/openid-configuration", Reserved),
        ("/.well-known/openid-configuration/tools", Reserved),
    ] {
        w.expect(path, host, found).await;
    }
    assert_eq!(w.agent.count(), 0);
    w.expect("/open/x", host, Agent).await;
    assert_eq!(w.agent.count(), 4);
}

#[tokio::test]
async fn the_document_says_what_clients_compare_and_ask_for() {
    let rules = "{ oauth: { identity_providers: [one, two], audiences: [x], scopes: { all_of: [a, offline_access], any_of: [b, a] } } }";
    let moved =
        "{ oauth: { identity_providers: [two], audiences: [x], header: X-Token, scopes: { all_of: [a] } } }";
    let prefixed = "{ oauth: { identity_providers: [two], audiences: [x], prefix: Token } }";
    let agents = [
        ("tools", "/tools", rules, ", display_name: Tools, protocol: mcp"),
        (
            "told",
            "/told",
            rules,
            ", display_name: x, protocol: mcp, mcp: { endpoint: /v1, scopes_supported: [z, offline_access], \
             resource_name: Told, documentation: \"https://docs.example/told\" }",
        ),
        ("moved", "/moved", moved, ""),
        ("prefixed", "/prefixed", prefixed, ""),
    ];
    let w = World::with("  public_url: https://Gate.example\n", &agents).await;
    for (path, wanted) in [
        (
            "/tools/mcp",
            json!({"resource": "https://gate.example/tools/mcp", "resource_name": "Tools", "scopes_supported": ["a", "b"],
                "authorization_servers": ["https://One.example/", "https://two.example"], "bearer_methods_supported": ["header"]}),
        ),
        (
            "/told/v1",
            json!({"resource": "https://gate.example/told/v1", "resource_name": "Told", "scopes_supported": ["z"],
                "authorization_servers": ["https://One.example/", "https://two.example"], "bearer_methods_supported": ["header"],
                "resource_documentation": "https://docs.example/told"}),
        ),
        (
            "/moved",
            json!({"resource": "https://gate.example/moved", "scopes_supported": ["a"],
                "authorization_servers": ["https://two.example"]}),
        ),
        (
            "/prefixed",
            json!({"resource": "https://gate.example/prefixed", "authorization_servers": ["https://two.example"]}),
        ),
    ] {
        assert_eq!(w.document(&format!("{PRM}{path}"), "any.example", &[]).await, wanted, "{path}");
    }
}

#[tokio::test]
async fn a_document_is_kept_for_five_minutes_where_its_url_is_configured() {
    let w =
        World::with("", &[("a", "/a", "oauth", ", public_url: https://a.example"), ("b", "/b", "oauth", "")])
            .await;
    let kept = w.ask("GET", &format!("{PRM}/a"), "h", &[]).await;
    assert_eq!(field(&kept, "cache-control"), Some("max-age=300"));
    assert_eq!(field(&kept, "content-type"), Some("application/json"));
    let tag = field(&kept, "etag").expect("an ETag");
    let again = w.ask("GET", &format!("{PRM}/a"), "h", &[&format!("If-None-Match: {tag}")]).await;
    assert_eq!((raw::status(&again), body(&again)), (304, ""));
    let unknown = w.ask("GET", &format!("{PRM}/b"), "h", &[]).await;
    assert_eq!(field(&unknown, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_origin_is_the_agents_else_the_servers_else_a_trusted_proxys_else_the_requests() {
    let forwarded = ["X-Forwarded-Host: Front.example, inner", "X-Forwarded-Proto: https, http"];
    let nonsense = ["X-Forwarded-Host: \"a b\"", "X-Forwarded-Proto: gopher"];
    let agents =
        [("own", "/own", "oauth", ", public_url: \"https://own.example:8443\""), ("a", "/a", "oauth", "")];
    let trusted = "  trusted_proxies: [127.0.0.0/8]\n";
    for (server, path, host, lines, wanted) in [
        ("", "/a", "h.example:80", &forwarded, "http://h.example/a"),
        (trusted, "/a", "h.example", &forwarded, "https://front.example/a"),
        (trusted, "/a", "h.example", &nonsense, "http://h.example/a"),
        (trusted, "/own", "h.example", &forwarded, "https://own.example:8443/own"),
        (
            "  public_url: https://gate.example/gw\n",
            "/a",
            "h.example",
            &forwarded,
            "https://gate.example/gw/a",
        ),
        (
            "  public_url: https://gate.example\n",
            "/own",
            "h.example",
            &forwarded,
            "https://own.example:8443/own",
        ),
    ] {
        let w = World::with(server, &agents).await;
        let document = w.document(&format!("{PRM}{path}"), host, lines).await;
        assert_eq!(document["resource"], wanted, "{server}{path}");
    }
}

#[tokio::test]
async fn the_root_of_a_host_speaks_for_one_agent() {
    let agents = [
        ("marked", "{ path: /m, host: m.example }", "oauth", ", protocol: mcp, mcp: { root_metadata: true }"),
        ("beside", "{ path: /, host: m.example }", "public", ""),
        ("root", "{ path: /, host: r.example }", "oauth", ""),
        ("keyed", "{ path: /, host: k.example }", "key", ""),
        (
            "below",
            "{ path: /a, host: \"*.w.example\" }",
            "oauth",
            ", protocol: mcp, mcp: { root_metadata: true }",
        ),
    ];
    let w = World::with("", &agents).await;
    for (path, host, found) in [
        (PRM.to_owned(), "m.example", Resource("http://m.example/m/mcp")),
        (format!("{PRM}/"), "m.example", Resource("http://m.example/m/mcp")),
        (PRM.to_owned(), "r.example", Resource("http://r.example")),
        (format!("{PRM}/"), "r.example", Resource("http://r.example/")),
        (format!("{PRM}/x"), "r.example", Reserved),
        (PRM.to_owned(), "k.example", Reserved),
        (PRM.to_owned(), "x.w.example", Resource("http://x.w.example/a/mcp")),
    ] {
        w.expect(&path, host, found).await;
    }
    assert_eq!(w.agent.count(), 0);
}

#[tokio::test]
async fn a_public_agent_answers_at_reserved_places_only_where_that_is_written_or_it_is_alone() {
    let agents = [
        ("a", "{ path: /a, host: h.example }", "oauth", ""),
        ("root", "{ path: /, host: h.example }", "public", ""),
        ("written", "{ path: /.well-known/oauth-authorization-server, host: h.example }", "public", ""),
        ("alone", "{ path: /, host: alone.example }", "public", ""),
    ];
    let w = World::with("", &agents).await;
    for (path, host, found) in [
        ("/.well-known/openid-configuration", "h.example", Reserved),
        ("/.well-known/oauth-authorization-server/x", "h.example", Agent),
        ("/.well-known/security.txt", "h.example", Agent),
        ("/.well-known/openid-configuration", "alone.example", Agent),
        (PRM, "alone.example", Agent),
    ] {
        w.expect(path, host, found).await;
    }
}

#[tokio::test]
async fn metadata_is_there_as_before_while_the_gateway_drains() {
    let world = World::with("  shutdown: { delay: 2s }\n", &[("a", "/a", "oauth", "")]).await;
    let before = world.document(&format!("{PRM}/a"), "a.example", &[]).await;
    world.gateway.signal("TERM").await;
    eventually("it drains", SOON, async || (world.gateway.readyz().await == 503).then_some(())).await;
    assert_eq!(world.document(&format!("{PRM}/a"), "a.example", &[]).await, before);
}
