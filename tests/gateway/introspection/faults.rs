//! Endpoints that fail in every way: each is a 503 for its own callers, and nothing for those of others.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Start, Upstream, client};

use super::endpoint::{Endpoint, answer, question};
use super::{active, ask, is, said};

/// What an endpoint does with each question.
#[derive(Debug, Clone)]
enum Fault {
    /// It says these bytes, and waits for the next one.
    Says(Vec<u8>),
    /// It says these bytes, and closes.
    Closes(Vec<u8>),
    /// It says nothing.
    Silent,
}

async fn play(mut peer: Peer, fault: Fault) -> Option<()> {
    loop {
        question(&mut peer).await?;
        match &fault {
            Fault::Says(bytes) => peer.send(bytes).await?,
            Fault::Closes(bytes) => return peer.send(bytes).await,
            Fault::Silent => {}
        }
    }
}

/// 100 MiB of JSON in under 200 KB.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(br#"{"active":true,"x":""#).expect("memory");
    let piece = vec![b'x'; 1 << 20];
    (0..100).for_each(|_| encoder.write_all(&piece).expect("memory"));
    encoder.write_all(br#""}"#).expect("memory");
    let body = encoder.finish().expect("memory");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

fn faults(elsewhere: &str) -> Vec<(&'static str, Fault)> {
    let json = |body: &str| Fault::Says(answer("200 OK", "application/json", body).into_bytes());
    let status =
        |status: &str| Fault::Says(answer(status, "application/json", r#"{"active":true}"#).into_bytes());
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
    vec![
        ("silent", Fault::Silent),
        ("half", Fault::Closes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"active\":tr".to_vec())),
        ("closes", Fault::Closes(Vec::new())),
        ("text", json(r#"{"active":"true"}"#)),
        ("number", json(r#"{"active":1}"#)),
        ("twice", json(r#"{"active":false,"active":true}"#)),
        ("exp", json(r#"{"active":true,"exp":"soon"}"#)),
        ("large", json(&format!(r#"{{"active":true,"x":"{}"}}"#, "x".repeat(64 * 1024)))),
        ("html", Fault::Says(answer("200 OK", "text/html", "<html>").into_bytes())),
        ("bomb", Fault::Says(bomb())),
        ("redirect", Fault::Says(redirect.into_bytes())),
        ("busy", status("429 Too Many Requests")),
        ("broken", status("500 Internal Server Error")),
        ("created", status("201 Created")),
        ("unauthorized", status("401 Unauthorized")),
        ("forbidden", status("403 Forbidden")),
    ]
}

/// A gateway with an agent for each of these endpoints.
async fn gateway(endpoints: &[(&str, String)], more: &str, upstream: &Upstream) -> Gateway {
    let keys =
        r#"jwks: { keys: [{ kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }"#;
    let mut body = "identity_providers:\n".to_owned();
    for (name, url) in endpoints {
        body += &format!(
            "  {name}: {{ issuer: 'https://{name}.example', {keys}, introspection: {{ endpoint: '{url}', \
             auth: {{ client_id: g, secret_file: s }}{more} }} }}\n"
        );
    }
    body += "agents:\n";
    for (name, _) in endpoints {
        body += &format!(
            "  {name}: {{ route: {{ path: /{name}, strip_path: true }}, upstream: '{}', auth: {{ oauth: {{ \
             identity_providers: [{name}], audiences: [x] }} }} }}\n",
            upstream.url()
        );
    }
    Start { body: &body, files: &[("s", "secret")], ..Start::default() }.ready().await
}

#[tokio::test]
async fn an_endpoint_that_fails_is_a_503_and_never_a_401_and_is_left_alone_after_five_failures() {
    let (upstream, elsewhere) = (Upstream::start().await, Endpoint::start().await);
    elsewhere.says("t", active());
    let mut servers = Vec::new();
    for (name, fault) in faults(&elsewhere.url()) {
        servers.push((name, Scripted::start(move |peer| play(peer, fault.clone())).await));
    }
    let endpoints: Vec<_> = servers.iter().map(|(name, server)| (*name, server.url())).collect();
    let gateway = gateway(&endpoints, ", timeout: 300ms", &upstream).await;
    for (name, server) in &servers {
        for nth in 0..7 {
            let got = ask(&gateway, &format!("/{name}"), &format!("t{nth}")).await;
            let wanted = (503, "introspection_unavailable", Some("1"));
            assert_eq!((got.status, &*got.reason, got.retry_after.as_deref()), wanted, "{name}");
            assert_eq!(got.challenge, "", "{name}");
        }
        // A request that found a connection closed may have been sent again.
        let count = server.count("POST ");
        assert!((5..=10).contains(&count), "{name}: {count}");
        let open =
            gateway.metric("portcullis_introspection_breaker_open", &[&format!("provider=\"{name}\"")]).await;
        assert_eq!(open.to_bits(), 1.0_f64.to_bits(), "{name}");
    }
    assert_eq!(elsewhere.asked().len(), 0, "redirects are not followed");
}

#[tokio::test]
async fn an_outage_slows_nobody_else_and_what_was_known_counts_on() {
    let (upstream, ill, well) = (Upstream::start().await, Endpoint::start().await, Endpoint::start().await);
    for endpoint in [&ill, &well] {
        endpoint.says("known", active());
        endpoint.says("new", active());
    }
    let gateway = gateway(&[("ill", ill.url()), ("well", well.url())], ", max_in_flight: 4", &upstream).await;
    assert_eq!(said(&gateway, "/ill", "known").await, is(200, "ok"));
    ill.hold(true);
    let asks: Vec<_> = (0..40)
        .map(|nth| {
            let request = client().get(gateway.url("/ill")).bearer_auth(format!("t{nth}"));
            tokio::spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) })
        })
        .collect();
    let began = Instant::now();
    assert_eq!(said(&gateway, "/well", "new").await, is(200, "ok"));
    assert_eq!(said(&gateway, "/ill", "known").await, is(200, "ok"));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for ask in asks {
        assert_eq!(ask.await.expect("an end"), 503);
    }
    ill.hold(false);
    // The known one, and at most those of the sixteen that may wait: four for each question at once.
    assert!(ill.asked().len() <= 17, "{}", ill.asked().len());
}
