//! Cross-origin requests: preflights before authentication, and the headers on every answer.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use testkit::now;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client};

use super::api_keys;
use super::row::decisions;

const APP: &str = "https://app.example.com";

struct Scene {
    upstream: Upstream,
    issuer: Issuer,
    key: Key,
    gateway: Gateway,
}

async fn scene() -> Scene {
    let key = Key::new("ES256", "k");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let providers = json!({
        "corp": {"issuer": issuer.url},
        "dead": {"issuer": "https://dead.test", "jwks_uri": "http://127.0.0.1:9/jwks"},
    });
    let oauth =
        json!({"oauth": {"identity_providers": ["corp", "dead"], "scopes": {"all_of": ["refunds:write"]}}});
    let full = json!({
        "allowed_origins": ["https://one.example.com", APP], "allowed_methods": ["PUT", "DELETE"],
        "allowed_headers": ["X-One", "X-Two"], "exposed_headers": ["X-Shown", "X-Request-Id"],
        "allow_credentials": true, "max_age": "10m",
    });
    let agent = |name: &str, auth: serde_json::Value, cors: Option<serde_json::Value>| {
        let mut agent = json!({"route": format!("/{name}"), "upstream": upstream.url(), "auth": auth});
        if let Some(cors) = cors {
            agent["cors"] = cors;
        }
        (name.to_owned(), agent)
    };
    let plain = json!({"allowed_origins": [APP]});
    let agents: serde_json::Map<_, _> = [
        agent("plain", oauth.clone(), Some(plain.clone())),
        agent("full", oauth.clone(), Some(full)),
        agent("none", oauth.clone(), None),
        agent("keyed", json!({"api_key": {"header": "X-API-Key"}}), Some(plain.clone())),
        agent(
            "keyed-bearer",
            json!({"api_key": {"header": "Authorization", "prefix": "Bearer"}}),
            Some(plain),
        ),
        agent("keyed-other", json!({"api_key": {"header": "X-Other-Key"}}), None),
        agent("any", json!("public"), Some(json!({"allowed_origins": ["*"]}))),
        agent("mcp", oauth.clone(), Some(json!("mcp"))),
        agent(
            "mcp-narrow",
            json!({"api_key": {"header": "X-API-Key"}}),
            Some(json!({"preset": "mcp", "allowed_origins": [APP], "exposed_headers": ["X-Shown"]})),
        ),
    ]
    .into_iter()
    .collect();
    let body = format!(
        "identity_providers: {providers}\nagents: {}\napi_keys: {}\n",
        serde_json::Value::Object(agents),
        api_keys::stored(now())
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    Scene { upstream, issuer, key, gateway }
}

impl Scene {
    fn ask(&self, method: Method, agent: &str, origin: &str) -> RequestBuilder {
        client().request(method, self.gateway.url(&format!("/{agent}"))).header("Origin", origin)
    }

    async fn preflight(&self, agent: &str, origin: &str) -> Response {
        let request = self.ask(Method::OPTIONS, agent, origin).header("Access-Control-Request-Method", "PUT");
        request.header("Access-Control-Request-Headers", "x-one").send().await.expect("an answer")
    }

    fn token(&self) -> String {
        self.key.token(&self.key.header("ES256"), &self.issuer.claims("x"))
    }
}

/// All that an answer says about other origins; names of headers in small letters, for they have no case.
fn allowed(answer: &Response) -> BTreeMap<String, String> {
    let ours = answer.headers().iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    ours.map(|(name, value)| {
        let value = value.to_str().expect("text");
        let names = name.as_str().ends_with("-headers");
        (name.to_string(), if names { value.to_ascii_lowercase() } else { value.to_owned() })
    })
    .collect()
}

fn wanted(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| (format!("access-control-{name}"), (*value).to_owned())).collect()
}

fn varies_by_origin(answer: &Response) -> bool {
    let values = answer.headers().get_all("vary").iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|word| word.trim().eq_ignore_ascii_case("origin"))
}

#[tokio::test]
async fn a_preflight_is_answered_before_authentication_with_exactly_what_is_configured() {
    let scene = scene().await;
    let plain = |headers: &'static str| {
        vec![
            ("allow-origin", APP),
            ("allow-methods", "GET, HEAD, POST"),
            ("allow-headers", headers),
            ("max-age", "3600"),
        ]
    };
    let full = vec![
        ("allow-origin", APP),
        ("allow-methods", "PUT, DELETE"),
        ("allow-headers", "x-one, x-two"),
        ("allow-credentials", "true"),
        ("max-age", "600"),
    ];
    let any = vec![
        ("allow-origin", "*"),
        ("allow-methods", "GET, HEAD, POST"),
        ("allow-headers", "content-type"),
        ("max-age", "3600"),
    ];
    for (agent, origin, headers) in [
        ("plain", APP, plain("authorization, content-type")),
        ("keyed", APP, plain("x-api-key, content-type")),
        ("keyed-bearer", APP, plain("authorization, content-type")),
        ("full", APP, full),
        ("any", "https://whoever.example", any),
        ("plain", "https://evil.example", vec![]),
        ("plain", "null", vec![]),
        ("plain", "https://app.example.com:8443", vec![]),
        ("plain", "http://app.example.com", vec![]),
        ("plain", "https://app.example.com.evil.example", vec![]),
        ("plain", "https://APP.example.com", vec![]),
        ("full", "https://two.example.com", vec![]),
    ] {
        let answer = scene.preflight(agent, origin).await;
        assert_eq!(answer.status(), 204, "{agent} from {origin}");
        assert_eq!(allowed(&answer), wanted(&headers), "{agent} from {origin}");
        assert!(answer.headers().contains_key("x-request-id"), "{agent} from {origin}");
        assert!(!answer.headers().contains_key("www-authenticate"), "{agent} from {origin}");
        assert_eq!(varies_by_origin(&answer), agent != "any", "{agent} from {origin}");
        assert_eq!(answer.bytes().await.expect("a body").len(), 0, "{agent} from {origin}");
    }
    assert!(scene.upstream.seen().is_empty());
    assert!(decisions(&scene.gateway).await.values().all(|count| *count < 0.5), "nothing was decided");
}

#[tokio::test]
async fn only_a_preflight_is_answered_like_one() {
    let scene = scene().await;
    let token = scene.token();
    let asks = ("Access-Control-Request-Method", "PUT");
    let plain_options = scene.ask(Method::OPTIONS, "plain", APP).send().await.expect("an answer");
    assert_eq!((plain_options.status().as_u16(), allowed(&plain_options).len()), (401, 1));
    let no_origin = client().request(Method::OPTIONS, scene.gateway.url("/plain")).header(asks.0, asks.1);
    assert_eq!(no_origin.send().await.expect("an answer").status(), 401);
    let post = scene.ask(Method::POST, "plain", APP).header(asks.0, asks.1).send().await.expect("an answer");
    assert_eq!(post.status(), 401);
    let without_cors = scene.preflight("none", APP).await;
    assert_eq!((without_cors.status().as_u16(), allowed(&without_cors).len()), (401, 0));
    let challenge = without_cors.headers()["www-authenticate"].to_str().expect("text");
    assert!(challenge.starts_with("Bearer realm=\"none\", scope=\"refunds:write\", "), "{challenge}");
    assert!(scene.upstream.seen().is_empty());
    let request = scene.ask(Method::OPTIONS, "none", APP).header(asks.0, asks.1).bearer_auth(token);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    assert_eq!(scene.upstream.last().method, "OPTIONS");
}

#[tokio::test]
async fn every_answer_carries_the_headers_for_its_origin() {
    let scene = scene().await;
    let claims = |iss: &str, scope: &str| {
        let mut claims = scene.issuer.claims("x");
        (claims["iss"], claims["scope"]) = (iss.into(), scope.into());
        scene.key.token(&scene.key.header("ES256"), &claims)
    };
    let corp = scene.issuer.url.as_str();
    let good = claims(corp, "refunds:write");
    for (status, credential) in [
        (200, good.clone()),
        (400, format!("{good},{good}")),
        (401, String::new()),
        (401, "x".to_owned()),
        (403, claims(corp, "refunds:read")),
        (503, claims("https://dead.test", "refunds:write")),
    ] {
        let full = vec![
            ("allow-origin", APP),
            ("allow-credentials", "true"),
            ("expose-headers", "x-shown, x-request-id"),
        ];
        for (agent, origin, headers) in [
            ("plain", APP, vec![("allow-origin", APP)]),
            ("full", APP, full),
            ("plain", "https://evil.example", vec![]),
            ("none", APP, vec![]),
        ] {
            let request = scene.ask(Method::GET, agent, origin).bearer_auth(&credential);
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), status, "{agent} from {origin}");
            assert_eq!(allowed(&answer), wanted(&headers), "{status} of {agent} from {origin}");
            assert!(varies_by_origin(&answer) || agent == "none", "{status} of {agent} from {origin}");
        }
    }
}

#[tokio::test]
async fn answers_to_requests_without_an_origin_say_that_they_depend_on_it() {
    let scene = scene().await;
    let token = scene.token();
    for (agent, credential, status) in [
        ("plain", "", 401),
        ("plain", "x", 401),
        ("none", "", 401),
        ("any", "", 200),
        ("plain", token.as_str(), 200),
    ] {
        let request = client().get(scene.gateway.url(&format!("/{agent}"))).bearer_auth(credential);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{agent}");
        assert_eq!(varies_by_origin(&answer), agent == "plain", "{agent} {status}");
        let star = wanted(if agent == "any" { &[("allow-origin", "*")] } else { &[] });
        assert_eq!(allowed(&answer), star, "{agent} {status}");
    }
}

const MCP_HEADERS: &str = "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, \
                           mcp-name, last-event-id, dpop";
const MCP_EXPOSED: &str = "www-authenticate, mcp-session-id, mcp-protocol-version, dpop-nonce, retry-after";

#[tokio::test]
async fn the_preset_for_mcp_lists_what_clients_in_a_browser_send_and_read() {
    let scene = scene().await;
    let methods = "GET, HEAD, POST, DELETE";
    for (agent, origin, asked, origin_allowed, headers) in [
        ("mcp", APP, "content-type", Some("*"), MCP_HEADERS.to_owned()),
        (
            "mcp",
            "https://whoever.example",
            "Mcp-Param-Region, x-one",
            Some("*"),
            format!("{MCP_HEADERS}, mcp-param-region"),
        ),
        (
            "mcp-narrow",
            APP,
            "mcp-param-a,mcp-param-b",
            Some(APP),
            format!("{MCP_HEADERS}, x-api-key, mcp-param-a, mcp-param-b"),
        ),
        ("mcp-narrow", "https://whoever.example", "mcp-param-a", None, String::new()),
    ] {
        let request = scene.ask(Method::OPTIONS, agent, origin);
        let request = request.header("Access-Control-Request-Method", "DELETE");
        let answer = request.header("Access-Control-Request-Headers", asked).send().await.expect("an answer");
        assert_eq!(answer.status(), 204, "{agent} from {origin}");
        let pairs = origin_allowed.map(|allowed| {
            vec![
                ("allow-origin", allowed),
                ("allow-methods", methods),
                ("allow-headers", headers.as_str()),
                ("max-age", "3600"),
            ]
        });
        assert_eq!(allowed(&answer), wanted(&pairs.unwrap_or_default()), "{agent} from {origin}");
    }
    assert!(scene.upstream.seen().is_empty());
}

#[tokio::test]
async fn answers_of_the_gateway_and_of_the_agent_show_mcp_clients_the_same_headers() {
    let scene = scene().await;
    for (credential, status) in [(String::new(), 401), ("x".to_owned(), 401), (scene.token(), 200)] {
        let request = scene.ask(Method::POST, "mcp", APP).bearer_auth(&credential);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status);
        let shown = wanted(&[("allow-origin", "*"), ("expose-headers", MCP_EXPOSED)]);
        assert_eq!(allowed(&answer), shown, "{status}");
    }
    let answer = scene.ask(Method::POST, "mcp-narrow", APP).send().await.expect("an answer");
    let exposed = format!("{MCP_EXPOSED}, x-shown");
    let shown = wanted(&[("allow-origin", APP), ("expose-headers", exposed.as_str())]);
    assert_eq!((answer.status().as_u16(), allowed(&answer)), (401, shown));
}
