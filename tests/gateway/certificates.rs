//! Certificates on both sides: their order, their end, what a caller's failed handshake is counted as, and what is said
//! of an upstream that does not prove itself.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use testkit::{Certificate, Gateway, Start, Upstream, client, eventually, portcullis};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const DAY: i64 = 24 * 60 * 60;

/// An authority, an intermediate one and a certificate for `name`, whose certificate ends in `days`.
pub(super) struct Chain {
    pub(super) root: String,
    middle: String,
    leaf: String,
    leaf_der: rustls::pki_types::CertificateDer<'static>,
    middle_der: rustls::pki_types::CertificateDer<'static>,
    key: KeyPair,
}

pub(super) fn chain(name: &str, days: i64) -> Chain {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().expect("a key"))
    };
    let (root, root_key) = authority(&format!("root of {name}"));
    let root_pem = root.self_signed(&root_key).expect("a root").pem();
    let (middle, middle_key) = authority("test intermediate");
    let middle_made = middle.signed_by(&middle_key, &Issuer::new(root, root_key)).expect("an intermediate");
    let (middle_pem, middle_der) = (middle_made.pem(), middle_made.der().clone());
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    leaf.distinguished_name = rcgen::DistinguishedName::new();
    leaf.distinguished_name.push(DnType::CommonName, name);
    let now = jiff::Timestamp::now().as_second();
    let at = |seconds: i64| {
        let date = jiff::Timestamp::from_second(seconds).expect("a date").to_zoned(jiff::tz::TimeZone::UTC);
        rcgen::date_time_ymd(date.year().into(), date.month().cast_unsigned(), date.day().cast_unsigned())
    };
    leaf.not_before = at(now - 100 * DAY);
    leaf.not_after = at(now + days * DAY);
    let key = KeyPair::generate().expect("a key");
    let made = leaf.signed_by(&key, &Issuer::new(middle, middle_key)).expect("a certificate");
    Chain {
        root: root_pem,
        middle: middle_pem,
        leaf: made.pem(),
        leaf_der: made.der().clone(),
        middle_der,
        key,
    }
}

fn open_agent(url: &str) -> String {
    format!("agents:\n  open: {{ route: /open, upstream: \"{url}\", auth: public }}\n")
}

/// A TLS server of that certificate; every connection that shakes hands is answered once.
async fn tls_upstream(chain: &Chain) -> u16 {
    tls_server(chain, "ok").await
}

/// The same with that body.
pub(super) async fn tls_server(chain: &Chain, body: &'static str) -> u16 {
    let _provider = client();
    let key = PrivateKeyDer::Pkcs8(chain.key.serialize_der().into());
    let list = vec![chain.leaf_der.clone(), chain.middle_der.clone()];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(list, key).expect("a server");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let _some = stream.read(&mut [0; 4096]).await.ok()?;
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await.ok()?;
                stream.write_all(body.as_bytes()).await.ok()?;
                stream.shutdown().await.ok()
            });
        }
    });
    port
}

/// A server that answers anything with a refusal in HTTP, as Node and nginx do.
async fn plain_upstream() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _some = stream.read(&mut [0; 4096]).await.ok()?;
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.ok()
            });
        }
    });
    port
}

/// What access log and process log say of a request to this path.
async fn said_of(gateway: &Gateway, path: &str) -> (u16, Value, Value) {
    let answer = client().get(gateway.url(path)).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line = eventually("the failure is in the process log", Duration::from_secs(10), async || {
        let lines = gateway.stderr();
        let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        parsed.into_iter().find(|line| line["request_id"] == id)
    })
    .await;
    (answer.status().as_u16(), gateway.logged(&id).await, line)
}

#[tokio::test]
async fn an_upstream_that_fails_in_tls_is_named_with_its_cause_and_its_address() {
    let plain = plain_upstream().await;
    let (good, expired) = (chain("localhost", 300), chain("localhost", -2));
    let (good_port, expired_port) = (tls_upstream(&good).await, tls_upstream(&expired).await);
    let agent = |name: &str, host: &str, port: u16, ca: &str| {
        format!(
            "  {name}: {{ route: /{name}, upstream: {{ url: \"https://{host}:{port}\", ca_file: {ca} }}, auth: public }}\n"
        )
    };
    let body = format!(
        "agents:\n{}{}{}{}{}{}",
        agent("good", "localhost", good_port, "good.pem"),
        agent("expired", "localhost", expired_port, "expired.pem"),
        agent("other-name", "127.0.0.1", good_port, "good.pem"),
        agent("stranger", "localhost", good_port, "expired.pem"),
        agent("plain", "localhost", plain, "good.pem"),
        agent("nowhere", "no-such-host.invalid", 443, "good.pem"),
    );
    let files = [("good.pem", &*good.root), ("expired.pem", &*expired.root)];
    let gateway = Start { body: &body, files: &files, ..Start::default() }.ready().await;
    let answer = client().get(gateway.url("/good")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    for (path, word, detail, address) in [
        ("/expired", "tls_certificate_expired", "its certificate expired on 2", Some(expired_port)),
        (
            "/other-name",
            "tls_name_mismatch",
            "its certificate is for other names: localhost",
            Some(good_port),
        ),
        ("/stranger", "tls_unknown_issuer", "from no authority that is trusted here", Some(good_port)),
        ("/plain", "not_tls", "does not speak TLS", Some(plain)),
        ("/nowhere", "name_not_resolved", "no address", None),
    ] {
        let (status, logged, said) = said_of(&gateway, path).await;
        assert_eq!((status, &logged["upstream_error"]), (502, &word.into()), "{path}");
        assert_eq!(said["error"], word, "{path}: both logs have one word: {said}");
        assert!(said["detail"].as_str().expect("text").contains(detail), "{path}: {said}");
        let shown = said["address"].as_str().map(str::to_owned);
        let ends = address.map(|port| format!(":{port}"));
        assert_eq!(shown.is_some(), ends.is_some(), "{path}: {said}");
        assert!(shown.zip(ends).is_none_or(|(shown, end)| shown.ends_with(&end)), "{path}: {said}");
        assert!(said["upstream"].is_string(), "{path}: {said}");
    }
}

#[tokio::test]
async fn a_chain_that_is_the_wrong_way_round_is_served_in_order() {
    let upstream = Upstream::start().await;
    let made = chain("a.test", 300);
    let pem = format!("\u{feff}{}{}", made.middle, made.leaf);
    let key = format!("\u{feff}{}", made.key.serialize_pem());
    let body = open_agent(&upstream.url());
    let files = [("c.pem", &*pem), ("c.key", &*key)];
    let gateway =
        Start { body: &body, files: &files, tls: &[("c.pem", "c.key")], ..Start::default() }.ready().await;
    let answer = trusting(&made.root, &gateway).await.expect("the chain leads to the root");
    assert_eq!(answer, 200);
}

async fn trusting(root: &str, gateway: &Gateway) -> Result<u16, reqwest::Error> {
    let root = reqwest::Certificate::from_pem(root.as_bytes()).expect("a certificate");
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], gateway.tls_port));
    let client = builder.resolve("a.test", address).build().expect("a client");
    let answer = client.get(format!("https://a.test:{}/open", gateway.tls_port)).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn the_end_of_a_certificate_is_told_at_check_start_and_reload_and_is_a_metric() {
    let upstream = Upstream::start().await;
    for (days, words) in [(-2, Some("expired on")), (20, Some("expires in")), (300, None)] {
        let made = chain("a.test", days);
        let pem = format!("{}{}", made.leaf, made.middle);
        let body = open_agent(&upstream.url());
        let key = made.key.serialize_pem();
        let files = [("c.pem", &*pem), ("c.key", &*key)];
        let start = Start { body: &body, files: &files, tls: &[("c.pem", "c.key")], ..Start::default() };
        let gateway = start.ready().await;
        let told = |from: usize| {
            let lines = gateway.stderr();
            let tells = |line: &&String| line.contains("the certificate of CN=a.test ex");
            lines.iter().skip(from).filter(tells).cloned().collect::<Vec<_>>()
        };
        let at_start = told(0);
        assert_eq!(at_start.len(), usize::from(words.is_some()), "{days}: {at_start:?}");
        assert!(words.is_none_or(|words| at_start[0].contains(words)), "{days}: {at_start:?}");

        let port = gateway.tls_port;
        let listener = format!("listener=\"127.0.0.1:{port}\"");
        let name = "portcullis_tls_certificate_not_after_timestamp_seconds";
        let end = gateway.metric(name, &[&listener, "subject=\"CN=a.test\""]).await;
        let left = (end - jiff::Timestamp::now().as_second() as f64) / DAY as f64;
        assert!((left - days as f64).abs() < 1.1, "{days}: {left}");
        assert!(gateway.metric(name, &[&listener, "CN=test intermediate"]).await > 0.0);

        let before = gateway.stderr().len();
        gateway.signal("HUP").await;
        eventually("it has reloaded", Duration::from_secs(10), async || {
            let lines = gateway.stderr();
            lines.iter().skip(before).any(|line| line.contains("reload asked for")).then_some(())
        })
        .await;
        if words.is_some() {
            eventually("the reload tells of it", Duration::from_secs(10), async || {
                (!told(before).is_empty()).then_some(())
            })
            .await;
        }
        let ran = portcullis(gateway.folder.path(), &["check", "--strict", "-c", "portcullis.yaml"]).await;
        assert_eq!(ran.err.contains("warning[certificate-ends]"), words.is_some(), "{days}: {}", ran.err);
        assert!(words.is_none_or(|words| ran.err.contains(words)), "{days}: {}", ran.err);
    }
}

#[tokio::test]
async fn failed_handshakes_are_counted_by_cause() {
    let upstream = Upstream::start().await;
    let made = chain("a.test", 300);
    let (pem, key) = (format!("{}{}", made.leaf, made.middle), made.key.serialize_pem());
    let body = open_agent(&upstream.url());
    let files = [("c.pem", &*pem), ("c.key", &*key)];
    let gateway =
        Start { body: &body, files: &files, tls: &[("c.pem", "c.key")], ..Start::default() }.ready().await;
    let listener = format!("listener=\"127.0.0.1:{}\"", gateway.tls_port);
    let counted = async |cause: &str| {
        let cause = format!("cause=\"{cause}\"");
        gateway.metric("portcullis_tls_handshakes_failed_total", &[&listener, &cause]).await
    };
    let page = gateway.ops_get("/metrics").await.1;
    for cause in [
        "not_tls",
        "certificate_rejected",
        "client_certificate_missing",
        "client_certificate_rejected",
        "alert",
        "incompatible",
        "closed",
        "timeout",
        "other",
    ] {
        let series = format!("portcullis_tls_handshakes_failed_total{{cause=\"{cause}\",{listener}}} 0");
        assert!(page.contains(&series), "{series} is there from the start");
    }
    let mut plain = TcpStream::connect(("127.0.0.1", gateway.tls_port)).await.expect("a connection");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("a request");
    let other = chain("b.test", 300);
    let refused = trusting(&other.root, &gateway).await;
    assert!(refused.is_err(), "a caller that trusts another authority");
    drop(TcpStream::connect(("127.0.0.1", gateway.tls_port)).await.expect("a connection"));
    for cause in ["not_tls", "certificate_rejected", "closed"] {
        eventually("it is counted", Duration::from_secs(10), async || {
            (counted(cause).await >= 1.0).then_some(())
        })
        .await;
    }
    assert_eq!(counted("other").await, 0.0, "each has a name");
    assert_eq!(trusting(&made.root, &gateway).await.expect("an answer"), 200);
}

#[tokio::test]
async fn an_agent_over_tls_is_asked_in_http2_and_gets_the_same_request() {
    let certificate = Certificate::for_name("localhost");
    let (plain, over_tls) = (Upstream::start().await, Upstream::over_tls(&certificate).await);
    let body = format!(
        "agents:\n  plain: {{ route: {{ path: /plain, strip_path: true }}, upstream: \"{}\", auth: public }}\n  \
         tls:\n    route: {{ path: /tls, strip_path: true }}\n    \
         upstream: {{ url: \"https://localhost:{}\", ca_file: ca.pem }}\n    auth: public\n",
        plain.url(),
        over_tls.port
    );
    let start = Start { body: &body, files: &[("ca.pem", &certificate.pem)], ..Start::default() };
    let gateway = start.ready().await;
    for agent in ["plain", "tls"] {
        let asked = client().post(gateway.url(&format!("/{agent}/a?b=c"))).header("x-note", "n").body("body");
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{agent}");
        let echo: serde_json::Value =
            serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        assert_eq!((&echo["target"], &echo["body_length"]), (&"/a?b=c".into(), &4.into()), "{agent}: {echo}");
    }
    let (first, second) = (plain.last(), over_tls.last());
    assert_eq!((first.is_http2, second.is_http2), (false, true));
    assert_eq!((&first.method, &first.target), (&second.method, &second.target));
    for name in ["x-note", "x-forwarded-for", "x-forwarded-proto", "content-length"] {
        assert_eq!(first.all(name), second.all(name), "{name}");
        assert_eq!(first.all(name).len(), 1, "{name}");
    }
}
