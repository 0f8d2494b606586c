//! TLS on both sides: HTTP/2 by ALPN, certificates by SNI and re-read, upstreams that must prove themselves.

use std::net::SocketAddr;
use std::time::Duration;

use testkit::{Start, Upstream, client, eventually};

/// A self-signed certificate for a name: certificate and key in PEM.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A client that trusts one certificate only, and finds `name` at the port.
fn trusting(pem: &str, name: &str, port: u16) -> reqwest::Client {
    // The plain client installs the process's TLS provider.
    let _provider = client();
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate");
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    builder.resolve(name, SocketAddr::from(([127, 0, 0, 1], port))).build().expect("a client")
}

#[tokio::test]
async fn the_certificate_is_chosen_by_name_and_read_again_when_its_file_changes() {
    let upstream = Upstream::start().await;
    let (a, b) = (certificate("a.test"), certificate("b.test"));
    let body =
        format!("agents:\n  open: {{ route: /open, upstream: \"{}\", auth: public }}\n", upstream.url());
    let files = [("a.pem", &*a.0), ("a.key", &*a.1), ("b.pem", &*b.0), ("b.key", &*b.1)];
    let tls = [("a.pem", "a.key"), ("b.pem", "b.key")];
    let gateway = Start { body: &body, files: &files, tls: &tls, ..Start::default() }.ready().await;
    let port = gateway.tls_port;
    for (name, pem) in [("a.test", &a.0), ("b.test", &b.0)] {
        let url = format!("https://{name}:{port}/open/x");
        let answer =
            trusting(pem, name, port).get(url).send().await.expect("the certificate is the right one");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2), "{name}");
    }
    assert_eq!(upstream.last().all("x-forwarded-proto"), ["https"]);
    let wrong = trusting(&a.0, "b.test", port).get(format!("https://b.test:{port}/open")).send().await;
    assert!(wrong.is_err(), "the other certificate is not shown for this name");

    let renewed = certificate("a.test");
    std::fs::write(gateway.folder.path().join("a.key"), &renewed.1).expect("the key is replaced");
    std::fs::write(gateway.folder.path().join("a.pem"), &renewed.0).expect("the certificate is replaced");
    eventually("a new handshake shows the new certificate", Duration::from_secs(10), async || {
        let fresh = trusting(&renewed.0, "a.test", port);
        fresh.get(format!("https://a.test:{port}/open")).send().await.ok()
    })
    .await;
}

#[tokio::test]
async fn cookies_that_http_2_parts_reach_the_agent_in_one_line() {
    let upstream = Upstream::start().await;
    let (pem, key) = certificate("a.test");
    let body =
        format!("agents:\n  open: {{ route: /open, upstream: \"{}\", auth: public }}\n", upstream.url());
    let files = [("a.pem", &*pem), ("a.key", &*key)];
    let gateway =
        Start { body: &body, files: &files, tls: &[("a.pem", "a.key")], ..Start::default() }.ready().await;
    let port = gateway.tls_port;
    let request = trusting(&pem, "a.test", port).get(format!("https://a.test:{port}/open"));
    let answer = request.header("cookie", "a=1").header("cookie", "b=2").send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
    assert_eq!(upstream.last().all("cookie"), ["a=1; b=2"]);
}

#[tokio::test]
async fn an_upstream_must_prove_its_name_to_the_authority_that_the_agent_names() {
    let upstream = Upstream::start().await;
    let (good, other) = (certificate("localhost"), certificate("localhost"));
    let inner_body =
        format!("agents:\n  open: {{ route: /, upstream: \"{}\", auth: public }}\n", upstream.url());
    let files = [("c.pem", &*good.0), ("c.key", &*good.1)];
    let inner = Start { body: &inner_body, files: &files, tls: &[("c.pem", "c.key")], ..Start::default() };
    let inner = inner.ready().await;
    let port = inner.tls_port;
    let agent = |name: &str, url: &str, ca: &str| {
        format!("  {name}: {{ route: /{name}, upstream: {{ url: \"{url}:{port}\"{ca} }}, auth: public }}\n")
    };
    let body = format!(
        "agents:\n{}{}{}{}",
        agent("good", "https://localhost", ", ca_file: good.pem"),
        agent("other-ca", "https://localhost", ", ca_file: other.pem"),
        agent("system-ca", "https://localhost", ""),
        agent("other-name", "https://127.0.0.1", ", ca_file: good.pem"),
    );
    let files = [("good.pem", &*good.0), ("other.pem", &*other.0)];
    let gateway = Start { body: &body, files: &files, ..Start::default() }.ready().await;
    // The good one first and last: a connection that it has opened must not serve the others.
    for (agent, wanted) in
        [("good", 200), ("other-ca", 502), ("system-ca", 502), ("other-name", 502), ("good", 200)]
    {
        let answer = client()
            .post(gateway.url(&format!("/{agent}/x?y")))
            .body("hello")
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), wanted, "{agent}");
    }
    let arrived = upstream.seen();
    assert_eq!(arrived.len(), 2, "nothing went to an upstream that did not prove itself");
    assert!(arrived.iter().all(|seen| seen.target == "/good/x?y"));
}
