//! Proxies on the way to identity providers: a small one of our own says what it was asked for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use testkit::{Gateway, Start, client, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::certificates::{chain, tls_server};

const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Leads every CONNECT to one port of this machine, and remembers the heads.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn to(port_behind: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, port_behind, Arc::clone(&seen)));
            }
        });
        Self { port, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("the heads").clone()
    }
}

async fn tunnel(mut stream: TcpStream, behind: u16, seen: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    seen.lock().ok()?.push(String::from_utf8(head).ok()?);
    let mut inner = TcpStream::connect(("127.0.0.1", behind)).await.ok()?;
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    copy_bidirectional(&mut stream, &mut inner).await.ok()?;
    Some(())
}

fn body(provider: &str) -> String {
    format!(
        "identity_providers:\n  corp:\n    issuer: https://idp.invalid\n    jwks_uri: https://idp.invalid/keys\n    \
         ca_file: ca.pem\n{provider}agents:\n  a: {{ route: /a, upstream: \"http://127.0.0.1:9\", auth: {{ oauth: \
         {{ identity_providers: [corp], audiences: [a] }} }} }}\n"
    )
}

async fn provider(gateway: &Gateway) -> Value {
    let (_, page) = gateway.ops_get("/readyz?verbose").await;
    let page: Value = serde_json::from_str(&page).expect("JSON");
    page["providers"][0].clone()
}

#[tokio::test]
async fn keys_come_through_the_proxy_of_the_environment_or_of_the_provider() {
    let made = chain("idp.invalid", 300);
    let proxy = Proxy::to(tls_server(&made, KEYS).await).await;
    let with_credentials = format!("http://user:hunter2@127.0.0.1:{}", proxy.port);
    let own = format!("    egress_proxy: \"{with_credentials}\"\n");
    let none = "    egress_proxy: none\n".to_owned();
    let elsewhere = "http://127.0.0.1:1";
    for (name, setting, env, through) in [
        ("HTTPS_PROXY", String::new(), vec![("HTTPS_PROXY", with_credentials.as_str())], true),
        ("https_proxy", String::new(), vec![("https_proxy", with_credentials.as_str())], true),
        ("of its own", own.clone(), vec![("HTTPS_PROXY", elsewhere)], true),
        ("none", none, vec![("HTTPS_PROXY", with_credentials.as_str())], false),
        (
            "NO_PROXY",
            String::new(),
            vec![("HTTPS_PROXY", with_credentials.as_str()), ("NO_PROXY", "a.test,.invalid")],
            false,
        ),
        ("HTTP_PROXY", String::new(), vec![("HTTP_PROXY", with_credentials.as_str())], false),
    ] {
        let before = proxy.heads().len();
        let (body, files) = (body(&setting), [("ca.pem", &*made.root)]);
        let start = Start { body: &body, files: &files, env: &env, admin: Some(""), ..Start::default() };
        let gateway = start.ready().await;
        let status = provider(&gateway).await;
        let asked = proxy.heads().split_off(before);
        assert_eq!(status["usable"], through, "{name}: {status}");
        assert_eq!(!asked.is_empty(), through, "{name}: {asked:?}");
        if let Some(head) = asked.first() {
            assert!(head.starts_with("CONNECT idp.invalid:443 HTTP/1.1\r\n"), "{name}: {head}");
            // user:hunter2
            let authorized = head.to_ascii_lowercase().contains("proxy-authorization: basic ");
            assert!(authorized && head.contains("dXNlcjpodW50ZXIy"), "{name}: {head}");
        }
        says_nothing_of_it(&gateway, name).await;
    }
}

/// The password of the proxy is in no log, on no page and in no answer.
async fn says_nothing_of_it(gateway: &Gateway, name: &str) {
    let token = eventually("the token of the control API is there", Duration::from_secs(10), async || {
        std::fs::read_to_string(gateway.folder.path().join("admin.token")).ok()
    })
    .await;
    let mut all = vec![gateway.stderr().join("\n"), gateway.stdout().join("\n")];
    for page in ["/metrics", "/readyz?verbose"] {
        all.push(gateway.ops_get(page).await.1);
    }
    for path in ["identity-providers/corp", "identity-providers", "status", "revisions"] {
        let url = format!("http://127.0.0.1:{}/api/v1/{path}", gateway.admin);
        let answer = client().get(url).bearer_auth(token.trim()).send().await.expect("an answer");
        all.push(answer.text().await.expect("a body"));
    }
    assert!(all.iter().any(|text| text.contains("idp.invalid")), "{name}: the pages were not found");
    assert!(!all.iter().any(|text| text.contains("hunter2")), "{name}: {all:#?}");
}

#[tokio::test]
async fn a_proxy_that_is_away_is_named_without_its_credentials() {
    let setting = "    egress_proxy: \"http://user:hunter2@127.0.0.1:1\"\n";
    let made = chain("idp.invalid", 300);
    let (body, files) = (body(setting), [("ca.pem", &*made.root)]);
    let gateway = Start { body: &body, files: &files, admin: Some(""), ..Start::default() }.ready().await;
    let said = provider(&gateway).await["last_error"].as_str().expect("an error").to_owned();
    assert_eq!(said, "connect refused by https://idp.invalid/keys (through the proxy http://127.0.0.1:1)");
    says_nothing_of_it(&gateway, "away").await;
}
