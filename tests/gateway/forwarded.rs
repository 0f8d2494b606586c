//! Fields that tell of a caller: strangers are not believed, trusted proxies are, in the usual spelling.

use testkit::upstream::Seen;
use testkit::{Gateway, Start, Upstream, raw};

struct World {
    upstream: Upstream,
    gateway: Gateway,
}

impl World {
    async fn with(server: &str) -> Self {
        let upstream = Upstream::start().await;
        let up = upstream.url();
        let body = format!(
            "agents:\n  open: {{ route: /open, upstream: \"{up}\", auth: public }}\n  \
             cut: {{ route: {{ path: /cut/here, strip_path: true }}, upstream: \"{up}/base\", auth: public }}\n"
        );
        let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
        Self { upstream, gateway }
    }

    /// What arrives of a request with these lines.
    async fn ask(&self, path: &str, lines: &[&str]) -> Seen {
        let answer = raw::get(self.gateway.port, path, lines).await;
        assert_eq!(raw::status(&answer), 200, "{path} {lines:?}");
        self.upstream.last()
    }
}

const TRUSTED: &str = "  trusted_proxies: [127.0.0.0/8]\n";

/// Fields of other proxies, and whether a trusted one is believed.
const TELLING: [(&str, bool); 22] = [
    ("X-Forwarded-Port", true),
    ("X-Forwarded-Server", true),
    ("X-Forwarded-User", true),
    ("X-Forwarded-Ssl", true),
    ("X-Forwarded-Scheme", true),
    ("X-Forwarded-Whatever-Comes", true),
    ("Forwarded", true),
    ("X-Real-IP", true),
    ("True-Client-IP", true),
    ("CF-Connecting-IP", true),
    ("Fastly-Client-IP", true),
    ("X-Client-IP", true),
    ("X-Cluster-Client-IP", true),
    ("X-Envoy-External-Address", true),
    ("X-Envoy-Decorator-Operation", true),
    ("X_Forwarded_Port", false),
    ("X-Forwarded_User", false),
    ("X.Real.IP", false),
    ("True_Client_IP", false),
    ("CF_Connecting-IP", false),
    ("XForwardedUser", false),
    ("_X-Envoy-External-Address", false),
];

#[tokio::test]
async fn what_tells_of_a_caller_arrives_from_trusted_proxies_alone() {
    for (server, trusted) in [("", false), (TRUSTED, true)] {
        let w = World::with(server).await;
        for (name, believed) in TELLING {
            let seen = w.ask("/open", &[&format!("{name}: told"), "Accept: x"]).await;
            let wanted: &[&str] = if trusted && believed { &["told"] } else { &[] };
            assert_eq!(seen.all(name), wanted, "{name}, trusted: {trusted}");
            assert_eq!(seen.all("accept"), ["x"]);
        }
    }
}

#[tokio::test]
async fn forwarding_headers_are_ours_unless_a_trusted_proxy_speaks() {
    let lines = [
        "X-Forwarded-For: 203.0.113.7",
        "X_Forwarded_For: 6.6.6.6",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: front.test",
        "X-Forwarded-Prefix: /outer",
        "X-Request-Id: from-the-proxy",
        "Forwarded: for=6.6.6.6",
        "traceparent: 00-ab-cd-01",
    ];
    let stranger = World::with("").await;
    let seen = stranger.ask("/open", &lines).await;
    for (name, wanted) in [
        ("x-forwarded-for", &["127.0.0.1"] as &[&str]),
        ("x-forwarded-proto", &["http"]),
        ("x-forwarded-host", &["gateway.test"]),
        ("x-forwarded-prefix", &[]),
        ("x_forwarded_for", &[]),
        ("forwarded", &[]),
        ("traceparent", &["00-ab-cd-01"]),
    ] {
        assert_eq!(seen.all(name), wanted, "{name}");
    }
    assert!(seen.all("x-request-id") != ["from-the-proxy"]);

    let trusted = World::with(TRUSTED).await;
    let seen = trusted.ask("/open", &lines).await;
    for (name, wanted) in [
        ("x-forwarded-for", "203.0.113.7, 127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "front.test"),
        ("x-forwarded-prefix", "/outer"),
        ("x-request-id", "from-the-proxy"),
    ] {
        assert_eq!(seen.all(name), [wanted], "{name}");
    }
    assert_eq!(trusted.gateway.logged("from-the-proxy").await["remote"], "203.0.113.7");
}

#[tokio::test]
async fn a_prefix_that_was_taken_is_told() {
    for (server, sent, wanted) in [
        ("", "/evil", &["/cut/here"] as &[&str]),
        (TRUSTED, "/outer", &["/outer/cut/here"]),
        (TRUSTED, "/outer/", &["/outer/cut/here"]),
    ] {
        let w = World::with(server).await;
        let seen = w.ask("/cut/here/x", &[&format!("X-Forwarded-Prefix: {sent}")]).await;
        assert_eq!((seen.target.as_str(), seen.all("x-forwarded-prefix")), ("/base/x", wanted.to_vec()));
        assert_eq!(w.ask("/cut/here", &[]).await.all("x-forwarded-prefix"), ["/cut/here"]);
        assert!(w.ask("/open/x", &[]).await.all("x-forwarded-prefix").is_empty());
    }
}

#[tokio::test]
async fn the_address_of_a_caller_may_have_a_port() {
    let w = World::with(TRUSTED).await;
    for (nth, (told, remote)) in [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("9.9.9.9, 203.0.113.7:51234, 127.0.0.2:80", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("203.0.113.7:x", "127.0.0.1"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("request-{nth}");
        let lines = [format!("X-Forwarded-For: {told}"), format!("X-Request-Id: {id}")];
        let seen = w.ask("/open", &[&lines[0], &lines[1]]).await;
        assert_eq!(seen.all("x-forwarded-for"), [format!("{told}, 127.0.0.1")]);
        assert_eq!(w.gateway.logged(&id).await["remote"], remote, "{told}");
    }
}
