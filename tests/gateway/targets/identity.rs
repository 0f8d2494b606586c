//! The certificate that the gateway shows to an upstream, the name that it verifies, and the protocol that it speaks.

use testkit::h2c::{Does, H2c};
use testkit::{Certificate, Start, Upstream, client, eventually};

use super::{SOON, agent, gateway, send};

#[tokio::test]
async fn an_upstream_sees_the_certificate_of_the_files_as_they_are_now() {
    let (server, good, bad) =
        (Certificate::for_name("agents.test"), Certificate::for_name("one"), Certificate::for_name("two"));
    let upstream = Upstream::demanding(&server, &[&good]).await;
    let url = format!("https://127.0.0.1:{}", upstream.port);
    let tls = "ca_file: ca.pem, server_name: agents.test";
    let agents = format!(
        "agents:\n  shown: {{ route: /shown, auth: public, upstream: {{ url: \"{url}\", {tls}, cert_file: c.pem, key_file: c.key }} }}\n\
         \x20 hidden: {{ route: /hidden, auth: public, upstream: {{ url: \"{url}\", {tls} }} }}\n"
    );
    let files = [("ca.pem", &*server.pem), ("c.pem", &*good.pem), ("c.key", &*good.key)];
    let gateway = Start { body: &agents, files: &files, ..Start::default() }.ready().await;
    let status =
        async |path: &str| client().get(gateway.url(path)).send().await.expect("an answer").status().as_u16();
    assert_eq!((status("/shown").await, status("/hidden").await), (200, 502));
    for (certificate, wanted) in [(&bad, 502), (&good, 200)] {
        let put = |name: &str, text: &str| {
            let (path, new) = (gateway.folder.path().join(name), gateway.folder.path().join("new"));
            std::fs::write(&new, text).and_then(|()| std::fs::rename(new, path)).expect("it is written");
        };
        put("c.key", &certificate.key);
        put("c.pem", &certificate.pem);
        eventually("the other certificate is shown", std::time::Duration::from_secs(5), async || {
            (status("/shown").await == wanted).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn http_2_in_plain_text_is_spoken_where_that_is_written() {
    let upstream = H2c::start(Does::Answers).await;
    let gateway = gateway(&agent("a", &[&upstream.url()], "protocol: h2c")).await;
    let all = (0..20).map(|_| send(&gateway, "POST", "/a/b", Some("x")));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.bytes().await.expect("it is whole"), &b"\0\0\0\0\x02ok"[..]);
    }
    eventually("all have come", SOON, async || (upstream.seen().len() == 20).then_some(())).await;
}
