//! Nobody makes the gateway fetch from where it must not: neither a provider nor the admin's forms, through no spelling
//! of an address, no redirect and no proxy of the environment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Gateway, Key, Start, Upstream, client, portcullis};
use tokio::net::TcpListener;

use super::crowd::{self, ALG, Member, call, ready, until};
use super::turncoat::{Document, Turncoat, answer};

/// A port that must not be connected to, and how often it was.
struct Trap {
    port: u16,
    caught: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

impl Trap {
    async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let caught = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&caught);
        let serving = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, caught, serving }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn caught(&self) -> usize {
        self.caught.load(Ordering::SeqCst)
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Posts to the admin API.
async fn admin(gateway: &Gateway, path: &str, body: &Value) -> (u16, Value) {
    let token = std::fs::read_to_string(gateway.folder.path().join("admin.token")).expect("the token file");
    let url = format!("http://127.0.0.1:{}/api/v1{path}", gateway.admin);
    let answer = client()
        .post(url)
        .bearer_auth(token.trim_end())
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .expect("an answer");
    (
        answer.status().as_u16(),
        serde_json::from_str(&answer.text().await.unwrap_or_default()).unwrap_or_default(),
    )
}

async fn probe(gateway: &Gateway, issuer: &str, jwks_uri: Option<&str>) -> Value {
    let mut body = json!({"issuer": issuer, "insecure_http": true});
    if let Some(url) = jwks_uri {
        body["jwks_uri"] = url.into();
    }
    let (status, said) = admin(gateway, "/identity-providers:probe", &body).await;
    assert!(status == 200 || status == 422, "{body}: {status} {said}");
    said
}

/// Hosts that are, however written, metadata services or nobody's address.
const FORBIDDEN: &[&str] = &[
    "169.254.169.254",
    "169.254.169.254.",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "%31%36%39.254.169.254",
    "\u{ff11}\u{ff16}\u{ff19}.254.169.254",
    "169\u{3002}254\u{3002}169\u{3002}254",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fe80::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "0",
    "0x0",
    "[::]",
    "[::ffff:0.0.0.0]",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
];

/// From here on they are nobody's address.
const NOBODYS: usize = 27;

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_is_fetched_from() {
    let upstream = Upstream::start().await;
    let member = Member::new("corp").await;
    let gateway = crowd::gateway(&[&member], &upstream, Start { admin: Some(""), ..Start::default() }).await;
    ready(&gateway).await;
    let mut refused = 0;
    for host in FORBIDDEN {
        for (scheme, port) in [("https", ""), ("http", ""), ("http", ":8080")] {
            let url = format!("{scheme}://{host}{port}");
            for jwks_uri in [None, Some(format!("{url}/jwks"))] {
                let issuer = if jwks_uri.is_some() { "https://idp.test" } else { &url };
                let asked = Instant::now();
                let said = probe(&gateway, issuer, jwks_uri.as_deref()).await;
                assert_ne!(said["ok"], true, "{url}: {said}");
                assert!(said.to_string().contains("address refused"), "{url}: {said}");
                assert!(asked.elapsed() < Duration::from_secs(1), "{url}: nobody was asked");
                refused += 1;
            }
        }
        // A provider of the configuration whose metadata leads there.
        let leads = json!({"issuer": member.provider.url, "jwks_uri": format!("https://{host}/jwks")});
        member.provider.play(Document::Metadata, answer("200 OK", "", leads.to_string()));
        let said = probe(&gateway, &member.provider.url, None).await;
        assert!(said["ok"] == false && said.to_string().contains("address refused"), "{host}: {said}");
        refused += 1;
    }
    assert_eq!(call(&gateway, "corp", &member.token()).await, 200);
    eprintln!("{refused} questions with {} spellings of forbidden addresses: 0 fetched", FORBIDDEN.len());
}

#[tokio::test]
async fn no_agent_listens_at_a_metadata_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut refused, mut taken) = (0, 0);
    for (at, host) in
        FORBIDDEN.iter().chain(&["127.0.0.1", "10.0.0.1", "[fd00::1]", "agents.test"]).enumerate()
    {
        let body = format!(
            "version: 1\nagents:\n  a: {{ route: /a, upstream: \"http://{host}:80\", auth: public }}\n"
        );
        std::fs::write(folder.path().join("portcullis.yaml"), body).expect("the configuration is written");
        let ran = portcullis(folder.path(), &["check", "-c", "portcullis.yaml"]).await;
        // Nobody's address is not for fetches, and harmless here: it is this machine, or nothing at all.
        match (at >= NOBODYS, ran.code) {
            (true, Some(0)) => taken += 1,
            (false, Some(1)) => refused += 1,
            _ => panic!("{host}: {ran:?}"),
        }
    }
    eprintln!("{refused} spellings of metadata services as upstreams: 0 taken; {taken} others: 0 refused");
}

#[tokio::test]
async fn no_redirect_is_followed_by_any_fetch() {
    let (trap, upstream) = (Trap::set().await, Upstream::start().await);
    let member = Member::new("corp").await;
    let gateway = crowd::gateway(&[&member], &upstream, Start { admin: Some(""), ..Start::default() }).await;
    ready(&gateway).await;
    let mut tried = 0;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Choices"]
    {
        for document in [Document::Keys, Document::Metadata, Document::Any] {
            let to = answer(
                status,
                &format!("Location: {}/x\r\nRefresh: 0; url={}/\r\n", trap.url(), trap.url()),
                "",
            );
            member.provider.play(document, to);
            let said = probe(&gateway, &member.provider.url, None).await;
            assert_eq!(said["ok"], false, "{status}: {said}");
            let asked = json!({"client_id": "me", "client_secret": "c4n4ry"});
            let (code, said) = admin(&gateway, "/identity-providers/corp/token", &asked).await;
            assert!(code == 422 && !said.to_string().contains("c4n4ry"), "{status}: {code} {said}");
            crowd::fails(&gateway, "corp", "").await;
            tried += 3;
        }
        member.provider.play(Document::Any, super::turncoat::Act::Well);
        until(&gateway, "corp", &member.token(), 200, Duration::from_secs(40)).await;
    }
    assert_eq!(trap.caught(), 0);
    eprintln!("{tried} fetches were redirected: 0 followed");
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_asked_for_this_machine_nor_for_agents() {
    let (trap, upstream) = (Trap::set().await, Upstream::start().await);
    let member = Member::new("corp").await;
    let url = trap.url();
    let names =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "SOCKS_PROXY"];
    let mut env: Vec<(&str, &str)> = names.iter().map(|name| (*name, &*url)).collect();
    env.extend([("NO_PROXY", ""), ("no_proxy", "")]);
    let start = Start { admin: Some(""), env: &env, ..Start::default() };
    let gateway = crowd::gateway(&[&member], &upstream, start).await;
    ready(&gateway).await;
    assert_eq!(call(&gateway, "corp", &member.token()).await, 200, "keys and upstream");
    assert_eq!(probe(&gateway, &member.provider.url, None).await["ok"], true, "the probe");
    let other = Turncoat::start(&[&Key::new(ALG, "k")]).await;
    assert_eq!(probe(&gateway, "https://idp.test", Some(&format!("{}/jwks", other.url))).await["ok"], true);
    let asked = json!({"client_id": "me", "client_secret": "x"});
    admin(&gateway, "/identity-providers/corp/token", &asked).await;
    let (status, _) = admin(&gateway, "/agents/open/test", &json!({})).await;
    assert_eq!(status, 200, "a test request");
    assert_eq!(trap.caught(), 0, "the proxy was asked");
    eprintln!("{} proxy variables and 5 kinds of requests: 0 went to the proxy", names.len());
}
